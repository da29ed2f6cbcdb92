//! Two schedules start certbot at the same minute, and one of them finds it locked.

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

fn run(host: &HostFacts) -> Verdict {
    let triggers = host.triggers.as_ref()?;
    let prompt = |trigger: &&Trigger| {
        let delay = trigger.when.as_ref().map_or(u64::MAX, |when| when.delay);
        trigger.effective() && trigger.client == Client::Certbot && delay <= 60 && trigger.task.sleeps == 0
    };
    let prompt: Vec<&Trigger> = triggers.iter().filter(prompt).collect();
    let pairs = prompt
        .iter()
        .enumerate()
        .flat_map(|(i, one)| prompt.iter().skip(i + 1).map(move |other| (one, other)));
    Ok(pairs
        .filter(|(one, other)| one.times() == other.times() && one.task.only == other.task.only)
        .map(|(one, other)| {
            Finding::new(format!("{} and {} start certbot at the same times", one.r#where, other.r#where))
                .about(Subject::Trigger(one.r#where.clone()))
                .saw(&one.r#where, one.times())
                .saw_wanted(&other.r#where, other.times(), "one of the two")
        })
        .collect())
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
