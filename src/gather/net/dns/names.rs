//! The addresses of a name, and its CAA records upwards.

use std::net::IpAddr;

use hickory_proto::rr::{Name, RData, RecordType};

use super::outcome::text;
use super::raw::{self, Short};
use super::resolver::Resolver;
use super::zone::Zones;
use crate::facts::net::{Caa, CaaRecord, CaaStep, Challenge, Dns, Failure, FailureKind, Outcome, Sibling};

/// How many labels are climbed; a name has 127 at most.
const MAX_STEPS: usize = 127;

/// An identifier as a name of the DNS, without `*.`; `None` for an address or what is no name.
pub fn name(identifier: &str) -> Option<Name> {
    if identifier.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    let mut name = Name::from_ascii(identifier.strip_prefix("*.").unwrap_or(identifier)).ok()?;
    name.set_fqdn(true);
    Some(name)
}

/// The addresses of a name and what is known of its zone.
pub async fn addresses(resolver: &Resolver, zones: &Zones, name: &Name) -> Dns {
    let (v4, v6, zone) = tokio::join!(resolver.v4(name), resolver.v6(name), zones.of(name));
    let direct = match &zone {
        Some(zone) if v4.aliases.is_empty() && v6.aliases.is_empty() => zones.direct(zone, name).await,
        _ => None,
    };
    Dns {
        resolver: resolver.shown(),
        a: v4.outcome,
        aaaa: v6.outcome,
        aliases: if v4.aliases.is_empty() { v6.aliases } else { v4.aliases },
        authenticated: v4.authenticated && v6.authenticated,
        signatures: None,
        zone,
        direct,
        challenge: None,
        sibling: None,
    }
}

/// What a name gives beside another one that nobody has made; `None` for the apex of a zone, whose neighbours are others'.
pub async fn sibling(resolver: &Resolver, zones: &Zones, name: &Name, dns: &Dns) -> Option<Sibling> {
    let zone = dns.zone.as_deref().filter(|zone| !zone.is_public_suffix())?;
    if text(name) == zone.name {
        return None;
    }
    let made_up = Name::from_ascii(made_up_label()?).ok()?.append_domain(&name.base_name()).ok()?;
    let v4 = !dns.addresses().iter().all(IpAddr::is_ipv6);
    let kind = if v4 { RecordType::A } else { RecordType::AAAA };
    let direct = match &dns.direct {
        Some(direct) => {
            zones.ask_in(zone, &made_up, kind, RData::ip_addr).await.map(|of| (of, direct.server.clone()))
        }
        None => None,
    };
    let (outcome, server, aliases) = match direct {
        Some((outcome, server)) => (outcome, server, Vec::new()),
        None => {
            let looked = resolver.look_up(&made_up, kind, RData::ip_addr).await;
            (looked.outcome, resolver.shown(), looked.aliases)
        }
    };
    Some(Sibling { name: text(&made_up), server, addresses: outcome.records().to_vec(), aliases })
}

/// A label that says who asks, and that nobody has.
fn made_up_label() -> Option<String> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(format!("acme-audit-{}", data_encoding::HEXLOWER.encode(&bytes)))
}

/// What stands at `_acme-challenge` of a name.
pub async fn challenge(resolver: &Resolver, zones: &Zones, name: &Name) -> Option<Challenge> {
    let name = Name::from_ascii("_acme-challenge").ok()?.append_domain(name).ok()?;
    let looked = resolver.look_up(&name, RecordType::TXT, |data| match data {
        RData::TXT(txt) => Some(txt.txt_data.iter().map(|part| shown(part)).collect::<String>()),
        _ => None,
    });
    let looked = looked.await;
    let end = looked.aliases.last().and_then(|alias| self::name(alias));
    let zone = match end {
        Some(end) => zones.of(&end).await,
        None => None,
    };
    Some(Challenge { txt: looked.outcome, aliases: looked.aliases, zone })
}

/// The CAA records from a name upwards, to the first name that has some or cannot be asked for.
pub async fn caa(resolver: &Resolver, zones: &Zones, name: &Name) -> Caa {
    let mut steps = Vec::new();
    let mut at = name.clone();
    while !at.is_root() && steps.len() < MAX_STEPS {
        let looked = resolver.look_up(&at, RecordType::CAA, raw::caa).await;
        let mut records = whole(looked.outcome);
        // Some forwarders drop what they do not know: then the zone's own server is asked, as the CA does.
        let dropped = records.failure().is_some_and(|failure| !failure.is_dnssec());
        if dropped && let Some(direct) = zones.ask(&at, RecordType::CAA, raw::caa).await {
            records = whole(direct);
        }
        let ends = matches!(records, Outcome::Found(_) | Outcome::Failed(_));
        steps.push(CaaStep { name: text(&at), aliases: looked.aliases, records });
        if ends {
            break;
        }
        at = at.base_name();
    }
    Caa { resolver: resolver.shown(), steps }
}

/// Records that are all whole; one that is not fails them all.
fn whole(records: Outcome<Result<CaaRecord, Short>>) -> Outcome<CaaRecord> {
    match records {
        Outcome::Found(records) => match records.into_iter().collect() {
            Ok(records) => Outcome::Found(records),
            Err(Short) => Outcome::Failed(Failure::new(FailureKind::BadRecord)),
        },
        Outcome::Nothing => Outcome::Nothing,
        Outcome::NoSuchName => Outcome::NoSuchName,
        Outcome::Failed(failure) => Outcome::Failed(failure),
    }
}

/// A value with everything that is not ASCII as `\xNN`.
fn shown(value: &[u8]) -> String {
    let byte = |b: &u8| match b {
        b' '..=b'~' => char::from(*b).to_string(),
        _ => format!("\\x{b:02x}"),
    };
    value.iter().map(byte).collect()
}
