//! The resolver that the audit asks: the system's or `--resolver`. Each question is asked once.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::sync::OnceCell;

use super::exchange::Question;
use super::outcome::{MAX_ALIASES, extended, failed, outcome};
use super::servers::Servers;
use crate::facts::net::{Failure, FailureKind, Outcome};

/// The address of an A record.
pub fn a(data: &RData) -> Option<Ipv4Addr> {
    match data {
        RData::A(a) => Some(a.0),
        _ => None,
    }
}

/// The address of an AAAA record.
pub fn aaaa(data: &RData) -> Option<Ipv6Addr> {
    match data {
        RData::AAAA(aaaa) => Some(aaaa.0),
        _ => None,
    }
}

/// Whether an answer says itself that there is nothing: a SOA record stands beside it (RFC 2308).
fn says_no(message: &Message) -> bool {
    message.authorities.iter().any(|record| record.record_type() == RecordType::SOA)
}

/// An answer, kept for whoever asks the same.
type Kept = Arc<OnceCell<Result<Arc<Message>, Failure>>>;

/// Questions and their answers, through the first of some servers that answers.
#[derive(Debug)]
pub struct Resolver {
    addresses: Vec<SocketAddr>,
    servers: Arc<Servers>,
    kept: Mutex<HashMap<Question, Kept>>,
}

/// What a question brought.
#[derive(Clone, Debug)]
pub struct Looked<T> {
    /// The records at the end of the aliases.
    pub outcome: Outcome<T>,
    /// The aliases, in order.
    pub aliases: Vec<String>,
    /// The resolver says that the signatures hold (AD).
    pub authenticated: bool,
}

impl Resolver {
    /// A resolver that asks these servers, the first one first.
    pub fn new(addresses: Vec<SocketAddr>, servers: Arc<Servers>) -> Self {
        Self { addresses, servers, kept: Mutex::default() }
    }

    /// Its name in reports: the first server's address, with the port where that is not 53.
    pub fn shown(&self) -> String {
        match self.addresses.first() {
            Some(address) if address.port() == 53 => address.ip().to_string(),
            Some(address) => address.to_string(),
            None => "none".to_owned(),
        }
    }

    /// None of its servers has answered anything: that is told once, and not of every name.
    pub fn never_answered(&self) -> bool {
        self.addresses.iter().all(|address| self.servers.never_answered(*address))
    }

    /// The IPv4 addresses of a name.
    pub async fn v4(&self, name: &Name) -> Looked<Ipv4Addr> {
        self.look_up(name, RecordType::A, a).await
    }

    /// The IPv6 addresses of a name.
    pub async fn v6(&self, name: &Name) -> Looked<Ipv6Addr> {
        self.look_up(name, RecordType::AAAA, aaaa).await
    }

    /// The records of a type at a name, as `pick` takes them.
    pub async fn look_up<T: PartialEq>(
        &self,
        name: &Name,
        kind: RecordType,
        pick: impl Fn(&RData) -> Option<T>,
    ) -> Looked<T> {
        let mut looked = Looked { outcome: Outcome::Nothing, aliases: Vec::new(), authenticated: true };
        let mut at = name.clone();
        loop {
            let message = match self.message(&at, kind).await {
                Ok(message) => message,
                Err(failure) => return Looked { outcome: Outcome::Failed(failure), ..looked },
            };
            let (outcome, aliases, end) = outcome(&message, &at, &pick);
            looked.authenticated &= message.metadata.authentic_data;
            looked.outcome = outcome;
            // A resolver follows aliases; one that does not is asked for their end.
            let told = aliases.is_empty() || looked.outcome != Outcome::Nothing || says_no(&message);
            looked.aliases.extend(aliases);
            if told {
                return looked;
            }
            if looked.aliases.len() > MAX_ALIASES {
                return Looked { outcome: Outcome::Failed(Failure::new(FailureKind::AliasLoop)), ..looked };
            }
            at = end;
        }
    }

    /// The whole answer.
    ///
    /// # Errors
    /// No server gave one that says yes or no.
    pub async fn message(&self, name: &Name, kind: RecordType) -> Result<Arc<Message>, Failure> {
        self.answer(Question::to_resolver(name.to_lowercase(), kind)).await
    }

    /// The whole answer with signatures beside the records, which the resolver leaves unchecked.
    ///
    /// # Errors
    /// No server gave one that says yes or no.
    pub async fn signed(&self, name: &Name, kind: RecordType) -> Result<Arc<Message>, Failure> {
        self.answer(Question::to_resolver(name.to_lowercase(), kind).with_signatures()).await
    }

    async fn answer(&self, question: Question) -> Result<Arc<Message>, Failure> {
        let cell = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry(question.clone()).or_default().clone()
        };
        cell.get_or_init(|| self.ask(question)).await.clone()
    }

    async fn ask(&self, question: Question) -> Result<Arc<Message>, Failure> {
        let mut worst = Failure::new(FailureKind::Timeout);
        for address in &self.addresses {
            let answer = match self.servers.ask(*address, &question).await {
                Ok(answer) => answer,
                Err(kind) => {
                    worst = Failure::new(kind);
                    continue;
                }
            };
            let Some(failed) = failed(&answer) else { return Ok(Arc::new(answer)) };
            let extended = extended(&answer);
            let bogus = failed == FailureKind::ServFail
                && !question.unchecked
                && self.answers_unchecked(*address, &question).await;
            worst = Failure { kind: failed, extended, bogus };
            // A resolver's SERVFAIL is about the name; its REFUSED is about us, and the next one may answer.
            if worst.kind == FailureKind::ServFail {
                break;
            }
        }
        Err(worst)
    }

    /// Whether the same question is answered when signatures are left unchecked.
    async fn answers_unchecked(&self, address: SocketAddr, question: &Question) -> bool {
        let unchecked = Question { unchecked: true, ..question.clone() };
        self.servers.ask(address, &unchecked).await.is_ok_and(|answer| failed(&answer).is_none())
    }
}
