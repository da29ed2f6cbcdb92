//! The CA refuses more failed validations of a name within an hour.

use super::limited::verdict_or;
use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage};

/// The limit for failed validations has been reached, or would be.
pub static CHECK: Check = Check {
    id: "rl-failed-authz",
    title: "too many failed validations within an hour",
    severity: Severity::MayFail,
    why: "after five failures of a name within an hour the CA answers `too many failed authorizations`, one more is let \
          through every twelve minutes, and the reason of the failures is no longer said",
    fix: "mend what the validation fails of, rehearse it with `certbot renew --dry-run`, and try no more than twice a day",
    cites: &["https://letsencrypt.org/docs/rate-limits/#authorization-failures-per-identifier-per-account"],
    explains: &["ari-window-missed"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let fix = "mend what the validation fails of";
    verdict_or(lineage, host, &["too many failed authorizations"], fix, || foreseen(lineage, host))
}

/// A schedule that would try too often.
fn foreseen(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let Some(limits) = lineage.forecast.as_ref().and_then(|forecast| forecast.course.limits()) else {
        return Ok(vec![]);
    };
    let Some(trigger) = host.covering(&lineage.name).next() else { return Ok(vec![]) };
    let allowed = usize::try_from(limits.failures_per_hour).unwrap_or(usize::MAX);
    if outlook.in_an_hour <= allowed {
        return Ok(vec![]);
    }
    let says = format!(
        "should {} fail, it would be tried {} times within an hour: the CA lets {allowed} failures through",
        lineage.name, outlook.in_an_hour
    );
    let finding = Finding::new(says)
        .about(Subject::Trigger(trigger.r#where.clone()))
        .saw_wanted(&trigger.r#where, trigger.times(), "twice a day")
        .fix("have it run twice a day", Vec::<String>::new())
        .lowered(Severity::Note, "only a renewal that fails comes to this limit");
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::limited::fixture::{judged, limited};
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, unknown, with_triggers};
    use crate::facts::{HostFacts, Role};

    const SAID: &str = "too many failed authorizations (5) for \"example.com\" in the last 1h0m0s";

    #[test]
    fn what_the_ca_refuses_holds_for_its_time() {
        judged(&CHECK, SAID);
    }

    #[test]
    fn a_run_every_few_minutes_is_a_note() {
        for times in ["*/10 * * * *", "*/5 3 * * *"] {
            let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![cron(times)]));
            assert_eq!(severity, Severity::Note);
            assert!(finding.says.contains("the CA lets 5 failures through"), "{}", finding.says);
        }
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("*/12 * * * *")]));
    }

    #[test]
    fn what_is_foreseen_is_said_also_without_a_log() {
        let mut dense = with_triggers(vec![cron("*/5 * * * *")]);
        dense.logged = denied(Role::Other);
        only(&CHECK, &lineage(), &dense);
        unknown(&CHECK, &lineage(), &HostFacts { triggers: denied(Role::Schedule), ..host() });
        assert!(only(&CHECK, &lineage(), &limited(SAID)).1.says.contains("example.com"));
    }
}
