//! Nothing starts what would run the renewal: no cron daemon, no `run-parts` line.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Ineffective};
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
    Ok(idle.into_iter().map(finding).collect())
}

/// What to type, where one command does it.
fn command(host: &HostFacts, why: &str) -> Option<String> {
    if let Some((_, command)) = why.split_once(": loginctl ") {
        return Some(format!("loginctl {command}"));
    }
    let debian = host.os.id == "debian" || host.os.like.split_whitespace().any(|like| like == "debian");
    (debian && why.contains("cron daemon")).then(|| "apt-get install cron".to_owned())
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{timer, trigger_at_fault};
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
}
