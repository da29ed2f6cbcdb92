//! Records made and removed by dynamic updates, as certbot's `dns-rfc2136` does. <https://www.rfc-editor.org/rfc/rfc2136>

mod credentials;
mod exchange;
mod tsig;

use std::sync::{Mutex, PoisonError};

use hickory_proto::op::update_message::{append, delete_by_rdata};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{Name, RData, Record, RecordSet, RecordType};

use crate::acme::Answer;
use crate::gather::net::dns;

pub use self::credentials::Credentials;

/// How long resolvers may keep a record, in seconds: as certbot's.
const TTL: u32 = 120;

/// A server that takes updates.
pub struct Rfc2136 {
    credentials: Credentials,
    /// What was asked for: zone, name and text.
    standing: Mutex<Vec<Made>>,
}

#[derive(Clone)]
struct Made {
    zone: Name,
    name: Name,
    text: String,
}

impl Rfc2136 {
    /// Nothing is sent yet.
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, standing: Mutex::default() }
    }

    /// Makes the record of an answer.
    ///
    /// # Errors
    /// The server gives no answer, or does not take it.
    pub async fn publish(&self, answer: &Answer) -> Result<(), String> {
        let record = answer.record();
        let name = dns::name(&record).ok_or_else(|| format!("{record} is no name of the DNS"))?;
        let zone = self.zone(&name).await?;
        let made = Made { zone, name, text: answer.value() };
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).push(made.clone());
        let update = append(made.records(), made.zone.clone(), false, false);
        self.update(update).await.map_err(|why| format!("{record} cannot be made: {why}"))
    }

    /// Removes what was made; gives what could not be.
    pub async fn take_back(&self) -> Vec<String> {
        let standing = std::mem::take(&mut *self.standing.lock().unwrap_or_else(PoisonError::into_inner));
        let mut left = Vec::new();
        for made in standing {
            let update = delete_by_rdata(made.records(), made.zone.clone(), false);
            if let Err(why) = self.update(update).await {
                left.push(format!("{} could not be removed: {why}", made.name));
            }
        }
        left
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
