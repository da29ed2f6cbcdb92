//! The zone of a name, and what each of its own servers says of it.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use super::exchange::Question;
use super::outcome::{outcome, text};
use super::resolver::Resolver;
use super::servers::Servers;
use crate::facts::net::{Failure, NameServer, Outcome, Zone};

/// How many name servers of a zone are asked, and how many addresses of each.
const MAX_SERVERS: usize = 13;
const MAX_ADDRESSES: usize = 2;

/// The port of name servers.
pub(super) const PORT: u16 = 53;

/// A name server with the addresses that the zone above gives beside it (glue).
type Delegated = (Name, Vec<IpAddr>);

/// A zone, kept for whoever asks for it; `None` where nobody names its servers.
type Kept = Arc<OnceCell<Option<Arc<Zone>>>>;

/// An answer with authority, kept for whoever asks the same; `None` where there is none.
type Told = Arc<OnceCell<Option<Arc<Message>>>>;

/// The zones that were looked at, each once.
#[derive(Debug)]
pub struct Zones {
    pub(super) resolver: Arc<Resolver>,
    pub(super) servers: Arc<Servers>,
    kept: Mutex<HashMap<Name, Kept>>,
    delegations: Mutex<HashMap<Name, Arc<OnceCell<Vec<Delegated>>>>>,
    pub(super) told: Mutex<HashMap<Question, Told>>,
}

impl Zones {
    /// Zones, found through a resolver.
    pub fn new(resolver: Arc<Resolver>, servers: Arc<Servers>) -> Self {
        Self {
            resolver,
            servers,
            kept: Mutex::default(),
            delegations: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// The zone that a name lies in; `None` where the resolver does not say.
    pub async fn of(&self, name: &Name) -> Option<Arc<Zone>> {
        let apex = self.apex(name).await?;
        // A resolver with a view of its own may know nothing of a domain that its registry knows.
        let apex = match registered(name).filter(|_| is_public_suffix(&text(&apex))) {
            Some(domain) if !self.delegation(&domain).await.is_empty() => domain,
            _ => apex,
        };
        kept(&self.kept, &apex).get_or_init(|| self.look(&apex)).await.clone()
    }

    /// The owner of the SOA record above a name: the answer, or the authority section of a negative one.
    pub async fn apex(&self, name: &Name) -> Option<Name> {
        let mut at = name.clone();
        // An alias's own zone is that of the name above it.
        while !at.is_root() {
            let message = self.resolver.message(&at, RecordType::SOA).await.ok()?;
            let records = message.answers.iter().chain(&message.authorities);
            let mut owners = records.filter(|r| r.record_type() == RecordType::SOA).map(|r| &r.name);
            if let Some(owner) = owners.find(|owner| owner.zone_of(&at)) {
                return Some(owner.to_lowercase());
            }
            at = at.base_name();
        }
        None
    }

    async fn look(&self, apex: &Name) -> Option<Arc<Zone>> {
        let zone = |servers| Some(Arc::new(Zone { name: text(apex), servers }));
        // The servers of a top-level domain are not ours to judge.
        if is_public_suffix(&text(apex)) {
            return zone(Vec::new());
        }
        let delegated = self.delegation(apex).await;
        let own = self.servers_of(apex).await;
        let mut names: Vec<Name> = delegated.iter().map(|(name, _)| name.clone()).chain(own).collect();
        if names.is_empty() {
            return None;
        }
        names.sort_unstable();
        names.dedup();
        names.truncate(MAX_SERVERS);
        let mut asked = JoinSet::new();
        for name in names {
            let (resolver, servers, apex) = (self.resolver.clone(), self.servers.clone(), apex.clone());
            let glue = delegated.iter().find(|(known, _)| *known == name).map(|(_, glue)| glue.clone());
            asked.spawn(async move { of_server(&resolver, &servers, &name, glue, &apex).await });
        }
        let mut servers: Vec<NameServer> = asked.join_all().await.into_iter().flatten().collect();
        servers.sort_by(|a, b| (&a.name, a.address).cmp(&(&b.name, b.address)));
        zone(servers)
    }

    /// The names of a zone's servers, by the zone itself.
    pub(super) async fn servers_of(&self, apex: &Name) -> Vec<Name> {
        let names = self.resolver.look_up(apex, RecordType::NS, ns);
        names.await.outcome.records().iter().map(Name::to_lowercase).collect()
    }

    /// The servers that the zone above names for a zone.
    async fn delegation(&self, apex: &Name) -> Vec<Delegated> {
        kept(&self.delegations, apex).get_or_init(|| self.ask_above(apex)).await.clone()
    }

    async fn ask_above(&self, apex: &Name) -> Vec<Delegated> {
        let question = Question::to_authority(apex.clone(), RecordType::NS);
        let Some(answer) = self.above(&question).await else { return Vec::new() };
        let records = answer.answers.iter().chain(&answer.authorities);
        let named = records.filter(|record| record.name == *apex).filter_map(|record| ns(&record.data));
        let glue = |name: &Name| {
            let owned = answer.additionals.iter().filter(|record| record.name == *name);
            owned.filter_map(|record| record.data.ip_addr()).collect()
        };
        named.map(|name| (name.to_lowercase(), glue(&name))).collect()
    }
}

/// The place of what is kept under a name or a question.
pub(super) fn kept<K: Clone + Eq + Hash, T>(
    all: &Mutex<HashMap<K, Arc<OnceCell<T>>>>,
    key: &K,
) -> Arc<OnceCell<T>> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(key.clone()).or_default().clone()
}

/// The server of an NS record.
fn ns(data: &RData) -> Option<Name> {
    match data {
        RData::NS(ns) => Some(ns.0.clone()),
        _ => None,
    }
}

/// The domain that is registered above a name, or the name itself.
fn registered(name: &Name) -> Option<Name> {
    super::names::name(psl::domain_str(&text(name))?)
}

/// Whether domains are registered directly below a name.
fn is_public_suffix(name: &str) -> bool {
    psl::suffix_str(name) == Some(name)
}

/// What each address of a name server says.
async fn of_server(
    resolver: &Resolver,
    servers: &Servers,
    name: &Name,
    glue: Option<Vec<IpAddr>>,
    apex: &Name,
) -> Vec<NameServer> {
    let delegated = glue.is_some();
    let (v4, v6) = tokio::join!(resolver.v4(name), resolver.v6(name));
    let failure = v4.outcome.failure().or(v6.outcome.failure()).cloned();
    let all = v4.outcome.records().iter().take(MAX_ADDRESSES).copied().map(IpAddr::V4);
    let mut all: Vec<IpAddr> =
        all.chain(v6.outcome.records().iter().take(MAX_ADDRESSES).copied().map(IpAddr::V6)).collect();
    if all.is_empty() {
        all = glue.unwrap_or_default();
    }
    if all.is_empty() {
        let serial = failure.map_or(Outcome::NoSuchName, Outcome::Failed);
        return vec![NameServer { name: text(name), address: None, delegated, serial, authoritative: false }];
    }
    // Without IPv6 here those servers cannot be asked.
    all.retain(|address| address.is_ipv4() || has_ipv6());
    let mut told = Vec::new();
    for address in all {
        let question = Question::to_authority(apex.clone(), RecordType::SOA);
        let answer = servers.ask(SocketAddr::new(address, PORT), &question).await;
        let (serial, authoritative) = match answer {
            Ok(message) => {
                let serial = outcome(&message, apex, |data| match data {
                    RData::SOA(soa) => Some(soa.serial),
                    _ => None,
                });
                let fine = message.metadata.response_code == ResponseCode::NoError;
                (serial.0, message.metadata.authoritative && fine)
            }
            Err(kind) => (Outcome::Failed(Failure::new(kind)), false),
        };
        told.push(NameServer { name: text(name), address: Some(address), delegated, serial, authoritative });
    }
    told
}

/// Whether this host can send anything over IPv6: the kernel names a source address for the first root server's
/// <https://www.iana.org/domains/root/servers>; nothing is sent.
fn has_ipv6() -> bool {
    static HAS: LazyLock<bool> = LazyLock::new(|| {
        let connect = |socket: std::net::UdpSocket| socket.connect("[2001:503:ba3e::2:30]:53");
        std::net::UdpSocket::bind("[::]:0").and_then(connect).is_ok()
    });
    *HAS
}
