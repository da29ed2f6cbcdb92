//! What a renewal needs and an order at a CA's staging does not try: the audit looks at it, and changes nothing.

use std::collections::BTreeSet;

use crate::audit::Report;
use crate::check::{Severity, Skip};

/// One such thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// What it is.
    pub what: &'static str,
    /// The findings against it: the check, and what it says.
    pub found: Vec<(&'static str, String)>,
    /// Why it could not be looked at, or not all of it.
    pub open: Vec<String>,
}

/// A thing, and the checks that look at it.
type Topic = (&'static str, &'static [&'static str]);

const TOPICS: &[Topic] = &[
    (
        "the account at the CA",
        &[
            "account-deactivated",
            "account-dir-missing",
            "account-key-corrupt",
            "account-unknown-to-ca",
            "cannot-reach-ca",
            "multiple-accounts-ambiguous",
            "rl-paused",
            "tos-or-email",
        ],
    ),
    (
        "CAA records for it",
        &[
            "caa-accounturi-mismatch",
            "caa-at-cname-target",
            "caa-critical-unknown-or-malformed",
            "caa-forbids-issuer",
            "caa-issuewild",
            "caa-lookup-error",
            "caa-validationmethods-mismatch",
        ],
    ),
    ("profiles", &["profile-name-limit", "required-profile-gone"]),
    ("deploy hooks", &["cli-hook-missing", "deploy-hook-wrong-key", "hook-not-executable"]),
    (
        "limits",
        &[
            "rl-endpoint",
            "rl-exact-set",
            "rl-failed-authz",
            "rl-new-accounts",
            "rl-new-orders",
            "rl-registered-domain",
        ],
    ),
];

/// What the audit shows of each thing.
pub fn of(report: &Report) -> Vec<Beside> {
    TOPICS.iter().map(|topic| one(topic, report)).collect()
}

fn one((what, ids): &Topic, report: &Report) -> Beside {
    let loud = report.findings.iter().filter(|folded| {
        folded.ignored.is_none()
            && folded.cause.severity > Severity::Note
            && ids.contains(&folded.cause.check.id)
    });
    let found = loud.map(|folded| (folded.cause.check.id, folded.cause.finding.says.clone())).collect();
    let skipped = report.skipped.iter().filter(|skipped| ids.contains(&skipped.check.id));
    let open: BTreeSet<String> = skipped
        .filter_map(|skipped| match &skipped.skip {
            Skip::Unknown(missing) => Some(missing.to_string()),
            Skip::NotApplicable(_) | Skip::NotAsked(_) => None,
        })
        .collect();
    Beside { what, found, open: open.into_iter().collect() }
}

impl Beside {
    /// Nothing stands against it, and all of it was looked at.
    pub fn is_well(&self) -> bool {
        self.found.is_empty() && self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::CHECKS;

    #[test]
    fn every_check_that_is_named_exists() {
        for id in TOPICS.iter().flat_map(|(_, ids)| *ids) {
            assert!(CHECKS.iter().any(|check| check.id == *id), "{id}");
        }
    }
}
