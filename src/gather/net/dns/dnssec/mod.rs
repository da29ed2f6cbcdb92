//! Signatures checked on this host, where the resolver that it asks checks none: Let's Encrypt's do.

mod anchors;
mod chain;
mod rrset;
mod suffix;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RecordType};

use super::names;
use super::outcome::text;
use super::resolver::Resolver;
use super::zone::Zones;
use crate::facts::net::{Bogus, Caa, Dns, Outcome, Signatures};
use chain::{Answers, BadSet, Chain, Doubt};
use suffix::is_registry;

/// Checks signatures: of what the resolver gives, and where they fail of what the zone's own servers give.
#[derive(Debug)]
pub struct Validator {
    resolver: Arc<Resolver>,
    zones: Arc<Zones>,
    given: Chain<Given>,
    own: Chain<Own>,
}

/// Records as the resolver gives them.
#[derive(Debug)]
struct Given {
    resolver: Arc<Resolver>,
    zones: Arc<Zones>,
}

/// Records as the zones' own servers give them; those of the root and of registries the resolver gives.
#[derive(Debug)]
struct Own(Given);

impl Validator {
    /// Ready to check, by this machine's trust anchor and clock.
    pub fn new(resolver: &Arc<Resolver>, zones: &Arc<Zones>) -> Self {
        let (resolver, zones) = (resolver.clone(), zones.clone());
        let anchors: Arc<[anchors::Anchor]> = anchors::system().into();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Times of signatures are counted modulo 2^32.
        let now = (since.as_secs() & u64::from(u32::MAX)) as u32;
        let given = || Given { resolver: resolver.clone(), zones: zones.clone() };
        let own = Chain::new(Own(given()), anchors.clone(), now);
        Self { given: Chain::new(given(), anchors, now), own, resolver, zones }
    }

    /// What the signatures of a name's addresses and CAA records are worth; `None` where the resolver checked them itself.
    pub async fn of(&self, name: &Name, dns: &Dns, caa: &Caa) -> Option<Signatures> {
        let mut sets: Vec<(Name, &[String], RecordType)> = Vec::new();
        if !dns.authenticated {
            let kinds = [(RecordType::A, is_found(&dns.a)), (RecordType::AAAA, is_found(&dns.aaaa))];
            let found = kinds.into_iter().filter(|(_, found)| *found);
            sets.extend(found.map(|(kind, _)| (name.clone(), dns.aliases.as_slice(), kind)));
        }
        for step in caa.steps.iter().filter(|step| is_found(&step.records)) {
            let Some(at) = names::name(&step.name) else { continue };
            // What the resolver did not give, the zone's own server did.
            let given = self.resolver.message(&at, RecordType::CAA).await;
            if given.is_ok_and(|answer| !answer.metadata.authentic_data) {
                sets.push((at, &step.aliases, RecordType::CAA));
            }
        }
        let looked = sets.iter().map(|(name, aliases, kind)| async move {
            let aliases = aliases.iter().filter_map(|alias| names::name(alias));
            let owners = std::iter::once(name.clone()).chain(aliases);
            let judged = owners.map(|owner| async move { self.judge(&owner, *kind).await });
            futures_util::future::join_all(judged).await
        });
        let judged = futures_util::future::join_all(looked).await.into_iter().flatten();
        judged.reduce(Signatures::worse)
    }

    /// What the signatures of one set of records are worth.
    async fn judge(&self, owner: &Name, kind: RecordType) -> Signatures {
        let fault = match self.given.holds(owner, kind).await {
            Ok(()) => return Signatures::Secure,
            Err(Doubt::Insecure) => return Signatures::Insecure,
            Err(Doubt::Unanswered(why) | Doubt::Unclear(why)) => return Signatures::Unknown(why),
            Err(Doubt::Bogus(fault)) => *fault,
        };
        // The CA asks the zone's own servers, and not this resolver.
        let own = self.own.holds(owner, kind).await;
        let server = match &own {
            Err(Doubt::Bogus(fault)) => self.zones.server(&fault.zone).await,
            _ => None,
        };
        verdict(fault, own, server, &self.resolver.shown())
    }
}

/// What to make of a fault of the resolver's answer, by what the zone's own server says to the same.
fn verdict(given: BadSet, own: Result<(), Doubt>, server: Option<IpAddr>, resolver: &str) -> Signatures {
    let bogus = |BadSet { records, zone, flaw }, server: Option<IpAddr>| {
        let server = server.map(|server| server.to_string());
        Signatures::Bogus(Bogus { records, zone: text(&zone), flaw, server })
    };
    let BadSet { records, flaw, .. } = &given;
    match own {
        Err(Doubt::Bogus(own)) => bogus(*own, server),
        Err(Doubt::Insecure) => Signatures::Insecure,
        Err(Doubt::Unanswered(_)) if !flaw.may_be_the_resolvers() => bogus(given, None),
        Ok(()) if flaw.is_absence() => Signatures::Secure,
        Ok(()) => Signatures::Unknown(format!(
            "{records} by the resolver {resolver}: {flaw}; what the zone's own server gives holds"
        )),
        Err(Doubt::Unanswered(why) | Doubt::Unclear(why)) => Signatures::Unknown(format!(
            "{records} by the resolver {resolver}: {flaw}; and by the zone's own server: {why}"
        )),
    }
}

fn is_found<T>(outcome: &Outcome<T>) -> bool {
    matches!(outcome, Outcome::Found(_))
}

impl Answers for Given {
    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Arc<Message>, String> {
        let answer = self.resolver.signed(name, kind).await;
        answer.map_err(|failure| {
            format!("the resolver {} on {kind} of {}: {failure}", self.resolver.shown(), text(name))
        })
    }

    async fn zone(&self, name: &Name) -> Option<Name> {
        if name.is_root() { Some(name.clone()) } else { self.zones.apex(name).await }
    }
}

impl Answers for Own {
    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Arc<Message>, String> {
        let Own(given) = self;
        if is_registry(name) {
            return given.ask(name, kind).await;
        }
        match given.zones.signed(name, kind).await {
            Some(answer) => Ok(answer),
            // The zone above may be out of reach, and the resolver's word for its key is proved.
            None if kind == RecordType::DS => given.ask(name, kind).await,
            None => Err(format!("no answer to {kind} of {}", text(name))),
        }
    }

    async fn zone(&self, name: &Name) -> Option<Name> {
        self.0.zone(name).await
    }
}
