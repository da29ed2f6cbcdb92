//! What the servers say that have authority over a name, without the resolver between.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, RecordType};

use super::exchange::Question;
use super::names;
use super::outcome::{failed, outcome};
use super::resolver::{a, aaaa};
use super::zone::{PORT, Zones, kept};
use crate::facts::net::{Direct, Outcome, Zone};

impl Zones {
    /// What the zone's own server says of a name's addresses.
    pub async fn direct(&self, zone: &Zone, name: &Name) -> Option<Direct> {
        let server = answering(zone)?;
        let (a, aaaa) = tokio::join!(
            self.told(server, name, RecordType::A, a),
            self.told(server, name, RecordType::AAAA, aaaa)
        );
        Some(Direct { server: server.to_string(), a: a?, aaaa: aaaa? })
    }

    /// What the zone's own server says of the records of a type at a name; `None` where it does not answer for it.
    pub async fn ask<T>(
        &self,
        name: &Name,
        kind: RecordType,
        pick: impl Fn(&RData) -> Option<T>,
    ) -> Option<Outcome<T>> {
        let answer = self.own(Question::to_authority(name.to_lowercase(), kind)).await?;
        Some(outcome(&answer, name, pick).0)
    }

    /// The same of a name in a zone that is known.
    pub async fn ask_in<T>(
        &self,
        zone: &Zone,
        name: &Name,
        kind: RecordType,
        pick: impl Fn(&RData) -> Option<T>,
    ) -> Option<Outcome<T>> {
        self.told(answering(zone)?, name, kind, pick).await
    }

    /// The whole answer of the zone's own server with signatures beside the records; for a DS record that of the zone above.
    pub async fn signed(&self, name: &Name, kind: RecordType) -> Option<Arc<Message>> {
        let answer = self.own(Question::to_authority(name.to_lowercase(), kind).with_signatures()).await;
        answer.filter(|answer| failed(answer).is_none())
    }

    /// What a server says that has authority over a name, a registry's included.
    async fn own(&self, question: Question) -> Option<Arc<Message>> {
        kept(&self.told, &question).get_or_init(|| self.ask_own(&question)).await.clone()
    }

    async fn ask_own(&self, question: &Question) -> Option<Arc<Message>> {
        let answer = match question.kind {
            RecordType::DS => self.above(question).await?,
            _ => {
                let zone = self.of(&question.name).await?;
                match answering(&zone) {
                    Some(server) => self.servers.ask(SocketAddr::new(server, PORT), question).await.ok()?,
                    None if zone.is_public_suffix() => self.any(&names::name(&zone.name)?, question).await?,
                    None => return None,
                }
            }
        };
        // A referral to a zone below is no answer.
        answer.metadata.authoritative.then(|| Arc::new(answer))
    }

    /// A server of the zone that a name lies in, which answers for it.
    pub async fn server(&self, name: &Name) -> Option<IpAddr> {
        let zone = self.of(name).await?;
        answering(&zone)
    }

    async fn told<T>(
        &self,
        server: IpAddr,
        name: &Name,
        kind: RecordType,
        pick: impl Fn(&RData) -> Option<T>,
    ) -> Option<Outcome<T>> {
        let question = Question::to_authority(name.clone(), kind);
        let answer = self.servers.ask(SocketAddr::new(server, PORT), &question).await.ok()?;
        // A referral to a zone below is no answer.
        answer.metadata.authoritative.then(|| outcome(&answer, name, pick).0)
    }

    /// What a server of the zone above the name says.
    pub(super) async fn above(&self, question: &Question) -> Option<Message> {
        self.any(&self.apex(&question.name.base_name()).await?, question).await
    }

    /// What one of a zone's servers says, the first that answers of two.
    async fn any(&self, apex: &Name, question: &Question) -> Option<Message> {
        for server in self.servers_of(apex).await.into_iter().take(2) {
            let Some(address) = self.resolver.v4(&server).await.outcome.records().first().copied() else {
                continue;
            };
            if let Ok(answer) = self.servers.ask(SocketAddr::new(address.into(), PORT), question).await {
                return Some(answer);
            }
        }
        None
    }
}

/// The first server of a zone that answers with authority; those that the zone above names come first, since they are
/// what the CA's resolvers follow.
fn answering(zone: &Zone) -> Option<IpAddr> {
    let all = || zone.servers.iter().filter(|server| server.authoritative);
    all().find(|server| server.delegated).or_else(|| all().next())?.address
}
