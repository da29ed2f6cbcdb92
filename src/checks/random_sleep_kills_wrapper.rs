//! Something ends the run while certbot is still in its random sleep.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{Client, HostFacts, Trigger};

/// A time limit shorter than the eight minutes that certbot may sleep.
pub static CHECK: Check = Check {
    id: "random-sleep-kills-wrapper",
    title: "the run is ended while certbot sleeps",
    severity: Severity::MayFail,
    why: "without a terminal certbot sleeps up to eight minutes before the first renewal that is due; a shorter time \
          limit ends it then, on just the days when it has something to do",
    fix: "give it ten minutes and more, or --no-random-sleep-on-renew",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#certbot-command-line-options"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Host(run),
};

/// certbot's longest sleep, in seconds.
const SLEEP: u64 = 480;
/// What the orders of a few lineages take besides, in seconds.
const WORK: u64 = 60;

fn run(host: &HostFacts) -> Verdict {
    let triggers = host.triggers.as_ref()?;
    let unhurried = |trigger: &Trigger| hurried(trigger).is_none();
    // Another run that is let finish makes up for it.
    if triggers
        .iter()
        .any(|trigger| trigger.effective() && trigger.task.only.is_empty() && unhurried(trigger))
    {
        return Ok(vec![]);
    }
    Ok(triggers
        .iter()
        .filter(|trigger| trigger.effective())
        .filter_map(|trigger| hurried(trigger).map(|limit| (trigger, limit)))
        .map(|(trigger, (seconds, by))| {
            Finding::new(format!(
                "{by} ends the run after {seconds} seconds, in which certbot may still sleep"
            ))
            .about(Subject::Trigger(trigger.r#where.clone()))
            .saw_wanted(&trigger.r#where, trigger.command.as_str(), "ten minutes and more")
        })
        .collect())
}

fn hurried(trigger: &Trigger) -> Option<&(u64, String)> {
    let sleeps = if trigger.task.no_random_sleep { 0 } else { SLEEP };
    let needs = sleeps.saturating_add(trigger.task.sleeps).saturating_add(WORK);
    let limit = trigger.task.time_limit.as_ref().filter(|(seconds, _)| *seconds < needs);
    limit.filter(|(seconds, _)| trigger.client == Client::Certbot && (sleeps > 0 || *seconds < WORK / 2))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{Role, Task, Trigger};

    fn limited(seconds: u64, no_random_sleep: bool) -> Trigger {
        let time_limit = Some((seconds, format!("timeout {seconds}")));
        Trigger { task: Task { time_limit, no_random_sleep, ..Task::default() }, ..cron("17 3 * * *") }
    }

    #[test]
    fn five_minutes_may_fail() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![limited(300, false)]));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("timeout 300 ends the run"), "{}", finding.says);
    }

    #[test]
    fn an_hour_the_flag_or_another_run_is_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![limited(3_600, false)]));
        silent(&CHECK, &lineage(), &with_triggers(vec![limited(300, true)]));
        silent(&CHECK, &lineage(), &with_triggers(vec![limited(300, false), timer(None)]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
