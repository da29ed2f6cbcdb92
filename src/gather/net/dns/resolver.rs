//! The resolver that the audit asks: the system's or `--resolver`. Each question is asked once.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::sync::OnceCell;

use super::exchange::Question;
use super::outcome::outcome;
use super::servers::Servers;
use crate::facts::net::{Failure, FailureKind, Outcome};

/// An answer, kept for whoever asks the same.
type Kept = Arc<OnceCell<Result<Arc<Message>, Failure>>>;

/// Questions and their answers, through the first of some servers that answers.
#[derive(Debug)]
pub struct Resolver {
    addresses: Vec<SocketAddr>,
    servers: Arc<Servers>,
    kept: Mutex<HashMap<(Name, RecordType), Kept>>,
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

    /// The IPv4 addresses of a name.
    pub async fn v4(&self, name: &Name) -> Looked<Ipv4Addr> {
        let pick = |data: &RData| match data {
            RData::A(a) => Some(a.0),
            _ => None,
        };
        self.look_up(name, RecordType::A, pick).await
    }

    /// The IPv6 addresses of a name.
    pub async fn v6(&self, name: &Name) -> Looked<Ipv6Addr> {
        let pick = |data: &RData| match data {
            RData::AAAA(a) => Some(a.0),
            _ => None,
        };
        self.look_up(name, RecordType::AAAA, pick).await
    }

    /// The records of a type at a name, as `pick` takes them.
    pub async fn look_up<T>(
        &self,
        name: &Name,
        kind: RecordType,
        pick: impl Fn(&RData) -> Option<T>,
    ) -> Looked<T> {
        match self.message(name, kind).await {
            Ok(message) => {
                let (outcome, aliases) = outcome(&message, name, pick);
                Looked { outcome, aliases, authenticated: message.metadata.authentic_data }
            }
            Err(failure) => {
                Looked { outcome: Outcome::Failed(failure), aliases: Vec::new(), authenticated: false }
            }
        }
    }

    /// The whole answer.
    ///
    /// # Errors
    /// No server gave one that says yes or no.
    pub async fn message(&self, name: &Name, kind: RecordType) -> Result<Arc<Message>, Failure> {
        let cell = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry((name.to_lowercase(), kind)).or_default().clone()
        };
        cell.get_or_init(|| self.ask(name, kind)).await.clone()
    }

    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Arc<Message>, Failure> {
        let question = Question::to_resolver(name.clone(), kind);
        let mut worst = Failure::new(FailureKind::Timeout);
        for address in &self.addresses {
            let answer = match self.servers.ask(*address, &question).await {
                Ok(answer) => answer,
                Err(kind) => {
                    worst = Failure::new(kind);
                    continue;
                }
            };
            let failed = match answer.metadata.response_code {
                ResponseCode::NoError | ResponseCode::NXDomain => return Ok(Arc::new(answer)),
                ResponseCode::ServFail => FailureKind::ServFail,
                ResponseCode::Refused => FailureKind::Refused,
                other => FailureKind::Code(other.into()),
            };
            let extended = super::outcome::extended(&answer);
            let bogus = failed == FailureKind::ServFail && self.answers_unchecked(*address, &question).await;
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
        self.servers.ask(address, &unchecked).await.is_ok_and(|answer| {
            matches!(answer.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
        })
    }
}
