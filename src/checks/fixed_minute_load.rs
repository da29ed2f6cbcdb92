//! A cron line starts the renewal at a full hour, when everybody does.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Rule, Trigger, TriggerKind};

/// Minute 0 and no delay of its own.
pub static CHECK: Check = Check {
    id: "fixed-minute-load",
    title: "the renewal starts at a full hour",
    severity: Severity::Note,
    why: "the CA is busiest in the first minutes of each hour and answers some with `Service busy`; certbot sleeps a \
          few minutes by itself only where --no-random-sleep-on-renew is not given",
    fix: "choose an odd minute, such as 17 3,15 * * *",
    cites: &["https://letsencrypt.org/docs/integration-guide/#when-to-renew"],
    explains: &[],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    let triggers = host.triggers.as_ref()?;
    let crowded = |trigger: &&Trigger| {
        let when = trigger.when.as_ref().ok();
        trigger.effective()
            && trigger.kind == TriggerKind::Cron
            && trigger.task.no_random_sleep
            && trigger.task.sleeps == 0
            && when.is_some_and(|when| when.delay == 0 && when.rules.iter().any(full_hour))
    };
    Ok(triggers
        .iter()
        .filter(crowded)
        .map(|trigger| {
            Finding::new(format!("{} starts certbot at a full hour, without any delay", trigger.r#where))
                .about(Subject::Trigger(trigger.r#where.clone()))
                .saw_wanted(&trigger.r#where, trigger.times(), "an odd minute")
        })
        .collect())
}

fn full_hour(rule: &Rule) -> bool {
    match rule {
        Rule::Cron(text) => {
            let minute = text.split_whitespace().next().unwrap_or_default();
            minute == "0" || minute == "00" || (minute.starts_with('@') && minute != "@reboot")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, unknown, with_triggers};
    use crate::facts::{HostFacts, Role, Task, Trigger};

    fn prompt(times: &str, sleeps: u64) -> HostFacts {
        let task = Task { no_random_sleep: true, sleeps, ..Task::default() };
        with_triggers(vec![Trigger { task, ..cron(times) }])
    }

    #[test]
    fn midnight_without_any_delay_is_a_note() {
        only(&CHECK, &lineage(), &prompt("0 0 * * *", 0));
        only(&CHECK, &lineage(), &prompt("@daily", 0));
    }

    #[test]
    fn an_odd_minute_a_sleep_and_certbots_own_sleep_are_silent() {
        silent(&CHECK, &lineage(), &prompt("17 3 * * *", 0));
        silent(&CHECK, &lineage(), &prompt("0 0 * * *", 3_600));
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("0 0 * * *")]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
