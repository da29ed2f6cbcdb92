//! Nothing starts what would run the renewal: no cron daemon, no `run-parts` line.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
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
        let place = idle.trigger.r#where.as_str();
        let why = match idle.why {
            Ineffective::NotStarted(why) => why.as_str(),
            _ => "",
        };
        Finding::new(format!("{why}, and nothing else renews"))
            .about(Subject::Trigger(place.to_owned()))
            .of(idle.lineages)
            .saw_wanted(place, idle.trigger.command.as_str(), "something that runs it")
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
            ..timer(Some(Ineffective::NotStarted("no cron daemon is installed".into())))
        }
    }

    #[test]
    fn a_crontab_without_a_daemon_fails() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![broken()]));
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("no cron daemon is installed"), "{}", finding.says);
        assert!(finding.lineages.is_empty(), "it concerns the whole host");
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
            let idle = Trigger { ineffective: Some(Ineffective::NotStarted(why.into())), ..broken() };
            let (_, finding) = only(&CHECK, &lineage(), &with_triggers(vec![idle]));
            assert_eq!(finding.fix.unwrap().commands, [typed]);
        }
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
