//! What the audit says of lineages that were not renewed, or whose new certificate does not reach anybody.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Outcome, Renewal};
use crate::audit::{Report, audited};
use crate::check::{Severity, Subject};
use crate::config::Config;
use crate::facts::{HostFacts, Lineage, Logged};
use crate::fold::Folded;

/// What keeps a renewed certificate, or a part of it, from being served.
const AFTER: [&str; 7] = [
    "allow-subset-drops-names",
    "cli-hook-missing",
    "deploy-hook-wrong-key",
    "hook-not-executable",
    "no-reload-at-all",
    "points-at-archive-version",
    "served-older-than-live",
];

/// What only bears on when certbot tries.
const WHEN: [&str; 13] = [
    "ari-retry-after-far-future",
    "ari-window-missed",
    "ari-window-moved",
    "attempts-too-few",
    "autorenew-false",
    "certificate-expired",
    "fixed-30-days-with-short-certs",
    "interval-too-long",
    "last-run-too-old",
    "nothing-scheduled",
    "renew-before-expiry-wrong",
    "schedule-insufficient-from-date",
    "schedule-never-fires",
];

/// Audits such lineages as they are now; what happened in this run counts as what certbot's log tells of an earlier one.
pub(super) fn explain(troubled: Vec<Lineage>, all: &[Renewal], host: &HostFacts, config: &Config) -> Report {
    let mut host = host.clone();
    host.now = host.now.max(Timestamp::now());
    // It is this process that holds it.
    host.locked_by = host.locked_by.map(|_| Ok(None));
    if let Ok(logged) = &mut host.logged {
        let tried = || all.iter().filter(|renewal| is_tried(renewal));
        let names: BTreeSet<&str> = tried().map(|renewal| renewal.lineage.as_str()).collect();
        logged.retain(|before| !names.contains(before.lineage.as_str()));
        logged.extend(tried().map(|renewal| failure(renewal, host.now)));
        logged.sort_by(|a, b| a.lineage.cmp(&b.lineage));
    }
    let mut report = audited(host, &troubled, config);
    let of: BTreeMap<&str, &Renewal> =
        all.iter().map(|renewal| (renewal.lineage.as_str(), renewal)).collect();
    report.findings.retain(|folded| concerns(folded, &of));
    report
}

/// Whether the CA was asked, and refused.
fn is_tried(renewal: &Renewal) -> bool {
    renewal.outcome == Outcome::Failed && renewal.attempts.iter().any(|attempt| !attempt.ok)
}

fn failure(renewal: &Renewal, at: Timestamp) -> Logged {
    Logged {
        lineage: renewal.lineage.clone(),
        at,
        place: "this run".into(),
        error: renewal.because.clone(),
        exception: None,
        raised_in: None,
        waited: None,
        attempts: renewal.attempts.clone(),
    }
}

/// Whether a finding says why one of them failed, or is not served.
fn concerns(folded: &Folded, all: &BTreeMap<&str, &Renewal>) -> bool {
    let finding = &folded.cause.finding;
    let of = |name: &String| all.get(name.as_str());
    let loud = folded.ignored.is_none() && folded.cause.severity > Severity::Note;
    loud && finding.lineages.iter().filter_map(of).any(|renewal| match renewal.outcome {
        Outcome::Renewed | Outcome::NotDue => renewal.is_lame() && AFTER.contains(&folded.cause.check.id),
        _ => {
            !WHEN.contains(&folded.cause.check.id)
                && !matches!(finding.subject, Subject::Host | Subject::Trigger(_))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::CHECKS;

    #[test]
    fn every_check_that_is_named_exists() {
        for id in AFTER.iter().chain(&WHEN) {
            assert!(CHECKS.iter().any(|check| check.id == *id), "{id}");
        }
    }
}
