//! What the network shows of a lineage's names.

use super::{lineage, lineage_with};
use crate::facts::*;

/// The resolver of all tests.
pub const RESOLVER: &str = "192.0.2.53";

/// What the network shows of a name in good order: an address, and no CAA record up to its top-level domain.
pub fn name_seen(identifier: &str) -> net::NameSeen {
    let name = identifier.strip_prefix("*.").unwrap_or(identifier);
    let dns = net::Dns {
        resolver: RESOLVER.into(),
        a: net::Outcome::Found(vec![[45, 45, 45, 10].into()]),
        aaaa: net::Outcome::Nothing,
        aliases: vec![],
        authenticated: false,
        signatures: None,
        zone: None,
        direct: None,
        challenge: None,
        sibling: None,
    };
    let parents = name.match_indices('.').map(|(dot, _)| &name[dot + 1..]);
    let steps = [name].into_iter().chain(parents).map(|name| caa_step(name, &[])).collect();
    let caa = net::Caa { resolver: RESOLVER.into(), steps };
    net::NameSeen { identifier: identifier.into(), dns: Ok(dns), caa: Ok(caa), walk: None }
}

/// The CAA records of a name: flags, tag and value.
pub fn caa_step(name: &str, records: &[(u8, &str, &str)]) -> net::CaaStep {
    let record = |(flags, tag, value): &(u8, &str, &str)| net::CaaRecord::new(*flags, *tag, value.as_bytes());
    let records = match records {
        [] => net::Outcome::Nothing,
        some => net::Outcome::Found(some.iter().map(record).collect()),
    };
    net::CaaStep { name: name.into(), aliases: vec![], records }
}

/// The lineage with these names, as the network shows them in good order.
pub fn seen(mut lineage: Lineage, names: &[&str]) -> Lineage {
    lineage.cert.as_mut().unwrap().names = names.iter().map(|name| (*name).to_owned()).collect();
    lineage.seen = Some(names.iter().map(|name| name_seen(name)).collect());
    lineage
}

/// The healthy lineage `example.com`, `www.example.com` with these CAA records at `example.com`.
pub fn with_caa(records: &[(u8, &str, &str)]) -> Lineage {
    caa_at(seen(lineage(), &["example.com", "www.example.com"]), caa_step("example.com", records))
}

/// The lineage with the step of that name changed, where climbing ends.
pub fn caa_at(mut lineage: Lineage, step: net::CaaStep) -> Lineage {
    for name in lineage.seen.iter_mut().flatten() {
        let steps = &mut name.caa.as_mut().unwrap().steps;
        if let Some(at) = steps.iter().position(|known| known.name == step.name) {
            steps.truncate(at);
            steps.push(step.clone());
        }
    }
    lineage
}

/// The lineage whose CAA records could not be asked for.
pub fn without_caa(mut lineage: Lineage) -> Lineage {
    for name in lineage.seen.iter_mut().flatten() {
        name.caa = Err(Missing::new("CAA records", Why::Unclear("no resolver".into()), Role::Other));
    }
    lineage
}

/// The healthy lineage `example.com`, `www.example.com` whose names have changed records.
pub fn with_dns(change: impl Fn(&mut net::Dns)) -> Lineage {
    dns_of(seen(lineage(), &["example.com", "www.example.com"]), change)
}

/// The lineage that is proved by DNS records, with changed ones.
pub fn with_dns_plugin(change: impl Fn(&mut net::Dns)) -> Lineage {
    dns_of(seen(lineage_with("authenticator", "dns-cloudflare"), &["example.com", "*.example.com"]), change)
}

fn dns_of(mut lineage: Lineage, change: impl Fn(&mut net::Dns)) -> Lineage {
    lineage.seen.iter_mut().flatten().filter_map(|name| name.dns.as_mut().ok()).for_each(change);
    lineage
}

/// The lineage for whose names the resolver gave no answer.
pub fn unresolved() -> Lineage {
    with_dns(|dns| {
        dns.a = net::Outcome::Failed(net::Failure::new(net::FailureKind::Timeout));
        dns.aaaa = net::Outcome::Failed(net::Failure::new(net::FailureKind::Timeout));
    })
}

/// A zone whose servers answer, or not, with authority.
pub fn zone(name: &str, servers: &[(&str, bool)]) -> std::sync::Arc<net::Zone> {
    let server = |(address, answers): &(&str, bool)| net::NameServer {
        name: format!("ns.{name}"),
        address: Some(address.parse().unwrap()),
        delegated: true,
        serial: match answers {
            true => net::Outcome::Found(vec![1]),
            false => net::Outcome::Failed(net::Failure::new(net::FailureKind::Timeout)),
        },
        authoritative: *answers,
    };
    std::sync::Arc::new(net::Zone { name: name.into(), servers: servers.iter().map(server).collect() })
}
