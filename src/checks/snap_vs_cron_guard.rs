//! A timer is left of a certbot that was removed.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Ineffective, InstallKind};
use crate::index::Index;

/// An enabled unit dangles, typically after the move from the package to the snap.
pub static CHECK: Check = Check {
    id: "snap-vs-cron-guard",
    title: "an enabled timer belongs to a certbot that is gone",
    severity: Severity::WillFail,
    why: "the package was removed and its enabled link left behind: the timer looks enabled and starts nothing",
    fix: "enable the timer of the certbot that is installed (snap start --enable certbot.renew), and disable the old one",
    cites: &[
        "https://github.com/certbot/website/issues/377",
        "https://github.com/YetOpen/certbot-zimbra/issues/154",
    ],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::Dangling(_)))?;
    let has_snap = host.installs.iter().flatten().any(|install| install.kind == InstallKind::Snap);
    let finding = |idle: crate::index::Idle<'_>| {
        let unit = idle.trigger.name();
        let command = match has_snap {
            true => "snap start --enable certbot.renew".to_owned(),
            false => format!("systemctl enable --now {unit}"),
        };
        Finding::new(format!("{unit} starts nothing: {}, and nothing else renews", idle.why))
            .about(Subject::Trigger(idle.trigger.r#where.clone()))
            .of(idle.lineages)
            .saw_wanted(&idle.trigger.r#where, idle.why.to_string(), "units that are all there")
            .fix("have the certbot that is installed run", [command])
    };
    Ok(idle.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{Ineffective, Role, Trigger};

    fn dangling() -> Trigger {
        timer(Some(Ineffective::Dangling("/lib/systemd/system/certbot.service".into())))
    }

    #[test]
    fn a_dangling_timer_alone_fails() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![dangling()]));
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("certbot.service does not exist"), "{}", finding.says);
    }

    #[test]
    fn beside_a_timer_that_works_it_is_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![dangling(), timer(None)]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
