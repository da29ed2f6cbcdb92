//! A user's name stands in a crontab that has no column for it, or lacks where there is one.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Ineffective};
use crate::index::Index;

/// The columns are those of the other kind of table.
pub static CHECK: Check = Check {
    id: "crontab-user-column",
    title: "the crontab's columns are those of another kind of table",
    severity: Severity::WillFail,
    why: "/etc/crontab and /etc/cron.d have a user's name before the command, a user's own crontab has not: the shell then looks for a program called `root`, or cron for a user called like the program",
    fix: "remove the name from a user's own crontab (crontab -e), or put one before the command in /etc/crontab and /etc/cron.d",
    cites: &["https://manpages.debian.org/bookworm/cron/crontab.5.en.html"],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::UserColumn(..)))?;
    let finding = |idle: crate::index::Idle<'_>| {
        let place = idle.trigger.r#where.as_str();
        let word = match idle.why {
            Ineffective::UserColumn(word) => word.as_str(),
            _ => "",
        };
        let system = place.starts_with("/etc/cron.d/") || place.starts_with("/etc/crontab");
        let (says, wanted, fix) = match system {
            true => (
                format!("cron takes `{word}` for the user's name, and nothing else renews"),
                "the user's name before the command",
                "put `root` before the command",
            ),
            false => (
                format!("the shell takes `{word}` for the program, and nothing else renews"),
                "the command right after the five times",
                "remove the name: a user's own crontab has no column for it",
            ),
        };
        let command = idle.trigger.command.as_str();
        Finding::of_idle(&idle, says, command, wanted).fix(fix, Vec::<String>::new())
    };
    Ok(idle.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{timer, trigger_at_fault};
    use crate::facts::{Ineffective, Trigger, TriggerKind};

    #[test]
    fn a_users_name_in_a_users_own_crontab_fails() {
        let broken = Trigger {
            kind: TriggerKind::Cron,
            r#where: "/var/spool/cron/crontabs/root:2".into(),
            unit: None,
            command: "root certbot renew -q".into(),
            ..timer(Some(Ineffective::UserColumn("root".into())))
        };
        trigger_at_fault(&super::CHECK, broken, "takes `root` for the program");
    }
}
