//! The AAAA record has this host's interface identifier under a prefix that this host no longer has.

use std::net::{IpAddr, Ipv6Addr};

use super::walked::{seen, walks, way};
use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict, listed};
use crate::facts::net::{Hop, Walk, trouble};
use crate::facts::{HostFacts, Lineage, Own, try_it};
use crate::reserved::reserved;

/// The AAAA record is that of an earlier prefix.
pub static CHECK: Check = Check {
    id: "dynamic-ipv6-prefix",
    title: "the AAAA record has an IPv6 prefix that this host no longer has",
    severity: Severity::MayFail,
    why: "the provider has given this host's network another prefix, and the record was not changed: the CA begins with \
          IPv6, and goes over to IPv4 only where there is an A record and nobody answers at the old address",
    fix: "set the AAAA record to this host's address of today, let the router or a dynamic DNS client do so, or remove it",
    cites: &[
        "https://letsencrypt.org/docs/ipv6-support/",
        "https://www.rfc-editor.org/rfc/rfc8978#section-2",
        "https://www.rfc-editor.org/rfc/rfc4291#section-2.5.1",
    ],
    explains: &[
        "aaaa-wrong-host",
        "port80-blocked",
        "connection-refused",
        "redirect-all-before-challenge",
        "redirect-other",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

/// Why a stale address alone is not enough to fail.
const OVER_IPV4: &str = "nobody answers there, so the CA goes over to IPv4";

/// A name with a stale address.
struct Stale<'a> {
    name: &'a str,
    address: Ipv6Addr,
    today: Ipv6Addr,
    said_by: &'a str,
    dead: &'a Hop,
    ends_there: bool,
}

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let (walks, missing) = walks(lineage)?;
    let own = host.own()?;
    let mut all: Vec<Stale<'_>> = Vec::new();
    for (name, walk) in walks {
        let seen = lineage.seen()?.iter().find(|seen| seen.identifier == name);
        let Some(Ok(dns)) = seen.map(|seen| &seen.dns) else { continue };
        let stale = dns.public().1.records().iter().find_map(|address| {
            let (today, dead) = (before_renumbering(own, *address)?, dead_at(walk, *address, own)?);
            let ends_there = walk.last().and_then(|hop| hop.used) == Some(IpAddr::V6(*address))
                && !matches!(trouble(walk, way(lineage, host)), Ok(None));
            Some(Stale { name, address: *address, today, said_by: dns.public().2, dead, ends_there })
        });
        all.extend(stale);
    }
    if let (true, Some(missing)) = (all.is_empty(), missing) {
        return Err(Skip::from(missing));
    }
    let mut findings: Vec<Finding> = Vec::new();
    while let Some(first) = all.first().map(|stale| (stale.address, stale.ends_there)) {
        let (same, rest): (Vec<Stale<'_>>, Vec<Stale<'_>>) =
            all.into_iter().partition(|stale| (stale.address, stale.ends_there) == first);
        findings.extend(finding(lineage, &same));
        all = rest;
    }
    Ok(findings)
}

/// One finding for the names with the same stale address.
fn finding(lineage: &Lineage, all: &[Stale<'_>]) -> Option<Finding> {
    let first = all.first()?;
    let names: Vec<&str> = all.iter().map(|stale| stale.name).collect();
    let Stale { address, today, dead, ends_there, .. } = first;
    let connection = Evidence {
        kind: Source::Http,
        r#where: dead.url.clone(),
        vantage: "this host".into(),
        saw: seen(dead),
        wanted: None,
    };
    let finding = Finding::new(format!(
        "{}: the AAAA record says {address}, and this host is {today}: its prefix has changed",
        listed(&names)
    ))
    .about(Subject::Records(format!("AAAA {address}")))
    .identifiers(names)
    .evidence(Evidence {
        wanted: Some(format!("{today}, or no AAAA record")),
        ..Evidence::dns(format!("AAAA of {}", first.name), address.to_string(), first.said_by)
    })
    .evidence(connection)
    .fix(format!("let the AAAA record say {today}, or remove it, then try"), [try_it(lineage)]);
    Some(finding.lowered_if(!ends_there, Severity::Note, OVER_IPV4))
}

/// The half of an address that names the network.
const NETWORK: u128 = !((1 << 64) - 1);

/// This host's own address of today with the interface identifier of another address that it does not have.
///
/// Identifiers that people choose (`::1`, `::80`) stand for other machines in other networks just as well, so only
/// those count that a machine made. Addresses that nobody should be told, and those that are not in the internet, say
/// nothing.
fn before_renumbering(own: &Own, address: Ipv6Addr) -> Option<Ipv6Addr> {
    let identifier = |address: Ipv6Addr| address.to_bits() & !NETWORK;
    let is_made = identifier(address) > u128::from(u32::MAX);
    if !is_made || own.has(address.into()) || reserved(address.into()).is_some() {
        return None;
    }
    own.addresses.iter().filter(|own| !own.passing && own.bits == 128).find_map(|own| match own.address {
        IpAddr::V6(today) => {
            let global = reserved(today.into()).is_none();
            (global && identifier(today) == identifier(address)).then_some(today)
        }
        IpAddr::V4(_) => None,
    })
}

/// The connection to an address that got no answer, where none did and this host has IPv6 to try with.
fn dead_at<'w>(walk: &'w Walk, address: Ipv6Addr, own: &Own) -> Option<&'w Hop> {
    if !own.sends_from.iter().any(IpAddr::is_ipv6) {
        return None;
    }
    let mut tried = walk.hops.iter().filter(|hop| hop.used == Some(IpAddr::V6(address)));
    let first = tried.next().filter(|hop| hop.status.is_none())?;
    tried.all(|hop| hop.status.is_none()).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::elsewhere::fixture::{at, leads_to};
    use crate::checks::testing::{denied, host, loud, only, run, silent, unknown};
    use crate::checks::walked::fixture::{URL, answered, ended, hop, lineage, miss};
    use crate::facts::net::{Fault, Outcome, Walk};
    use crate::facts::{HostFacts, Lineage, Role};

    /// The prefix of today, and the one of yesterday, with one interface identifier.
    const TODAY: &str = "2a0e:45:0:1:5054:ff:fe12:3480";
    const YESTERDAY: &str = "2a0e:45:0:2:5054:ff:fe12:3480";

    fn today() -> HostFacts {
        at(&["192.168.1.7", TODAY, "fe80::5054:ff:fe12:3480"], &["192.168.1.7", TODAY], &[80])
    }

    /// Nobody answers at the address, and there is no A record.
    fn dead() -> Walk {
        ended(vec![hop(URL)], Fault::ConnectTimeout)
    }

    #[test]
    fn an_earlier_prefix_may_fail_and_explains_the_silence_there() {
        let lineage = leads_to("webroot", YESTERDAY, dead());
        let (severity, finding) = only(&CHECK, &lineage, &today());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains(YESTERDAY) && finding.says.contains(TODAY), "{}", finding.says);
        assert_eq!(finding.identifiers, ["example.com", "www.example.com"]);
        assert_eq!(loud(&[lineage], &today()), [CHECK.id]);
    }

    #[test]
    fn where_ipv4_leads_on_it_is_a_note() {
        let mut lineage = leads_to("webroot", YESTERDAY, dead());
        for name in lineage.seen.iter_mut().flatten() {
            let mut walk = miss(vec![hop(URL), answered(URL, 404, "nginx", "")]);
            walk.hops[0].used = Some(YESTERDAY.parse().unwrap());
            walk.hops[0].error = Some("no answer to the connection in time".into());
            name.walk = Some(Ok(walk));
            name.dns.as_mut().unwrap().a = Outcome::Found(vec!["45.45.45.7".parse().unwrap()]);
        }
        assert_eq!(only(&CHECK, &lineage, &today()).0, Severity::Note);
        assert_eq!(loud(&[lineage], &today()), Vec::<&str>::new());
    }

    #[test]
    fn an_address_that_answers_or_that_this_host_has_is_silent() {
        let answers = leads_to("webroot", YESTERDAY, miss(vec![answered(URL, 404, "nginx", "")]));
        silent(&CHECK, &answers, &today());
        let lineage = leads_to("webroot", YESTERDAY, dead());
        // Two providers, and the time in which an old prefix is deprecated.
        silent(&CHECK, &lineage, &at(&[TODAY, YESTERDAY], &[TODAY], &[80]));
        let mut deprecated = at(&[TODAY, YESTERDAY], &[TODAY], &[80]);
        if let Some(Ok(own)) = &mut deprecated.own {
            own.addresses[1].passing = true;
        }
        silent(&CHECK, &lineage, &deprecated);
    }

    #[test]
    fn another_machine_and_identifiers_that_people_choose_are_silent() {
        silent(&CHECK, &leads_to("webroot", "2a0e:45:0:2:5054:ff:fe99:1", dead()), &today());
        let small = leads_to("webroot", "2a0e:46:0:2::80", dead());
        silent(&CHECK, &small, &at(&["2a0e:45:0:1::80"], &["2a0e:45:0:1::80"], &[80]));
    }

    #[test]
    fn addresses_that_are_passing_local_or_unique_say_nothing() {
        let lineage = leads_to("webroot", YESTERDAY, dead());
        for own in ["fe80::5054:ff:fe12:3480", "fd12:3456::5054:ff:fe12:3480"] {
            silent(&CHECK, &lineage, &at(&[own, "2a0e:45:0:1:9d2c:4fb1:aa01:203"], &[], &[80]));
        }
        let mut temporary = today();
        if let Some(Ok(own)) = &mut temporary.own {
            own.addresses.iter_mut().for_each(|address| address.passing = true);
        }
        silent(&CHECK, &lineage, &temporary);
        // A prefix of documentation in the record is another check's.
        silent(&CHECK, &leads_to("webroot", "2001:db8::5054:ff:fe12:3480", dead()), &today());
    }

    #[test]
    fn a_tree_and_what_could_not_be_walked() {
        let lineage_of: Lineage = leads_to("webroot", YESTERDAY, dead());
        assert!(matches!(run(&CHECK, &lineage_of, &host()), Err(Skip::NotAsked(_))));
        unknown(&CHECK, &lineage_of, &HostFacts { own: Some(denied(Role::Other)), ..host() });
        unknown(&CHECK, &lineage("webroot", Some(denied(Role::Other))), &today());
        silent(&CHECK, &lineage("dns-cloudflare", None), &today());
    }
}
