//! The times name a day that no calendar has.

use crate::check::{Check, Finding, Run, Severity, Verdict};
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
        let times = match idle.why {
            Ineffective::NeverFires(times) => times.as_str(),
            _ => "",
        };
        let wanted =
            if idle.trigger.unit.is_some() { "OnCalendar=*-*-* 00,12:00:00" } else { "0 0,12 * * *" };
        Finding::of_idle(&idle, format!("no day is like `{times}`, and nothing else renews"), times, wanted)
            .fix("name days that exist", Vec::<String>::new())
    };
    Ok(idle.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{timer, trigger_at_fault};
    use crate::facts::{Ineffective, Trigger, TriggerKind};

    #[test]
    fn the_thirty_first_of_february_fails() {
        let broken = Trigger {
            kind: TriggerKind::Cron,
            r#where: "/etc/cron.d/certbot:3".into(),
            unit: None,
            command: "certbot renew -q".into(),
            ..timer(Some(Ineffective::NeverFires("0 0 31 2 *".into())))
        };
        trigger_at_fault(&super::CHECK, broken, "0 0 31 2 *");
    }
}
