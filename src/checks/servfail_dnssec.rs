//! The zone's signatures do not hold.

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::net::{Bogus, Dns, Failure, Flaw, NameSeen, Signatures};
use crate::facts::{HostFacts, Lineage, Missing, Role, UNUSED, Why, is_plain};

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

/// How it came to light that a name's records are refused.
enum Broken<'a> {
    /// The resolver says so.
    Refused(&'a Failure),
    /// The resolver lets it pass.
    Passed(&'a Bogus),
}

/// A zone, how it came to light, and the names that it takes down; by which resolver the first of them was looked up.
struct AtFault<'a> {
    zone: &'a str,
    broken: Broken<'a>,
    names: Vec<&'a NameSeen>,
    resolver: &'a str,
}

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let resolved = lineage.resolved(host, None)?;
    let mut zones: Vec<AtFault<'_>> = Vec::new();
    for (name, dns) in &resolved.known {
        let Some((zone, broken)) = broken(name, dns) else { continue };
        match zones.iter_mut().find(|known| known.zone == zone) {
            Some(known) => known.names.push(name),
            None => zones.push(AtFault { zone, broken, names: vec![name], resolver: &dns.resolver }),
        }
    }
    let findings = zones.iter().map(|at| {
        finding(at)
            .about(Subject::Records(at.zone.to_owned()))
            .identifiers(at.names.iter().map(|name| name.identifier.as_str()))
            .lowered_if(host.unused(lineage), Severity::Note, UNUSED)
    });
    let findings: Vec<Finding> = findings.collect();
    match resolved.known.iter().find_map(|(name, dns)| unclear(name, dns)) {
        Some(skip) if findings.is_empty() => Err(skip),
        _ => resolved.verdict(findings),
    }
}

fn finding(at: &AtFault<'_>) -> Finding {
    let AtFault { zone, broken, names, resolver } = at;
    match broken {
        Broken::Refused(failure) => {
            let name = names.first().map_or(*zone, |name| bare(name));
            let evidence = Evidence::dns(format!("A of {name}"), failure.to_string(), resolver);
            let wanted = Some("an answer, as there is with checking disabled".into());
            Finding::new(format!("the DNSSEC signatures of {zone} do not hold"))
                .evidence(Evidence { wanted, ..evidence })
                .fix("compare the DS record at the registrar with the zone's keys", keys(zone))
        }
        Broken::Passed(bogus) => {
            let saw = match &bogus.server {
                Some(server) => format!("{}, by the zone's own server {server} too", bogus.flaw),
                None => bogus.flaw.to_string(),
            };
            let evidence = Evidence {
                vantage: format!("this host, validating what the resolver {resolver} gave").into(),
                wanted: Some("signatures that hold, from the root's key down".into()),
                ..Evidence::dns(&bogus.records, saw, resolver)
            };
            let says = format!(
                "the DNSSEC signatures of {zone} do not hold; this host's resolver {resolver} does not check them, and the \
                 CA's resolvers do"
            );
            let (summary, commands) = match bogus.flaw {
                Flaw::NoKeys | Flaw::NoKeyForDs | Flaw::Unsigned => {
                    ("compare the DS record at the registrar with the zone's keys", keys(zone))
                }
                Flaw::Expired(_) | Flaw::UnknownKey(_) | Flaw::Mismatch => {
                    ("sign the zone again, and see to it that its signer runs", signatures(&bogus.records))
                }
            };
            Finding::new(says).evidence(evidence).fix(summary, commands)
        }
    }
}

/// Shows keys; nothing where the name could not stand on a command line.
fn keys(zone: &str) -> Vec<String> {
    match is_plain(zone) {
        true => vec![format!("dig +short DS {zone}"), format!("dig +short DNSKEY {zone} +cd")],
        false => Vec::new(),
    }
}

/// Shows signatures.
fn signatures(records: &str) -> Vec<String> {
    match records.split_once(" of ") {
        Some((kind, owner)) if is_plain(owner) => vec![format!("dig +dnssec {kind} {owner} +cd")],
        _ => Vec::new(),
    }
}

/// The zone whose signatures do not hold, and who says so.
fn broken<'a>(name: &'a NameSeen, dns: &'a Dns) -> Option<(&'a str, Broken<'a>)> {
    let refused = [dns.a.failure(), dns.aaaa.failure()].into_iter().flatten().find(|f| f.is_dnssec());
    match (refused, &dns.signatures) {
        (Some(failure), _) => {
            let domain = psl::domain_str(bare(name)).unwrap_or(bare(name));
            Some((dns.zone.as_ref().map_or(domain, |zone| &zone.name), Broken::Refused(failure)))
        }
        (None, Some(Signatures::Bogus(bogus))) => Some((&bogus.zone, Broken::Passed(bogus))),
        _ => None,
    }
}

/// Whether signatures hold which the resolver does not check could not be found out either.
fn unclear(name: &NameSeen, dns: &Dns) -> Option<Skip> {
    let Some(Signatures::Unknown(why)) = &dns.signatures else { return None };
    let what = format!("the DNSSEC signatures of {}", bare(name));
    Some(Skip::Unknown(Missing::new(what, Why::Unclear(why.clone()), Role::Other)))
}

fn bare(name: &NameSeen) -> &str {
    name.identifier.trim_start_matches("*.")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        host, loud, only, run, silent, unknown, unresolved, with_dns, with_dns_plugin,
    };
    use crate::facts::net::{Bogus, Dns, Extended, Failure, FailureKind, Flaw, Outcome, Signatures};

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

    fn bogus(zone: &str, flaw: Flaw) -> Option<Signatures> {
        let (records, server) = (format!("DNSKEY of {zone}"), Some("45.45.45.1".into()));
        Some(Signatures::Bogus(Bogus { records, zone: zone.into(), flaw, server }))
    }

    #[test]
    fn a_resolver_that_lets_bad_signatures_pass_hides_what_the_ca_refuses() {
        let lineage = with_dns(|dns| dns.signatures = bogus("example.com", Flaw::NoKeyForDs));
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(
            finding.says,
            "the DNSSEC signatures of example.com do not hold; this host's resolver 192.0.2.53 does not check them, and the \
             CA's resolvers do"
        );
        let evidence = &finding.evidence[0];
        assert_eq!(evidence.vantage, "this host, validating what the resolver 192.0.2.53 gave");
        assert_eq!(
            (evidence.r#where.as_str(), evidence.saw.as_str()),
            (
                "DNSKEY of example.com",
                "no key of the zone matches its DS record in the zone above, by the zone's own server 45.45.45.1 too"
            )
        );
        assert_eq!(finding.identifiers, ["example.com", "www.example.com"]);
        assert_eq!(loud(&[lineage], &host()), ["servfail-dnssec"]);
    }

    #[test]
    fn each_zone_that_is_signed_wrongly_is_a_finding_of_its_own() {
        let mut lineage = with_dns(|_| ());
        for (name, zone) in lineage.seen.iter_mut().flatten().zip(["example.com", "example.net"]) {
            name.dns.as_mut().unwrap().signatures = bogus(zone, Flaw::Mismatch);
        }
        let findings = run(&CHECK, &lineage, &host()).unwrap();
        assert_eq!(findings.len(), 2, "{findings:#?}");
        assert_eq!(findings[1].fix.as_ref().unwrap().commands, ["dig +dnssec DNSKEY example.net +cd"]);
    }

    #[test]
    fn signatures_that_could_not_be_checked_are_unknown_and_good_or_no_ones_are_silent() {
        for good in [Signatures::Secure, Signatures::Insecure] {
            silent(&CHECK, &with_dns(|dns| dns.signatures = Some(good.clone())), &host());
        }
        let strips = Signatures::Unknown("the resolver gives no signatures".into());
        unknown(&CHECK, &with_dns(|dns| dns.signatures = Some(strips.clone())), &host());
        assert!(loud(&[with_dns(|dns| dns.signatures = Some(strips.clone()))], &host()).is_empty());
    }

    #[test]
    fn another_servfail_and_a_signed_zone_are_silent() {
        silent(&CHECK, &with_dns(failing(servfail())), &host());
        silent(&CHECK, &with_dns(|dns| dns.authenticated = true), &host());
        unknown(&CHECK, &unresolved(), &host());
    }
}
