//! Runs checks, and says what must come of it.

use super::{denied, host, lineage, timer, with_triggers};
use crate::check::{Check, Finding, Run, Severity, Skip, Verdict, cap};
use crate::facts::*;
use crate::index::{Index, Words};

/// Runs a check on one lineage, with the forecast made.
pub fn run(check: &Check, lineage: &Lineage, host: &HostFacts) -> Verdict {
    let mut lineage = lineage.clone();
    lineage.forecast = crate::forecast::forecast(&lineage, host);
    match check.run {
        Run::Lineage(run) => run(&lineage, host),
        Run::Host(run) => run(host),
        Run::Across(run) => run(&Index::new(vec![Words::default().row(&lineage)]), host),
    }
}

/// Runs a check across several lineages.
pub fn across(check: &Check, lineages: &[Lineage], host: &HostFacts) -> Verdict {
    let Run::Across(run) = check.run else { panic!("{} is not run across lineages", check.id) };
    let mut words = Words::default();
    run(&Index::new(lineages.iter().map(|lineage| words.row(lineage)).collect()), host)
}

/// The ids of all loud findings of the whole registry, after the fold.
pub fn loud(lineages: &[Lineage], host: &HostFacts) -> Vec<&'static str> {
    let judged = crate::audit::judge(host, lineages.len(), 1, |at| lineages.get(at).cloned());
    let report = judged.report(host.clone(), &crate::config::Config::default());
    report.loud().map(|folded| folded.cause.check.id).collect()
}

/// The only finding, with its severity after the cap.
pub fn only(check: &Check, lineage: &Lineage, host: &HostFacts) -> (Severity, Finding) {
    let mut findings = run(check, lineage, host).expect("the check was skipped");
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let finding = findings.remove(0);
    assert!(!finding.evidence.is_empty(), "a finding without evidence");
    (cap(check, &finding), finding)
}

/// The check finds nothing: it passes, is not applicable or was not to be asked.
pub fn silent(check: &Check, lineage: &Lineage, host: &HostFacts) {
    match run(check, lineage, host) {
        Ok(findings) => assert!(findings.is_empty(), "{findings:#?}"),
        Err(Skip::NotApplicable(_) | Skip::NotAsked(_)) => {}
        Err(skip) => panic!("{skip:?}"),
    }
}

/// The check says that it could not look.
pub fn unknown(check: &Check, lineage: &Lineage, host: &HostFacts) {
    let verdict = run(check, lineage, host);
    assert!(matches!(verdict, Err(Skip::Unknown(_))), "{verdict:#?}");
}

/// A trigger's fault fails where nothing else renews, is silent beside a timer that does, and unknown where the schedule
/// cannot be read.
pub fn trigger_at_fault(check: &Check, broken: Trigger, says: &str) {
    let (severity, finding) = only(check, &lineage(), &with_triggers(vec![broken.clone()]));
    assert_eq!(severity, Severity::WillFail);
    assert!(finding.says.contains(says), "{}", finding.says);
    assert!(finding.lineages.is_empty(), "it concerns the whole host");
    silent(check, &lineage(), &with_triggers(vec![broken, timer(None)]));
    silent(check, &lineage(), &host());
    unknown(check, &lineage(), &HostFacts { triggers: denied(Role::Schedule), ..host() });
}
