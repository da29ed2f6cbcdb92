//! Nothing starts what would run the renewal: no cron daemon, no `run-parts` line.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Ineffective, TriggerKind};
use crate::index::Index;

/// The file is good, and nobody reads it.
pub static CHECK: Check = Check {
    id: "schedule-not-started",
    title: "nothing starts what would run the renewal",
    severity: Severity::WillFail,
    why: "without a cron daemon no crontab is read, without a run-parts line or anacron no script in cron.daily is run, and a user's timers run only while that user is logged in",
    fix: "install and enable cron (systemctl enable --now cron), or use certbot's timer",
    cites: &[
        "https://manpages.debian.org/bookworm/cron/cron.8.en.html",
        "https://www.freedesktop.org/software/systemd/man/latest/loginctl.html#enable-linger%20USER%E2%80%A6",
    ],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::NotStarted(..)))?;
    // A container that runs once is container-without-scheduler.
    let idle = idle.into_iter().filter(|idle| idle.trigger.kind != TriggerKind::Container);
    let finding = |idle: crate::index::Idle<'_>| {
        let why = match idle.why {
            Ineffective::NotStarted(why) => why.as_str(),
            _ => "",
        };
        Finding::of_idle(
            &idle,
            format!("{why}, and nothing else renews"),
            idle.trigger.command.as_str(),
            "something that runs it",
        )
        .fix("have something run it: cron, anacron or a timer", command(host, why))
    };
    Ok(idle.map(finding).collect())
}

/// What to type, where one command does it.
fn command(host: &HostFacts, why: &str) -> Option<String> {
    if let Some((_, command)) = why.split_once(": loginctl ") {
        return Some(format!("loginctl {command}"));
    }
    let unit = why.split(' ').next().filter(|unit| unit.ends_with(".service"));
    match unit {
        Some(unit) if why.ends_with("is masked") => {
            return Some(format!("systemctl unmask {unit} && systemctl enable --now {unit}"));
        }
        Some(unit) if why.ends_with("is not enabled") => {
            return Some(format!("systemctl enable --now {unit}"));
        }
        _ if why.ends_with("in no runlevel") => {
            return Some("rc-update add crond && rc-service crond start".to_owned());
        }
        _ => {}
    }
    let debian = host.os.id == "debian" || host.os.like.split_whitespace().any(|like| like == "debian");
    (debian && why.contains("cron daemon")).then(|| "apt-get install cron".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{lineage, only, timer, trigger_at_fault, with_triggers};
    use crate::facts::{Ineffective, Trigger, TriggerKind};

    #[test]
    fn a_crontab_without_a_daemon_fails() {
        let broken = Trigger {
            kind: TriggerKind::Cron,
            r#where: "/etc/cron.d/certbot:3".into(),
            unit: None,
            command: "certbot renew -q".into(),
            ..timer(Some(Ineffective::NotStarted("no cron daemon is installed".into())))
        };
        trigger_at_fault(&super::CHECK, broken, "no cron daemon is installed");
    }

    #[test]
    fn a_daemon_that_is_there_is_started() {
        for (why, typed) in [
            (
                "cron.service is masked",
                "systemctl unmask cron.service && systemctl enable --now cron.service",
            ),
            ("crond.service is not enabled", "systemctl enable --now crond.service"),
            ("crond is in no runlevel", "rc-update add crond && rc-service crond start"),
            (
                "joe's timers run only while joe is logged in: loginctl enable-linger joe",
                "loginctl enable-linger joe",
            ),
        ] {
            let idle =
                Trigger { kind: TriggerKind::Cron, ..timer(Some(Ineffective::NotStarted(why.into()))) };
            let (_, finding) = only(&super::CHECK, &lineage(), &with_triggers(vec![idle]));
            assert_eq!(finding.fix.unwrap().commands, [typed]);
        }
    }
}
