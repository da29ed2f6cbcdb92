//! Records made and removed by dynamic updates, as certbot's `dns-rfc2136` does. <https://www.rfc-editor.org/rfc/rfc2136>

mod credentials;
mod exchange;
mod tsig;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use hickory_proto::op::update_message::{append, delete_by_rdata};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{Name, RData, Record, RecordSet, RecordType};

use super::journal::{Journal, Published};
use crate::acme::Answer;
use crate::gather::net::dns;
use crate::hooks::Cut;

pub use self::credentials::Credentials;

/// How long resolvers may keep a record, in seconds: as certbot's.
const TTL: u32 = 120;

/// A server that takes updates.
pub struct Rfc2136 {
    lineage: String,
    /// The file of the credentials.
    path: PathBuf,
    credentials: Credentials,
    journal: Arc<Journal>,
    cut: Cut,
    /// What was asked for, by its number in the journal.
    standing: Mutex<Vec<(u64, Made)>>,
}

#[derive(Clone)]
struct Made {
    zone: Name,
    name: Name,
    text: String,
}

impl Rfc2136 {
    /// Nothing is sent yet. The credentials are those of the file; `cut` ends what is under way.
    pub fn new(
        lineage: &str,
        (path, credentials): (PathBuf, Credentials),
        journal: Arc<Journal>,
        cut: Cut,
    ) -> Self {
        Self { lineage: lineage.to_owned(), path, credentials, journal, cut, standing: Mutex::default() }
    }

    /// Makes the record of an answer.
    ///
    /// # Errors
    /// It cannot be written down, or the server gives no answer, or does not take it.
    pub async fn publish(&self, answer: &Answer) -> Result<(), String> {
        let record = answer.record();
        let name = dns::name(&record).ok_or_else(|| format!("{record} is no name of the DNS"))?;
        let zone = self.zone(&name).await?;
        let made = Made { zone, name, text: answer.value() };
        let number = self.journal.note(&self.lineage, &self.published(&made))?;
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).push((number, made.clone()));
        let update = append(made.records(), made.zone.clone(), false, false);
        self.update(update).await.map_err(|why| format!("{record} cannot be made: {why}"))
    }

    /// Removes what was made; gives what could not be, which the next run tries again.
    pub async fn take_back(&self) -> Vec<String> {
        let mut left = Vec::new();
        loop {
            // It stays there until it is removed: this may be dropped meanwhile, and begun anew.
            let last = self.standing.lock().unwrap_or_else(PoisonError::into_inner).last().cloned();
            let Some((number, made)) = last else { return left };
            match self.remove(&made).await {
                Ok(()) => self.journal.gone(number, &self.lineage),
                Err(why) => left.push(format!(
                    "{} could not be removed: {why}; the next run tries it again",
                    made.name.to_utf8().trim_end_matches('.')
                )),
            }
            let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
            standing.retain(|(other, _)| *other != number);
        }
    }

    /// Removes what an earlier run had made.
    ///
    /// # Errors
    /// The server gives no answer, or does not take it.
    pub async fn remove_left(&self, zone: &str, name: &str, text: &str) -> Result<(), String> {
        let parsed = |text: &str| dns::name(text).ok_or_else(|| format!("{text} is no name of the DNS"));
        let (zone, name) = (parsed(zone)?, parsed(name)?);
        self.remove(&Made { zone, name, text: text.to_owned() }).await
    }

    /// Who takes the updates.
    pub fn server(&self) -> SocketAddr {
        self.credentials.server
    }

    async fn remove(&self, made: &Made) -> Result<(), String> {
        let update = delete_by_rdata(made.records(), made.zone.clone(), false);
        tokio::select! {
            removed = self.update(update) => removed,
            () = self.cut.next() => Err("it was ended by a second signal".into()),
        }
    }

    fn published(&self, made: &Made) -> Published {
        Published::Record {
            server: self.credentials.server,
            credentials: self.path.clone(),
            zone: made.zone.to_ascii(),
            name: made.name.to_ascii(),
            text: made.text.clone(),
        }
    }

    async fn update(&self, update: Message) -> Result<(), String> {
        let answer = self.credentials.ask(update, true).await?;
        match answer.metadata.response_code {
            ResponseCode::NoError => Ok(()),
            code => Err(self.credentials.refused(&answer, code)),
        }
    }

    /// The zone of a name: the first from the name upwards for which the server has authority.
    async fn zone(&self, name: &Name) -> Result<Name, String> {
        let mut at = name.clone();
        while !at.is_root() {
            let mut question = Message::query();
            question.metadata.recursion_desired = false;
            question.add_query(Query::query(at.clone(), RecordType::SOA));
            let answer = self.credentials.ask(question, self.credentials.sign_query).await?;
            let soa = |record: &Record| record.record_type() == RecordType::SOA && record.name == at;
            let metadata = &answer.metadata;
            if metadata.authoritative
                && metadata.response_code == ResponseCode::NoError
                && answer.answers.iter().any(soa)
            {
                return Ok(at);
            }
            at = at.base_name();
        }
        Err(format!("{} has no zone for {name}", self.credentials.server))
    }
}

impl Made {
    fn records(&self) -> RecordSet {
        let text = RData::TXT(TXT::new(vec![self.text.clone()]));
        Record::from_rdata(self.name.clone(), TTL, text).into()
    }
}
