//! A machine that is off at the time misses a run that comes only once a week or less.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage};

/// Rare runs, and none of them is made up for.
pub static CHECK: Check = Check {
    id: "not-persistent-machine-off",
    title: "a run that is missed while the machine is off is not made up for",
    severity: Severity::Note,
    why: "without Persistent=true a timer, and any cron line, passes over the times at which the machine was off; with \
          runs days apart that costs a good part of the attempts",
    fix: "set Persistent=true in the timer, or have it run twice a day",
    cites: &["https://www.freedesktop.org/software/systemd/man/latest/systemd.timer.html#Persistent="],
    explains: &[],
    run: Run::Lineage(run),
};

/// Runs further apart than this are rare, in seconds.
const RARE: i64 = 3 * 86_400;

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(outlook) = lineage.outlook(host)? else { return Ok(vec![]) };
    let made_up = || host.covering(&lineage.name).any(|t| t.when.as_ref().is_ok_and(|when| when.catches_up));
    if outlook.largest_gap.is_none_or(|gap| gap < RARE) || made_up() {
        return Ok(vec![]);
    }
    let Some(trigger) = host.covering(&lineage.name).next() else { return Ok(vec![]) };
    let name = trigger.name();
    Ok(vec![
        Finding::new(format!("{name} runs days apart, and a run missed while the machine is off is lost"))
            .about(Subject::Trigger(trigger.r#where.clone()))
            .saw_wanted(&trigger.r#where, trigger.times(), "Persistent=true, or twice a day"),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, unknown, with_triggers};
    use crate::facts::{Role, Rule, Trigger, When};

    #[test]
    fn a_weekly_cron_line_is_a_note() {
        only(&CHECK, &lineage(), &with_triggers(vec![cron("0 3 * * 0")]));
    }

    #[test]
    fn a_weekly_job_of_anacron_and_a_daily_line_are_silent() {
        let when = When { rules: vec![Rule::Anacron(7, 3, 22)], catches_up: true, ..When::default() };
        silent(&CHECK, &lineage(), &with_triggers(vec![Trigger { when: Ok(when), ..cron("@weekly") }]));
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("@daily")]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
