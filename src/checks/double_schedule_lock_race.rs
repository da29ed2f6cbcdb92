//! Two schedules start certbot at the same minute, and one of them finds it locked.

use std::collections::BTreeMap;

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{Client, HostFacts, Trigger};

/// The same times twice, and no delay that sets them apart.
pub static CHECK: Check = Check {
    id: "double-schedule-lock-race",
    title: "two schedules start certbot at the same time",
    severity: Severity::Note,
    why: "one of the two ends with `Another instance of Certbot is already running`; where only one of them has the hooks, \
          the other may be the one that renews",
    fix: "keep one of the two",
    cites: &["https://github.com/certbot/certbot/issues/6329"],
    explains: &[],
    run: Run::Host(run),
};

/// How many of them are shown.
const SHOWN: usize = 5;

fn run(host: &HostFacts) -> Verdict {
    let triggers = host.triggers.as_ref()?;
    let prompt = |trigger: &&Trigger| {
        let delay = trigger.when.as_ref().map_or(u64::MAX, |when| when.delay);
        trigger.effective() && trigger.client == Client::Certbot && delay <= 60 && trigger.task.sleeps == 0
    };
    let mut alike: BTreeMap<String, Vec<&Trigger>> = BTreeMap::new();
    for trigger in triggers.iter().filter(prompt) {
        alike.entry(trigger.times()).or_default().push(trigger);
    }
    Ok(alike.into_iter().filter_map(|(times, same)| race(&times, &same)).collect())
}

/// What starts at these times, where it is more than one.
fn race(times: &str, same: &[&Trigger]) -> Option<Finding> {
    let [first, second, more @ ..] = same else { return None };
    let says = match more.len() {
        0 => format!("{} and {} start certbot at the same times", first.r#where, second.r#where),
        n => format!("{}, {} and {n} more start certbot at the same times", first.r#where, second.r#where),
    };
    let mut finding = Finding::new(says).about(Subject::Trigger(first.r#where.clone()));
    for trigger in same.iter().take(SHOWN) {
        finding = finding.saw_wanted(&trigger.r#where, times, "one of them");
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{Role, Trigger};

    #[test]
    fn the_same_line_in_two_tables_is_a_note() {
        let other = Trigger { r#where: "/var/spool/cron/crontabs/root:1".into(), ..cron("0 3 * * *") };
        only(&CHECK, &lineage(), &with_triggers(vec![cron("0 3 * * *"), other]));
    }

    #[test]
    fn many_at_once_are_one_finding() {
        let at = |line: usize| Trigger { r#where: format!("/etc/crontab:{line}"), ..cron("0 3 * * *") };
        let finding = only(&CHECK, &lineage(), &with_triggers((1..=9).map(at).collect())).1;
        assert_eq!(finding.says, "/etc/crontab:1, /etc/crontab:2 and 7 more start certbot at the same times");
    }

    #[test]
    fn other_times_or_a_delay_are_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("0 3 * * *"), cron("0 15 * * *")]));
        silent(&CHECK, &lineage(), &with_triggers(vec![timer(None), timer(None)]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
