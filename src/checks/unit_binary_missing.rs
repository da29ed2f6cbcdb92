//! The program that a unit or a cron line calls by its path is gone.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Ineffective};
use crate::index::Index;

/// A path that leads nowhere.
pub static CHECK: Check = Check {
    id: "unit-binary-missing",
    title: "the program that is scheduled is not there",
    severity: Severity::WillFail,
    why: "the run ends with `status=203/EXEC` or `not found`; the timer goes on looking healthy",
    fix: "name the certbot that is installed: systemctl edit --full certbot.service, or the cron line",
    cites: &[
        "https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Process%20Exit%20Codes",
        "https://eff-certbot.readthedocs.io/en/stable/install.html",
    ],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::ProgramMissing(..)))?;
    let finding = |idle: crate::index::Idle<'_>| {
        let program = match idle.why {
            Ineffective::ProgramMissing(program) => program.as_str(),
            _ => "",
        };
        let command = match idle.trigger.unit_state.as_ref().map(|state| state.service.as_str()) {
            Some(service) => vec![format!("systemctl edit --full {service}")],
            None => Vec::new(),
        };
        Finding::of_idle(
            &idle,
            format!("{program} does not exist, and nothing else renews"),
            idle.trigger.command.as_str(),
            "a program that is there",
        )
        .fix("name the certbot that is installed, or install it again", command)
    };
    Ok(idle.into_iter().map(finding).collect())
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{timer, trigger_at_fault};
    use crate::facts::{Ineffective, Trigger, TriggerKind};

    #[test]
    fn a_unit_whose_program_is_gone_fails() {
        let broken = Trigger {
            kind: TriggerKind::SystemdTimer,
            r#where: "/etc/systemd/system/certbot.timer".into(),
            unit: Some("certbot.timer".into()),
            command: "/opt/certbot/bin/certbot renew -q".into(),
            ..timer(Some(Ineffective::ProgramMissing("/opt/certbot/bin/certbot".into())))
        };
        trigger_at_fault(&super::CHECK, broken, "/opt/certbot/bin/certbot does not exist");
    }
}
