//! RHEL's package of certbot brings a timer and leaves it off.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Ineffective};

/// `certbot-renew.timer` of a RHEL-like system was never enabled, and nothing else runs certbot.
pub static CHECK: Check = Check {
    id: "rhel-timer-off-by-default",
    title: "the package's timer is off, as RHEL delivers it",
    severity: Severity::WillFail,
    why: "the package of Fedora and EPEL installs certbot-renew.timer without enabling it, so certbot is never run",
    fix: "systemctl enable --now certbot-renew.timer",
    cites: &[
        "https://src.fedoraproject.org/rpms/certbot",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#setting-up-automated-renewal",
    ],
    explains: &["ari-window-missed", "certificate-expired", "nothing-scheduled"],
    run: Run::Host(run),
};

const UNIT: &str = "certbot-renew.timer";

fn run(host: &HostFacts) -> Verdict {
    if !host.os.is_rhel() || !host.runs_nothing()? {
        return Ok(vec![]);
    }
    let mut timers = host.triggers.iter().flatten().filter(|t| t.unit.as_deref() == Some(UNIT));
    let Some(timer) = timers.find(|t| t.ineffective == Some(Ineffective::NotEnabled)) else {
        return Ok(vec![]);
    };
    let finding = Finding::new(format!("{UNIT} was never enabled, and nothing else runs certbot"))
        .about(Subject::Trigger(UNIT.to_owned()))
        .saw_wanted(
            &timer.r#where,
            "no link in a timers.target.wants folder",
            format!("/etc/systemd/system/timers.target.wants/{UNIT}"),
        )
        .fix("enable and start it", [format!("systemctl enable --now {UNIT}")]);
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::{CHECK, UNIT};
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{HostFacts, Ineffective, Os, Role, Trigger, TriggerKind};

    fn alma(triggers: Vec<Trigger>) -> HostFacts {
        let os =
            Os { id: "almalinux".into(), like: "rhel centos fedora".into(), systemd: true, ..Os::default() };
        HostFacts { os, ..with_triggers(triggers) }
    }

    fn off() -> Trigger {
        Trigger { unit: Some(UNIT.into()), ..timer(Some(Ineffective::NotEnabled)) }
    }

    #[test]
    fn the_packages_timer_left_off_fails() {
        assert_eq!(only(&CHECK, &lineage(), &alma(vec![off()])).0, Severity::WillFail);
    }

    #[test]
    fn a_cron_line_beside_it_is_silent() {
        let cron = Trigger { kind: TriggerKind::Cron, unit: None, ..timer(None) };
        silent(&CHECK, &lineage(), &alma(vec![off(), cron]));
    }

    #[test]
    fn the_timer_switched_on_and_another_system_are_silent() {
        silent(&CHECK, &lineage(), &alma(vec![Trigger { ineffective: None, ..off() }]));
        silent(&CHECK, &lineage(), &with_triggers(vec![off()]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = alma(vec![]);
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
