//! The ACME server is there and has no time.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::net::{AccountSeen, AccountState};
use crate::facts::{HostFacts, Lineage};

/// The server answers that it is busy or broken.
pub static CHECK: Check = Check {
    id: "ca-outage-or-busy",
    title: "the CA's server is busy or broken",
    severity: Severity::Note,
    why: "it passes by itself, and the schedule's next attempt finds the server again",
    fix: "nothing, unless it lasts: see the CA's status page",
    cites: &["https://letsencrypt.status.io/", "https://www.rfc-editor.org/rfc/rfc8555#section-6.6"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let ca = lineage.ca()?;
    let said = match &ca.directory {
        Err(fault) if fault.is_busy() => fault.to_string(),
        Err(_) => return Ok(vec![]),
        Ok(_) => match host.account_at_ca(lineage, ca)? {
            Some((_, AccountSeen { state: AccountState::Busy(said), .. })) => said.clone(),
            _ => return Ok(vec![]),
        },
    };
    let evidence = Evidence { kind: Source::Acme, ..Evidence::file(&ca.server, said.as_str()) };
    let finding = Finding::new(format!("{} is busy: {said}", ca.server))
        .about(Subject::Server(ca.server.clone()))
        .evidence(Evidence { vantage: "CA".into(), ..evidence });
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        account_is, ca_fails, ca_seen, denied, host, lineage, only, run, silent, unknown,
    };
    use crate::facts::net::{AccountState, CaFault};
    use crate::facts::{HostFacts, Role};

    #[test]
    fn a_busy_server_is_a_note() {
        for status in [429, 500, 503] {
            assert_eq!(
                only(&CHECK, &ca_fails(CaFault::Status(status, String::new())), &host()).0,
                Severity::Note
            );
        }
    }

    #[test]
    fn one_that_is_too_busy_to_tell_of_the_account_is_a_note_with_its_time() {
        let said = "status 429, rateLimited: Service busy; not before 2026-11-23 12:01 UTC";
        let busy = account_is(AccountState::Busy(said.into()));
        let (severity, finding) = only(&CHECK, &busy, &host());
        assert_eq!(severity, Severity::Note);
        assert!(finding.says.ends_with("not before 2026-11-23 12:01 UTC"), "{}", finding.says);
    }

    #[test]
    fn accounts_that_cannot_be_listed_are_unknown() {
        unknown(&CHECK, &ca_seen(|_| ()), &HostFacts { accounts: denied(Role::Other), ..host() });
    }

    #[test]
    fn a_server_that_answers_or_is_not_there_is_silent() {
        silent(&CHECK, &ca_seen(|_| ()), &host());
        silent(&CHECK, &ca_fails(CaFault::Status(404, String::new())), &host());
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}
