//! Whether all servers of a zone have a record that was just made.

use std::net::{IpAddr, SocketAddr};

use futures_util::future::join_all;
use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, RecordType};

use super::exchange::Question;
use super::outcome::{MAX_ALIASES, outcome};
use super::zone::{PORT, Zones};

/// What the servers of a zone have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Each that answers has all values.
    All,
    /// These have not.
    Lacking(Vec<String>),
    /// None answers.
    Unasked,
}

/// What one server says.
enum Said {
    Has,
    Lacks,
    /// The record is elsewhere: an alias leads there.
    Alias(Name),
    /// It names the servers of a zone below.
    Referral,
}

impl Zones {
    /// Whether the servers that have authority over a name have TXT records with all of these values there. The resolver is not
    /// asked for the name itself: what it heard from a server that comes late, it would keep.
    pub async fn holding(&self, name: &Name, values: &[String]) -> Holding {
        let (mut at, mut below) = (name.clone(), name.base_name());
        for _ in 0..MAX_ALIASES {
            let servers: Vec<IpAddr> = match self.of(&below).await {
                Some(zone) => zone
                    .servers
                    .iter()
                    .filter(|server| server.authoritative)
                    .filter_map(|server| server.address)
                    .collect(),
                None => return Holding::Unasked,
            };
            let asked = servers.iter().map(|server| self.said(*server, &at, values));
            let said: Vec<(IpAddr, Said)> = servers
                .iter()
                .zip(join_all(asked).await)
                .filter_map(|(server, said)| Some((*server, said?)))
                .collect();
            let lacking =
                |(server, said): &(IpAddr, Said)| matches!(said, Said::Lacks).then(|| server.to_string());
            let lacking: Vec<String> = said.iter().filter_map(lacking).collect();
            if !lacking.is_empty() {
                return Holding::Lacking(lacking);
            }
            match said.into_iter().map(|(_, said)| said).find(|said| !matches!(said, Said::Has)) {
                Some(Said::Alias(end)) => (below, at) = (end.base_name(), end),
                Some(_) if below != at => below = at.clone(),
                Some(_) => return Holding::Unasked,
                None if servers.is_empty() => return Holding::Unasked,
                None => return Holding::All,
            }
        }
        Holding::Unasked
    }

    /// What a server says; `None` where it gives no answer.
    async fn said(&self, server: IpAddr, name: &Name, values: &[String]) -> Option<Said> {
        let question = Question::to_authority(name.to_lowercase(), RecordType::TXT);
        let answer = self.servers.ask(SocketAddr::new(server, PORT), &question).await.ok()?;
        Some(read(&answer, name, values))
    }
}

fn read(answer: &Message, name: &Name, values: &[String]) -> Said {
    let (found, aliases, end) = outcome(answer, name, |data| match data {
        RData::TXT(txt) => Some(txt.txt_data.concat()),
        _ => None,
    });
    let found = found.records();
    if values.iter().all(|value| found.iter().any(|text| **text == *value.as_bytes())) {
        return Said::Has;
    }
    match () {
        () if !aliases.is_empty() && found.is_empty() && end != *name => Said::Alias(end),
        () if !answer.metadata.authoritative && answer.answers.is_empty() => Said::Referral,
        () => Said::Lacks,
    }
}
