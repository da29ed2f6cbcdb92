//! Somebody has edited Debian's cron line, which does nothing where systemd runs.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Ineffective};

/// The guarded line is not as the package ships it.
pub static CHECK: Check = Check {
    id: "debian-cron-line-is-inert-on-systemd",
    title: "an edited cron line does nothing, because systemd runs",
    severity: Severity::Note,
    why: "the line begins with `test … -a \\! -d /run/systemd/system`, so cron runs and does nothing: options and hooks \
          that were added to it are never used",
    fix: "put hooks into /etc/letsencrypt/renewal-hooks/deploy/, and options into the timer's service",
    cites: &[
        "https://github.com/certbot/certbot/issues/6329",
        "https://stackoverflow.com/questions/41535546",
    ],
    explains: &[],
    run: Run::Host(run),
};

/// The words that the packages' own lines have after the guard.
const PACKAGED: [&str; 4] = ["-q", "renew", "--no-random-sleep-on-renew", "certbot"];

fn run(host: &HostFacts) -> Verdict {
    let triggers = host.triggers.as_ref()?;
    let guarded =
        triggers.iter().filter(|trigger| trigger.ineffective == Some(Ineffective::GuardedAgainstSystemd));
    let added = guarded.filter_map(|trigger| {
        let (_, call) = trigger.command.rsplit_once("certbot ")?;
        let added: Vec<&str> = call.split_whitespace().filter(|word| !PACKAGED.contains(word)).collect();
        (!added.is_empty()).then(|| (trigger, added.join(" ")))
    });
    Ok(added
        .map(|(trigger, added)| {
            Finding::new(format!(
                "{} has `{added}` added to a line that does nothing under systemd",
                trigger.r#where
            ))
            .about(Subject::Trigger(trigger.r#where.clone()))
            .saw_wanted(
                &trigger.r#where,
                trigger.command.as_str(),
                "the line as the package has it",
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{HostFacts, Ineffective, Role, Trigger};

    fn line(call: &str) -> HostFacts {
        let guard =
            "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && ";
        let ineffective = Some(Ineffective::GuardedAgainstSystemd);
        let line = Trigger { command: format!("{guard}{call}"), ineffective, ..cron("0 */12 * * *") };
        with_triggers(vec![timer(None), line])
    }

    #[test]
    fn a_hook_added_to_the_line_is_a_note() {
        let finding =
            only(&CHECK, &lineage(), &line("certbot -q renew --post-hook 'systemctl reload nginx'")).1;
        assert!(finding.says.contains("`--post-hook 'systemctl reload nginx'`"), "{}", finding.says);
    }

    #[test]
    fn the_packages_own_lines_are_silent() {
        silent(&CHECK, &lineage(), &line("certbot -q renew"));
        silent(&CHECK, &lineage(), &line("certbot -q renew --no-random-sleep-on-renew"));
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("0 */12 * * *")]));
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
