//! A name that leads elsewhere is answered by a wildcard record.

use super::elsewhere::elsewhere;
use crate::check::{Check, Evidence, Finding, Run, Severity, Subject, Verdict};
use crate::facts::net::{Dns, Sibling};
use crate::facts::{HostFacts, Lineage};

/// A wildcard record hides that a name's own record is gone.
pub static CHECK: Check = Check {
    id: "wildcard-dns-masks",
    title: "a wildcard record answers for a name that leads elsewhere",
    severity: Severity::Note,
    why: "the name's own record may have been removed long ago: instead of NXDOMAIN the CA gets the wildcard's address, and \
          asks the machine there",
    fix: "give the name a record of its own, or renew the certificate without it",
    cites: &["https://www.rfc-editor.org/rfc/rfc4592#section-2.2.1"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let mut findings = Vec::new();
    for found in elsewhere(lineage, host)? {
        let Some(sibling) = found.dns.sibling.as_ref().filter(|sibling| is_the_same(found.dns, sibling))
        else {
            continue;
        };
        let given = if sibling.aliases.is_empty() {
            sibling.addresses.iter().map(ToString::to_string).collect::<Vec<_>>()
        } else {
            sibling.aliases.clone()
        };
        findings.push(
            Finding::new(format!(
                "any name beside {} leads to {} as well: a wildcard record answers",
                found.name,
                given.join(", ")
            ))
            .about(Subject::Identifier(found.name.to_owned()))
            .evidence(Evidence {
                wanted: Some("no such name".into()),
                ..Evidence::dns(
                    format!("{}, which nobody made", sibling.name),
                    given.join(", "),
                    &sibling.server,
                )
            }),
        );
    }
    Ok(findings)
}

/// Whether a name and one that nobody made give the same: the name's own record is not needed for it.
fn is_the_same(dns: &Dns, sibling: &Sibling) -> bool {
    let all = dns.addresses();
    let of_family = |v4: bool| all.iter().filter(|address| address.is_ipv4() == v4).count();
    let same_addresses = !sibling.addresses.is_empty()
        && sibling.addresses.iter().all(|address| all.contains(address))
        && sibling
            .addresses
            .first()
            .is_some_and(|first| of_family(first.is_ipv4()) == sibling.addresses.len());
    dns.aliases == sibling.aliases && (!dns.aliases.is_empty() || same_addresses)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::elsewhere::fixture::{leads_to, public};
    use crate::checks::testing::{denied, host, run, silent, unknown};
    use crate::checks::walked::fixture::{URL, answered, lineage, miss};
    use crate::facts::net::{Outcome, Sibling};
    use crate::facts::{HostFacts, Lineage, Role};

    fn with(addresses: &[&str], aliases: &[&str]) -> Lineage {
        let walk = miss(vec![answered(URL, 404, "nginx", "")]);
        let mut lineage = leads_to("standalone", "45.45.46.8", walk);
        for dns in lineage.seen.iter_mut().flatten().filter_map(|name| name.dns.as_mut().ok()) {
            dns.sibling = Some(Sibling {
                name: "acme-audit-00.example.com".into(),
                server: "45.45.45.53".into(),
                addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
                aliases: aliases.iter().map(|&a| a.into()).collect(),
            });
        }
        lineage
    }

    #[test]
    fn a_name_that_nobody_made_with_the_same_address_is_a_note() {
        let findings = run(&CHECK, &with(&["45.45.46.8"], &[]), &public(&[])).unwrap();
        assert_eq!(findings.len(), 2, "one for each name");
        assert!(findings[0].says.starts_with("any name beside example.com leads to 45.45.46.8"));
        assert_eq!(crate::check::cap(&CHECK, &findings[0]), Severity::Note);
    }

    #[test]
    fn the_same_alias_is_a_note_too() {
        let mut lineage = with(&["45.45.46.8"], &["lb.example.net"]);
        assert!(run(&CHECK, &lineage, &public(&[])).unwrap().is_empty(), "it has no alias itself");
        for dns in lineage.seen.iter_mut().flatten().filter_map(|name| name.dns.as_mut().ok()) {
            dns.aliases = vec!["lb.example.net".into()];
        }
        assert_eq!(run(&CHECK, &lineage, &public(&[])).unwrap().len(), 2);
    }

    #[test]
    fn without_a_wildcard_or_with_another_answer_it_is_silent() {
        silent(&CHECK, &with(&[], &[]), &public(&[]));
        silent(&CHECK, &with(&["45.45.46.9"], &[]), &public(&[]));
        let mut more = with(&["45.45.46.8"], &[]);
        for dns in more.seen.iter_mut().flatten().filter_map(|name| name.dns.as_mut().ok()) {
            dns.a = Outcome::Found(vec!["45.45.46.8".parse().unwrap(), "45.45.46.9".parse().unwrap()]);
        }
        silent(&CHECK, &more, &public(&[]));
        // It leads here.
        silent(&CHECK, &with(&["45.45.46.8"], &[]), &public(&[80]));
    }

    #[test]
    fn what_was_not_asked_for_is_said() {
        assert!(matches!(run(&CHECK, &with(&["45.45.46.8"], &[]), &host()), Err(Skip::NotAsked(_))));
        unknown(&CHECK, &with(&[], &[]), &HostFacts { own: Some(denied(Role::Other)), ..host() });
        unknown(&CHECK, &lineage("standalone", Some(denied(Role::Other))), &public(&[]));
    }
}
