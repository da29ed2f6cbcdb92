//! The zone's own name servers do not answer.

use crate::check::{Check, Evidence, Finding, Run, Severity, Subject, Verdict};
use crate::facts::net::{Dns, Failure, FailureKind, NameServer};
use crate::facts::{HostFacts, Lineage, UNUSED};

/// The resolver gets no answer from the zone's servers, or some of them are lame.
pub static CHECK: Check = Check {
    id: "nameserver-unreachable-or-blocked",
    title: "name servers of the zone do not answer",
    severity: Severity::WillFail,
    why: "the CA asks the zone's own servers from several networks, and one that does not answer costs it the validation: \
          `DNS problem: query timed out`, `SERVFAIL looking up A for NAME`",
    fix: "start the name server, open port 53 for UDP and TCP, or take the dead server's NS record away at the registrar",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc1912#section-2.8",
        "https://letsencrypt.org/docs/multi-perspective-validation/",
    ],
    explains: &["caa-lookup-error", "ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let resolved = lineage.resolved(host, None)?;
    let failing: Vec<_> =
        resolved.known.iter().filter_map(|(name, dns)| Some((name, *dns, failed(dns)?))).collect();
    let mut findings = Vec::new();
    if let Some((name, dns, failure)) = failing.first() {
        let bare = name.identifier.trim_start_matches("*.");
        let zone = dns.zone.as_ref().map_or(bare, |zone| zone.name.as_str());
        let evidence = Evidence::dns(format!("A of {bare}"), failure.to_string(), &dns.resolver);
        findings.push(
            Finding::new(format!("the name servers of {zone} give no usable answer for {bare}"))
                .about(Subject::Records(zone.to_owned()))
                .identifiers(failing.iter().map(|(name, ..)| name.identifier.as_str()))
                .evidence(Evidence { wanted: Some("addresses, or that there are none".into()), ..evidence })
                .fix("see which server fails", [format!("dig +trace A {bare}")])
                .lowered_if(host.unused(lineage), Severity::Note, UNUSED),
        );
    }
    let mut zones: Vec<&str> = Vec::new();
    for (_, dns) in resolved.known.iter().filter(|(_, dns)| failed(dns).is_none()) {
        let Some(zone) = dns.zone.as_ref().filter(|zone| !zones.contains(&zone.name.as_str())) else {
            continue;
        };
        zones.push(&zone.name);
        let lame: Vec<&NameServer> = zone.servers.iter().filter(|server| is_lame(server)).collect();
        // Where none answers us, port 53 may be shut for this host: the resolver gets its answers.
        if lame.is_empty() || !zone.servers.iter().any(|server| server.authoritative) {
            continue;
        }
        let names: Vec<&str> = lame.iter().map(|server| server.name.as_str()).collect();
        let mut finding = Finding::new(format!(
            "{} of the name servers of {} answers not for it",
            names.join(", "),
            zone.name
        ))
        .about(Subject::Records(zone.name.clone()));
        for server in lame {
            let place = match server.address {
                Some(address) => format!("{} ({address})", server.name),
                None => server.name.clone(),
            };
            finding = finding.evidence(Evidence::dns(
                format!("SOA of {} at {place}", zone.name),
                saw(server),
                &place,
            ));
        }
        findings.push(finding.lowered(Severity::Note, "the zone's other servers answer"));
    }
    resolved.verdict(findings)
}

/// A failure that is the zone's own, and not one of its signatures.
fn failed(dns: &Dns) -> Option<&Failure> {
    // A missing answer for one family is as bad: the CA asks for both.
    let all = [dns.a.failure(), dns.aaaa.failure()];
    all.into_iter().flatten().find(|failure| !failure.is_ours() && !failure.is_dnssec())
}

/// It is there and does not answer for its zone; what this host's own network forbids does not count.
fn is_lame(server: &NameServer) -> bool {
    let ours = server.serial.failure().is_some_and(|f| matches!(f.kind, FailureKind::Unreachable(_)));
    !server.authoritative && !ours
}

fn saw(server: &NameServer) -> String {
    match server.serial.failure() {
        Some(failure) => failure.to_string(),
        None if server.address.is_none() => "it has no address".to_owned(),
        None => "an answer without authority".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{host, loud, only, silent, unknown, unresolved, with_dns, zone};
    use crate::facts::net::{Failure, FailureKind, Outcome};

    #[test]
    fn servfail_may_fail() {
        let failing = || {
            with_dns(|dns| {
                dns.a = Outcome::Failed(Failure::new(FailureKind::ServFail));
                dns.aaaa = Outcome::Failed(Failure::new(FailureKind::ServFail));
            })
        };
        let (severity, finding) = only(&CHECK, &failing(), &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.evidence[0].saw, "SERVFAIL");
        assert_eq!(loud(&[failing()], &host()), ["nameserver-unreachable-or-blocked"]);
    }

    #[test]
    fn one_lame_server_of_two_is_a_note() {
        let half = with_dns(|dns| {
            dns.zone = Some(zone("example.com", &[("45.45.45.1", true), ("45.45.45.2", false)]))
        });
        let (severity, finding) = only(&CHECK, &half, &host());
        assert_eq!((severity, finding.evidence.len()), (Severity::Note, 1));
        assert!(finding.evidence[0].r#where.contains("45.45.45.2"));
    }

    #[test]
    fn all_answering_and_port_53_shut_for_this_host_are_silent() {
        silent(
            &CHECK,
            &with_dns(|dns| dns.zone = Some(zone("example.com", &[("45.45.45.1", true)]))),
            &host(),
        );
        silent(
            &CHECK,
            &with_dns(|dns| dns.zone = Some(zone("example.com", &[("45.45.45.1", false)]))),
            &host(),
        );
        unknown(&CHECK, &unresolved(), &host());
    }
}
