//! The ACME server is there and has no time.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
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

fn run(lineage: &Lineage, _host: &HostFacts) -> Verdict {
    let ca = lineage.ca()?;
    let Some(fault) = ca.directory.as_ref().err().filter(|fault| fault.is_busy()) else { return Ok(vec![]) };
    let evidence = Evidence { kind: Source::Acme, ..Evidence::file(&ca.server, fault.to_string()) };
    let finding = Finding::new(format!("{} is busy: {fault}", ca.server))
        .about(Subject::Server(ca.server.clone()))
        .evidence(Evidence { vantage: "CA".into(), ..evidence });
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{ca_fails, ca_seen, host, lineage, only, run, silent};
    use crate::facts::net::CaFault;

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
    fn a_server_that_answers_or_is_not_there_is_silent() {
        silent(&CHECK, &ca_seen(|_| ()), &host());
        silent(&CHECK, &ca_fails(CaFault::Status(404, String::new())), &host());
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}
