//! The user that the renewal runs as may not read certbot's folders.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
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
        let place = idle.trigger.r#where.as_str();
        let (user, folder) = match idle.why {
            Ineffective::WrongUser(user, folder) => (user.as_str(), folder.as_str()),
            _ => ("", ""),
        };
        Finding::new(format!("{user} may not read {folder}, and nothing else renews"))
            .about(Subject::Trigger(place.to_owned()))
            .of(idle.lineages)
            .saw_wanted(
                place,
                format!("{} as {user}", idle.trigger.command),
                "root, or a user who owns certbot's folders",
            )
            .fix("have root run it", ["crontab -e"])
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
            r#where: "/var/spool/cron/crontabs/www-data:2".into(),
            unit: None,
            command: "certbot renew -q".into(),
            ..timer(Some(Ineffective::WrongUser("www-data".into(), "/etc/letsencrypt/live".into())))
        }
    }

    #[test]
    fn a_user_without_the_right_fails() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![broken()]));
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("www-data may not read"), "{}", finding.says);
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
