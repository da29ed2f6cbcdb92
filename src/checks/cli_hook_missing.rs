//! A hook on the command line or in cli.ini calls a program that is not there.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HookProgram, HostFacts};

/// certbot refuses the whole run, before any renewal.
pub static CHECK: Check = Check {
    id: "cli-hook-missing",
    title: "a hook on the command line calls a program that is missing",
    severity: Severity::WillFail,
    why: "certbot looks for the programs of hooks that are given on its command line or in cli.ini before it does \
          anything, and ends with `Unable to find deploy-hook command … in the PATH`: nothing is renewed",
    fix: "install the program, or take the hook out of the command or of cli.ini",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#pre-and-post-validation-hooks",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/hooks.py",
    ],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "service-unit-failing"],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    let triggers = host.triggers.as_ref()?;
    let everywhere =
        |hook: &HookProgram| host.cli_ini.iter().flatten().any(|file| hook.r#where.starts_with(&file.path));
    let stopped = |place: &str| host.hook_programs.iter().any(|hook| hook.r#where == place);
    // Another trigger without the hook goes on.
    let another = triggers.iter().any(|trigger| trigger.effective() && !stopped(&trigger.r#where));
    Ok(host
        .hook_programs
        .iter()
        .map(|hook| {
            Finding::new(format!(
                "{} of {} is not there, and certbot then renews nothing",
                hook.program, hook.option
            ))
            .about(Subject::Path(hook.program.clone()))
            .saw_wanted(&hook.r#where, format!("{} {}", hook.option, hook.program), "a program that is there")
            .lowered_if(
                another && !everywhere(hook),
                Severity::Note,
                "another trigger renews without the hook",
            )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        cli_ini, cron, denied, host, lineage, only, silent, timer, unknown, with_triggers,
    };
    use crate::facts::{HookProgram, HostFacts, Role};

    fn hook(place: &str) -> Vec<HookProgram> {
        vec![HookProgram {
            r#where: place.into(),
            option: "--deploy-hook".into(),
            program: "reload-all".into(),
        }]
    }

    #[test]
    fn a_hook_of_the_only_trigger_or_of_cli_ini_fails() {
        let place = "/etc/cron.d/certbot:3";
        let host = HostFacts { hook_programs: hook(place), ..with_triggers(vec![cron("@daily")]) };
        let (severity, finding) = only(&CHECK, &lineage(), &host);
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.evidence[0].r#where, place);
        let host = HostFacts {
            hook_programs: hook("/etc/letsencrypt/cli.ini:1"),
            ..cli_ini(&[("deploy-hook", "reload-all")])
        };
        assert_eq!(only(&CHECK, &lineage(), &host).0, Severity::WillFail);
    }

    #[test]
    fn beside_another_trigger_it_is_a_note_and_without_a_hook_silent() {
        let host = HostFacts {
            hook_programs: hook("/etc/cron.d/certbot:3"),
            ..with_triggers(vec![cron("@daily"), timer(None)])
        };
        assert_eq!(only(&CHECK, &lineage(), &host).0, Severity::Note);
        silent(&CHECK, &lineage(), &crate::checks::testing::host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
