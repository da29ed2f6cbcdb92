//! cron's PATH does not lead to the client.

use crate::check::{Check, Finding, Run, Severity, Verdict};
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
        let (program, path) = match idle.why {
            Ineffective::NotOnPath(program, path) => (program.as_str(), path.as_str()),
            _ => ("certbot", ""),
        };
        Finding::of_idle(&idle, format!("cron does not find {program}, and nothing else renews"), format!("{} with PATH={path}", idle.trigger.command),
                "the whole path of the program")
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
    use crate::checks::testing::{timer, trigger_at_fault};
    use crate::facts::{Ineffective, Trigger, TriggerKind};

    #[test]
    fn a_program_outside_of_crons_path_fails() {
        let broken = Trigger {
            kind: TriggerKind::Cron,
            r#where: "/etc/cron.d/certbot:3".into(),
            unit: None,
            command: "certbot renew -q".into(),
            ..timer(Some(Ineffective::NotOnPath("certbot".into(), "/usr/bin:/bin".into())))
        };
        trigger_at_fault(&super::CHECK, broken, "does not find certbot");
    }
}
