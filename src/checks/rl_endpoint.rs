//! The CA's servers answered this host that they are busy.

use super::limited::verdict;
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage};

/// The last attempt met a server that was busy, or asked it too often within a second.
pub static CHECK: Check = Check {
    id: "rl-endpoint",
    title: "the CA's server was too busy for the last attempt",
    severity: Severity::Note,
    why: "the CA answers `Service busy; retry later` when it has too much to do, or when one address asks too often within a \
          second; certbot tries again at its next run",
    fix: "nothing, unless it lasts: then see the CA's status page, and what else behind this address asks the CA",
    cites: &[
        "https://letsencrypt.org/docs/rate-limits/#overall-requests-limit",
        "https://letsencrypt.status.io/",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    verdict(lineage, host, &["Service busy"], "wait for the next run")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, failed, host, lineage, lives, only, silent, unknown};
    use crate::facts::{HostFacts, Role};

    #[test]
    fn a_busy_server_is_a_note_until_the_next_success() {
        let error = "urn:ietf:params:acme:error:rateLimited :: There were too many requests of a given type :: Service busy; \
                     retry later.";
        let (severity, finding) = only(&CHECK, &lineage(), &failed(-1, error, &[]));
        assert_eq!(severity, Severity::Note);
        assert!(
            finding.says.ends_with("on 2026-11-22 12:00 UTC: Service busy; retry later."),
            "{}",
            finding.says
        );
        let mut renewed = lineage();
        lives(&mut renewed, 0, 90);
        silent(&CHECK, &renewed, &failed(-1, error, &[]));
        silent(&CHECK, &lineage(), &host());
        unknown(&CHECK, &lineage(), &HostFacts { logged: denied(Role::Other), ..host() });
    }
}
