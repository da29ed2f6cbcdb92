//! The user that the renewal runs as may not read certbot's folders.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Ineffective};
use crate::index::Index;

/// A renewal without the right to certbot's state.
pub static CHECK: Check = Check {
    id: "cron-wrong-user",
    title: "the renewal runs as a user who may not read certbot's folders",
    severity: Severity::WillFail,
    why: "certbot needs to read and write its folders and ends with `[Errno 13] Permission denied … Either run as root, or set --config-dir`",
    fix: "have root run it: move the line to root's crontab or to /etc/cron.d with `root` before the command",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates",
        "https://github.com/geerlingguy/ansible-role-certbot/issues/90",
    ],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::WrongUser(..)))?;
    let finding = |idle: crate::index::Idle<'_>| {
        let (user, folder) = match idle.why {
            Ineffective::WrongUser(user, folder) => (user.as_str(), folder.as_str()),
            _ => ("", ""),
        };
        Finding::of_idle(
            &idle,
            format!("{user} may not read {folder}, and nothing else renews"),
            format!("{} as {user}", idle.trigger.command),
            "root, or a user who owns certbot's folders",
        )
        .fix("have root run it", ["crontab -e"])
    };
    Ok(idle.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{timer, trigger_at_fault};
    use crate::facts::{Ineffective, Trigger, TriggerKind};

    #[test]
    fn a_user_without_the_right_fails() {
        let broken = Trigger {
            kind: TriggerKind::Cron,
            r#where: "/var/spool/cron/crontabs/www-data:2".into(),
            unit: None,
            command: "certbot renew -q".into(),
            ..timer(Some(Ineffective::WrongUser("www-data".into(), "/etc/letsencrypt/live".into())))
        };
        trigger_at_fault(&super::CHECK, broken, "www-data may not read");
    }
}
