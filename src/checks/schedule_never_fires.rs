//! The times name a day that no calendar has.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Ineffective};
use crate::index::Index;

/// `*-02-30`, `0 0 31 2 *`.
pub static CHECK: Check = Check {
    id: "schedule-never-fires",
    title: "the times name a day that does not exist",
    severity: Severity::WillFail,
    why: "systemd and cron accept such times and never run anything at them, without a word",
    fix: "name days that exist, such as *-*-* 00,12:00:00 for a timer or 0 0,12 * * * for cron; acme-audit schedule next tells when they come",
    cites: &[
        "https://www.freedesktop.org/software/systemd/man/latest/systemd.time.html#Calendar%20Events",
        "https://manpages.debian.org/bookworm/cron/crontab.5.en.html",
    ],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::NeverFires(..)))?;
    let finding = |idle: crate::index::Idle<'_>| {
        let place = idle.trigger.r#where.as_str();
        let times = match idle.why {
            Ineffective::NeverFires(times) => times.as_str(),
            _ => "",
        };
        let wanted =
            if idle.trigger.unit.is_some() { "OnCalendar=*-*-* 00,12:00:00" } else { "0 0,12 * * *" };
        Finding::new(format!("no day is like `{times}`, and nothing else renews"))
            .about(Subject::Trigger(place.to_owned()))
            .of(idle.lineages)
            .saw_wanted(place, times, wanted)
            .fix("name days that exist", Vec::<String>::new())
    };
    Ok(idle.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{Ineffective, Role, Trigger, TriggerKind};

    fn broken() -> Trigger {
        Trigger {
            kind: TriggerKind::Cron,
            r#where: "/etc/cron.d/certbot:3".into(),
            unit: None,
            command: "certbot renew -q".into(),
            ..timer(Some(Ineffective::NeverFires("0 0 31 2 *".into())))
        }
    }

    #[test]
    fn the_thirty_first_of_february_fails() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![broken()]));
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("0 0 31 2 *"), "{}", finding.says);
        assert!(finding.lineages.is_empty(), "it concerns the whole host");
    }

    #[test]
    fn beside_a_timer_that_works_it_is_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![broken(), timer(None)]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
