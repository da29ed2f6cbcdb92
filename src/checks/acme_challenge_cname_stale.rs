//! `_acme-challenge` leads to a domain that is gone.

use crate::check::{Check, Evidence, Finding, Run, Severity, Verdict};
use crate::facts::net::{Challenge, Outcome};
use crate::facts::{DNS_01, HostFacts, Lineage, UNUSED, is_plain};

/// The CNAME at `_acme-challenge` ends where nobody can put a record.
pub static CHECK: Check = Check {
    id: "acme-challenge-cname-stale",
    title: "_acme-challenge leads to a domain that is gone",
    severity: Severity::WillFail,
    why: "the CA follows the CNAME record and looks for the challenge where it ends: `DNS problem: NXDOMAIN looking up TXT \
          for _acme-challenge.NAME`",
    fix: "remove the CNAME record, or let it lead to a zone that your plugin writes to",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#dns-01-challenge",
        "https://www.rfc-editor.org/rfc/rfc8555#section-8.4",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let resolved = lineage.resolved(host, Some(DNS_01))?;
    let stale = |challenge: &&Challenge| {
        let gone = challenge.zone.as_ref().is_some_and(|zone| zone.is_public_suffix());
        let nothing = matches!(challenge.txt, Outcome::NoSuchName | Outcome::Failed(_));
        !challenge.aliases.is_empty() && gone && nothing
    };
    let mut findings: Vec<Finding> = Vec::new();
    for (name, dns) in &resolved.known {
        let Some(target) =
            dns.challenge.as_ref().filter(stale).and_then(|challenge| challenge.aliases.last())
        else {
            continue;
        };
        let owner = format!("_acme-challenge.{}", name.identifier.trim_start_matches("*."));
        if findings.iter().any(|finding| finding.says.starts_with(&format!("{owner} "))) {
            continue;
        }
        let domain = psl::domain_str(target).unwrap_or(target);
        let evidence = Evidence::dns(format!("CNAME of {owner}"), target.as_str(), &dns.resolver);
        let commands = is_plain(&owner).then(|| format!("dig +short CNAME {owner}"));
        findings.push(
            Finding::new(format!("{owner} leads to {target}, and the domain {domain} does not exist"))
                .identifiers([name.identifier.as_str()])
                .evidence(Evidence { wanted: Some("a zone that your plugin writes to".into()), ..evidence })
                .fix("let the CNAME record lead to a zone that your plugin writes to, or remove it", commands)
                .lowered_if(host.unused(lineage), Severity::Note, UNUSED),
        );
    }
    resolved.verdict(findings)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::testing::{host, loud, only, silent, unknown, with_dns_plugin, zone};
    use crate::facts::net::{Challenge, Dns, Failure, FailureKind, Outcome};

    fn leads(zone_name: &str) -> impl Fn(&mut Dns) {
        move |dns| {
            dns.challenge = Some(Challenge {
                txt: Outcome::NoSuchName,
                aliases: vec!["abc.auth.gone.com".into()],
                zone: Some(zone(zone_name, &[])),
            });
        }
    }

    #[test]
    fn a_target_whose_domain_is_gone_may_fail_once() {
        let (_, finding) = only(&CHECK, &with_dns_plugin(leads("com")), &host());
        assert!(finding.says.starts_with("_acme-challenge.example.com leads to abc.auth.gone.com"));
        assert!(loud(&[with_dns_plugin(leads("com"))], &host()).contains(&"acme-challenge-cname-stale"));
    }

    #[test]
    fn a_target_that_waits_for_its_record_and_no_cname_are_silent() {
        silent(&CHECK, &with_dns_plugin(leads("gone.com")), &host());
        silent(&CHECK, &with_dns_plugin(|_| ()), &host());
    }

    #[test]
    fn no_answers_are_unknown() {
        let unanswered = with_dns_plugin(|dns| {
            dns.a = Outcome::Failed(Failure::new(FailureKind::Timeout));
            dns.aaaa = Outcome::Failed(Failure::new(FailureKind::Timeout));
        });
        unknown(&CHECK, &unanswered, &host());
    }
}
