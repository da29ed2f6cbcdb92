//! The zone's signatures do not hold.

use crate::check::{Check, Evidence, Finding, Run, Severity, Subject, Verdict};
use crate::facts::net::{Dns, Failure};
use crate::facts::{HostFacts, Lineage, UNUSED, is_plain};

/// A validating resolver refuses the name's records.
pub static CHECK: Check = Check {
    id: "servfail-dnssec",
    title: "DNSSEC of the zone is broken",
    severity: Severity::WillFail,
    why: "every CA checks DNSSEC when it looks up addresses and CAA records, and a zone whose signatures do not hold gives \
          none: `DNS problem: SERVFAIL looking up A for NAME`",
    fix: "publish a DS record at the registrar that matches the zone's key, or remove it until the zone is signed again",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc4035#section-5.5",
        "https://www.rfc-editor.org/rfc/rfc8914#section-4",
        "https://cabforum.org/working-groups/server/baseline-requirements/",
    ],
    explains: &[
        "nameserver-unreachable-or-blocked",
        "caa-lookup-error",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let resolved = lineage.resolved(host, None)?;
    let broken: Vec<_> =
        resolved.known.iter().filter_map(|(name, dns)| Some((name, *dns, bogus(dns)?))).collect();
    let Some((name, dns, failure)) = broken.first() else { return resolved.verdict(vec![]) };
    let bare = name.identifier.trim_start_matches("*.");
    let domain = psl::domain_str(bare).unwrap_or(bare);
    let zone = dns.zone.as_ref().map_or(domain, |zone| zone.name.as_str());
    let evidence = Evidence::dns(format!("A of {bare}"), failure.to_string(), &dns.resolver);
    let wanted = Some("an answer, as there is with checking disabled".into());
    let finding = Finding::new(format!("the DNSSEC signatures of {zone} do not hold"))
        .about(Subject::Records(zone.to_owned()))
        .identifiers(broken.iter().map(|(name, ..)| name.identifier.as_str()))
        .evidence(Evidence { wanted, ..evidence })
        .fix("compare the DS record at the registrar with the zone's keys", look(zone))
        .lowered_if(host.unused(lineage), Severity::Note, UNUSED);
    resolved.verdict(vec![finding])
}

/// Nothing where the name could not stand on a command line.
fn look(zone: &str) -> Vec<String> {
    match is_plain(zone) {
        true => vec![format!("dig +short DS {zone}"), format!("dig +short DNSKEY {zone} +cd")],
        false => Vec::new(),
    }
}

/// The failure that is one of DNSSEC.
fn bogus(dns: &Dns) -> Option<&Failure> {
    [dns.a.failure(), dns.aaaa.failure()].into_iter().flatten().find(|failure| failure.is_dnssec())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::testing::{host, loud, only, silent, unknown, unresolved, with_dns, with_dns_plugin};
    use crate::facts::net::{Dns, Extended, Failure, FailureKind, Outcome};

    fn failing(failure: Failure) -> impl Fn(&mut Dns) {
        move |dns| {
            (dns.a, dns.aaaa) = (Outcome::Failed(failure.clone()), Outcome::Failed(failure.clone()));
        }
    }

    fn servfail() -> Failure {
        Failure::new(FailureKind::ServFail)
    }

    #[test]
    fn answers_that_come_only_unchecked_are_bogus() {
        let bogus = Failure { bogus: true, ..servfail() };
        let (_, finding) = only(&CHECK, &with_dns(failing(bogus.clone())), &host());
        assert_eq!(finding.says, "the DNSSEC signatures of example.com do not hold");
        assert_eq!(loud(&[with_dns(failing(bogus.clone()))], &host()), ["servfail-dnssec"]);
        only(&CHECK, &with_dns_plugin(failing(bogus)), &host());
    }

    #[test]
    fn an_extended_error_says_so_too() {
        let extended = vec![Extended { code: 7, text: "signature expired".into() }];
        let (_, finding) = only(&CHECK, &with_dns(failing(Failure { extended, ..servfail() })), &host());
        assert_eq!(finding.evidence[0].saw, "SERVFAIL, extended error 7 (signature expired)");
    }

    #[test]
    fn another_servfail_and_a_signed_zone_are_silent() {
        silent(&CHECK, &with_dns(failing(servfail())), &host());
        silent(&CHECK, &with_dns(|dns| dns.authenticated = true), &host());
        unknown(&CHECK, &unresolved(), &host());
    }
}
