//! Challenges of earlier runs stand at `_acme-challenge`.

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Verdict};
use crate::facts::net::Challenge;
use crate::facts::{DNS_01, HostFacts, Lineage};

/// TXT records are there though nothing is being validated.
pub static CHECK: Check = Check {
    id: "stale-txt-records",
    title: "old TXT records stand at _acme-challenge",
    severity: Severity::Note,
    why: "a plugin that does not clean up adds records at each run, and the CA refuses an answer that has grown too large",
    fix: "remove the TXT records at _acme-challenge while nothing is being renewed",
    cites: &["https://letsencrypt.org/docs/challenge-types/#dns-01-challenge"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let resolved = lineage.resolved(host, Some(DNS_01))?;
    if matches!(host.locked_by, Some(Ok(Some(_)))) {
        return Err(Skip::NotApplicable("certbot is running"));
    }
    // Behind an alias other services keep theirs: acme-dns the last two of each name.
    let stale = |challenge: &&Challenge| challenge.aliases.is_empty() && !challenge.txt.records().is_empty();
    let mut findings: Vec<Finding> = Vec::new();
    let mut owners: Vec<String> = Vec::new();
    for (name, dns) in &resolved.known {
        let Some(challenge) = dns.challenge.as_ref().filter(stale) else { continue };
        let owner = format!("_acme-challenge.{}", name.identifier.trim_start_matches("*."));
        if owners.contains(&owner) {
            continue;
        }
        let records = challenge.txt.records();
        let shown: Vec<&str> = records.iter().take(4).map(String::as_str).collect();
        findings.push(
            Finding::new(format!("{} TXT records of earlier runs stand at {owner}", records.len()))
                .identifiers([name.identifier.as_str()])
                .evidence(Evidence::dns(format!("TXT of {owner}"), shown.join(", "), &dns.resolver)),
        );
        owners.push(owner);
    }
    resolved.verdict(findings)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{host, only, run, silent, unknown, with_dns_plugin};
    use crate::facts::net::{Challenge, Dns, Failure, FailureKind, Outcome};

    fn holds(aliases: &'static [&'static str]) -> impl Fn(&mut Dns) {
        move |dns| {
            dns.challenge = Some(Challenge {
                txt: Outcome::Found(vec!["old".into(), "older".into()]),
                aliases: aliases.iter().map(|&alias| alias.into()).collect(),
                zone: None,
            });
        }
    }

    #[test]
    fn records_while_nothing_runs_are_a_note() {
        let (severity, finding) = only(&CHECK, &with_dns_plugin(holds(&[])), &host());
        assert_eq!(severity, Severity::Note);
        assert_eq!(finding.evidence[0].saw, "old, older");
    }

    #[test]
    fn none_and_those_behind_an_alias_are_silent_and_a_running_certbot_has_its_own() {
        silent(&CHECK, &with_dns_plugin(|_| ()), &host());
        silent(&CHECK, &with_dns_plugin(holds(&["x.auth.acme-dns.io"])), &host());
        let mut busy = host();
        busy.locked_by = Some(Ok(Some(12)));
        assert!(matches!(run(&CHECK, &with_dns_plugin(holds(&[])), &busy), Err(Skip::NotApplicable(_))));
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
