//! Names that lead to another machine which does not stand in front of this one. No check by itself.
//!
//! That a name has none of this host's addresses is no fault: content networks, load balancers, proxies, address
//! translation and floating addresses all look like that. Only what answers there can tell.

use super::domain_expired_or_transferred::is_parking;
use super::walked::walks;
use crate::check::Skip;
use crate::facts::net::{Dns, Hop, Miss, Walk, miss};
use crate::facts::{HookStage, HostFacts, Lineage, Missing, Own};

/// What shows that the other machine does not lead to this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// A parking service's page: the text that tells.
    Parked(String),
    /// A web server there looks for a file and finds none, while nothing listens here that could have said so. A proxy
    /// would say that it reaches nobody.
    Answers,
}

/// A name that leads elsewhere.
#[derive(Debug)]
pub(super) struct Elsewhere<'a> {
    /// The identifier.
    pub name: &'a str,
    /// Its records.
    pub dns: &'a Dns,
    /// What came of a validation's way.
    pub walk: &'a Walk,
    /// What shows it.
    pub sign: Sign,
}

/// The names of a lineage that surely lead elsewhere.
///
/// # Errors
/// There is none, and something could not be looked at.
pub(super) fn elsewhere<'a>(lineage: &'a Lineage, host: &HostFacts) -> Result<Vec<Elsewhere<'a>>, Skip> {
    let (walks, mut missing) = walks(lineage)?;
    let own = host.own();
    let listens = own.as_ref().ok().map(|own| own.listens.as_ref());
    let idle = starts_its_own_listener(lineage, host)
        && listens
            .and_then(Result::ok)
            .is_some_and(|ports| !ports.iter().any(|port| is_validated_at(*port, lineage, host)));
    let mut found = Vec::new();
    for (name, walk) in walks {
        let seen = lineage.seen()?.iter().find(|seen| seen.identifier == name);
        let Some(Ok(dns)) = seen.map(|seen| &seen.dns) else { continue };
        let apart = own.as_ref().is_ok_and(|own| own.is_none_of(&dns.addresses()) && leaves(own, walk));
        let sign = parked(walk, apart).map(Sign::Parked);
        let sign = sign.or_else(|| (apart && idle && is_another_site(walk)).then_some(Sign::Answers));
        found.extend(sign.map(|sign| Elsewhere { name, dns, walk, sign }));
    }
    if found.is_empty() {
        own?;
        missing =
            missing.or_else(|| unknown_ports(listens).filter(|_| starts_its_own_listener(lineage, host)));
    }
    match missing {
        Some(missing) if found.is_empty() => Err(Skip::from(missing)),
        _ => Ok(found),
    }
}

fn unknown_ports(listens: Option<Result<&Vec<u16>, &Missing>>) -> Option<Missing> {
    listens?.err().cloned()
}

/// Whether certbot will listen itself, and nothing before it changes who is reached: a hook may move an address here.
pub(super) fn starts_its_own_listener(lineage: &Lineage, host: &HostFacts) -> bool {
    let in_conf = lineage.conf.as_ref().is_ok_and(|conf| conf.param("pre_hook").is_some());
    let in_folder = host
        .hooks
        .as_ref()
        .map_or(true, |hooks| hooks.iter().any(|hook| hook.stage == HookStage::Pre && hook.runs));
    let hooked = in_conf || in_folder || host.given("pre-hook").is_some();
    lineage.authenticator() == Some("standalone") && !host.chooses_authenticator(lineage) && !hooked
}

/// Port 80, or the one that a proxy leads to: `http01_port`.
fn is_validated_at(port: u16, lineage: &Lineage, host: &HostFacts) -> bool {
    port == 80 || port == validation_port(lineage, host)
}

/// The port where certbot's own listener is to be: 80, or `http01_port`.
pub(super) fn validation_port(lineage: &Lineage, host: &HostFacts) -> u16 {
    let conf = lineage.conf.as_ref().ok();
    let set = conf.and_then(|conf| host.setting(conf, "http01_port")).and_then(|(_, setting)| setting.text());
    set.and_then(|text| text.trim().parse().ok()).unwrap_or(80)
}

/// Whether no connection of a walk came to this host.
fn leaves(own: &Own, walk: &Walk) -> bool {
    walk.hops.iter().filter_map(|hop| hop.used).all(|used| !own.has(used))
}

/// Web servers that serve sites themselves, as they begin their `Server` header.
const ORIGINS: [&str; 5] = ["nginx", "apache", "litespeed", "microsoft-iis", "lighttpd"];

/// Whether a web server there has looked for the token and not found it. One that leads to this host would have found
/// nobody listening, and said so: 502, 503 or 504.
fn is_another_site(walk: &Walk) -> bool {
    miss(walk) == Some(Miss::NotFound)
        && walk.answer().is_some_and(|hop| serves_itself(hop, false))
        && !walk.hops.iter().any(passes_on)
}

/// Whether an answer says that it comes from a web server that serves sites itself; `unnamed` allows for one that does
/// not say what it is.
fn serves_itself(hop: &Hop, unnamed: bool) -> bool {
    match hop.server.as_deref().map(str::to_ascii_lowercase) {
        None => unnamed,
        Some(server) => ORIGINS.iter().any(|origin| server.starts_with(origin)),
    }
}

fn passes_on(hop: &Hop) -> bool {
    hop.header("via").is_some() || hop.header("cf-ray").is_some()
}

/// How the pages of services that park domains begin, in lower case, blanks left out.
const SERVICES: [&str; 2] = ["window.location.href=\"/lander\"", "window.location.replace(\"/lander"];

/// How others' pages begin; a host may have such a site of its own, also behind a content network.
const PAGES: [&str; 6] = [
    "domain is for sale",
    "domain may be for sale",
    "domain is parked",
    "parked domain",
    "domain parking",
    "domain has expired",
];

/// What tells that a walk ended at a parking page; `apart` says that it surely did not end at this host.
fn parked(walk: &Walk, apart: bool) -> Option<String> {
    let at_service = |hop: &Hop| {
        let host =
            hop.location.as_deref().and_then(|to| to.split_once("://")?.1.split(['/', ':', '?']).next());
        [Some(hop.host.as_str()), host].into_iter().flatten().find(|host| is_parking(host)).map(str::to_owned)
    };
    if let Some(service) = walk.hops.iter().find_map(at_service) {
        return Some(service);
    }
    let hop = walk.answer().filter(|hop| hop.is_html())?;
    let body = hop.body.as_deref()?.to_ascii_lowercase();
    let dense: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let service = SERVICES.iter().find(|begin| dense.contains(**begin));
    let own = apart && serves_itself(hop, true) && !walk.hops.iter().any(passes_on);
    let page = PAGES.iter().find(|words| own && body.contains(**words));
    service.or(page).map(|text| (*text).to_owned())
}

#[cfg(test)]
pub(super) mod fixture {
    use crate::checks::testing::host;
    use crate::checks::walked::fixture::lineage;
    use crate::facts::net::{Outcome, Walk};
    use crate::facts::{HostFacts, Lineage, Own, OwnAddress};

    /// A host in the internet, at 45.45.45.7, with these listening ports.
    pub fn public(listens: &[u16]) -> HostFacts {
        at(&["45.45.45.7", "2a0e:45::7"], &["45.45.45.7", "2a0e:45::7"], listens)
    }

    /// A host with these addresses that sends from these.
    pub fn at(addresses: &[&str], from: &[&str], listens: &[u16]) -> HostFacts {
        let address = |text: &&str| {
            let address: std::net::IpAddr = text.parse().unwrap();
            OwnAddress { address, bits: if address.is_ipv4() { 32 } else { 128 }, passing: false }
        };
        let own = Own {
            addresses: addresses.iter().map(address).collect(),
            sends_from: from.iter().map(|text| text.parse().unwrap()).collect(),
            listens: Ok(listens.to_vec()),
            on_80: Some(vec![]),
            unprivileged_from: Some(1024),
        };
        HostFacts { live: true, own: Some(Ok(own)), ..host() }
    }

    /// The lineage whose two names have this address, at which a walk ended like this.
    pub fn leads_to(authenticator: &str, address: &str, mut walk: Walk) -> Lineage {
        let to: std::net::IpAddr = address.parse().unwrap();
        for hop in &mut walk.hops {
            (hop.used, hop.addresses) = (Some(to), vec![to]);
        }
        let mut lineage = lineage(authenticator, Some(Ok(walk)));
        for dns in lineage.seen.iter_mut().flatten().filter_map(|name| name.dns.as_mut().ok()) {
            (dns.a, dns.aaaa) = match to {
                std::net::IpAddr::V4(to) => (Outcome::Found(vec![to]), Outcome::Nothing),
                std::net::IpAddr::V6(to) => (Outcome::Nothing, Outcome::Found(vec![to])),
            };
        }
        lineage
    }
}
