//! cron's PATH does not lead to the client.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Ineffective};
use crate::index::Index;

/// The program is found in a shell, and not by cron.
pub static CHECK: Check = Check {
    id: "cron-path",
    title: "cron does not find the program",
    severity: Severity::WillFail,
    why: "cron searches /usr/bin and /bin unless the crontab sets PATH, so the line that works in a shell ends with `certbot: not found`, in a mail at best",
    fix: "write the whole path of the program, and a PATH= line for the hooks that it starts",
    cites: &[
        "https://manpages.debian.org/bookworm/cron/crontab.5.en.html",
        "https://github.com/certbot/certbot/issues/1833",
    ],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::NotOnPath(..)))?;
    let finding = |idle: crate::index::Idle<'_>| {
        let place = idle.trigger.r#where.as_str();
        let (program, path) = match idle.why {
            Ineffective::NotOnPath(program, path) => (program.as_str(), path.as_str()),
            _ => ("certbot", ""),
        };
        Finding::new(format!("cron does not find {program}, and nothing else renews"))
            .about(Subject::Trigger(place.to_owned()))
            .of(idle.lineages)
            .saw_wanted(
                place,
                format!("{} with PATH={path}", idle.trigger.command),
                "the whole path of the program",
            )
            .fix(
                "write the whole path of the program, and PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
                 above the line for the hooks that it starts",
                Vec::<String>::new(),
            )
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
            ..timer(Some(Ineffective::NotOnPath("certbot".into(), "/usr/bin:/bin".into())))
        }
    }

    #[test]
    fn a_program_outside_of_crons_path_fails() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![broken()]));
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("does not find certbot"), "{}", finding.says);
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
