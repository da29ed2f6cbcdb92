//! certbot's timer is installed and not enabled.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::{HostFacts, Ineffective, Trigger, TriggerKind};

/// A timer that would renew is wanted by nothing, and nothing else runs certbot.
pub static CHECK: Check = Check {
    id: "timer-disabled-or-dead",
    title: "certbot's timer is disabled or stopped",
    severity: Severity::WillFail,
    why: "systemd does not start a timer that is not enabled, and one that was stopped waits for the next boot, so certbot is never run and every certificate expires",
    fix: "systemctl enable --now certbot.timer; for the snap: snap start --enable certbot.renew",
    cites: &[
        "https://www.freedesktop.org/software/systemd/man/latest/systemctl.html#enable%20UNIT%E2%80%A6",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#automated-renewals",
    ],
    explains: &["ari-window-missed", "certificate-expired", "nothing-scheduled"],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    if !host.runs_nothing()? || !host.os.systemd {
        return Ok(vec![]);
    }
    let is_timer = |t: &&Trigger| matches!(t.kind, TriggerKind::SystemdTimer | TriggerKind::Snap);
    let dead =
        |t: &&Trigger| matches!(t.ineffective, Some(Ineffective::NotEnabled | Ineffective::Inactive(_)));
    let disabled = |t: &&Trigger| is_timer(t) && dead(t);
    let timers: Vec<&Trigger> = host.triggers.iter().flatten().filter(disabled).collect();
    // RHEL's own timer is rhel-timer-off-by-default.
    let rhels = |t: &&Trigger| {
        t.unit.as_deref() == Some("certbot-renew.timer") && t.ineffective == Some(Ineffective::NotEnabled)
    };
    if host.os.is_rhel() && timers.iter().any(rhels) {
        return Ok(vec![]);
    }
    let Some(first) = timers.first() else { return Ok(vec![]) };
    let unit = first.unit.as_deref().unwrap_or("certbot.timer");
    let stopped = matches!(first.ineffective, Some(Ineffective::Inactive(_)));
    let (summary, command) = match first.kind {
        TriggerKind::Snap => ("enable and start it", "snap start --enable certbot.renew".to_owned()),
        _ if stopped => ("start it", format!("systemctl start {unit}")),
        _ => ("enable and start it", format!("systemctl enable --now {unit}")),
    };
    let state = if stopped { "is enabled but does not run" } else { "is not enabled" };
    let mut finding = Finding::new(format!("{unit} {state}, and nothing else runs certbot"))
        .about(Subject::Trigger(unit.to_owned()))
        .fix(summary, [command]);
    for timer in timers {
        if let Some(Ineffective::Inactive(state)) = &timer.ineffective {
            let unit = timer.unit.as_deref().unwrap_or(unit);
            let seen = Evidence { kind: Source::Process, ..Evidence::file(unit, state.as_str()) };
            finding = finding.evidence(Evidence { wanted: Some("active".into()), ..seen });
            continue;
        }
        finding = finding.saw_wanted(
            &timer.r#where,
            "no link in a timers.target.wants folder",
            format!("/etc/systemd/system/timers.target.wants/{}", timer.unit.as_deref().unwrap_or(unit)),
        );
    }
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{Ineffective, Os, Role, Trigger, TriggerKind};

    fn off() -> Trigger {
        timer(Some(Ineffective::NotEnabled))
    }

    #[test]
    fn a_disabled_timer_alone_fails() {
        let guarded = timer(Some(Ineffective::GuardedAgainstSystemd));
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![guarded, off()]));
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.subject, Subject::Trigger("certbot.timer".into()));
        assert_eq!(finding.fix.unwrap().commands, ["systemctl enable --now certbot.timer"]);
    }

    #[test]
    fn a_timer_that_was_stopped_fails_too() {
        let stopped = timer(Some(Ineffective::Inactive("inactive".into())));
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![stopped]));
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("does not run"), "{}", finding.says);
        assert_eq!(finding.fix.unwrap().commands, ["systemctl start certbot.timer"]);
    }

    #[test]
    fn the_snaps_timer_is_enabled_through_snapd() {
        let unit = Some("snap.certbot.renew.timer".into());
        let snap = Trigger { kind: TriggerKind::Snap, unit, ..off() };
        let (_, finding) = only(&CHECK, &lineage(), &with_triggers(vec![snap]));
        assert_eq!(finding.fix.unwrap().commands, ["snap start --enable certbot.renew"]);
    }

    #[test]
    fn a_disabled_timer_beside_a_cron_line_that_works_is_silent() {
        let cron = Trigger { kind: TriggerKind::Cron, unit: None, ..timer(None) };
        silent(&CHECK, &lineage(), &with_triggers(vec![off(), cron]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn rhels_own_timer_and_a_host_without_systemd_are_silent() {
        let mut host = with_triggers(vec![Trigger { unit: Some("certbot-renew.timer".into()), ..off() }]);
        host.os =
            Os { id: "almalinux".into(), like: "rhel centos fedora".into(), systemd: true, ..Os::default() };
        silent(&CHECK, &lineage(), &host);
        let mut host = with_triggers(vec![off()]);
        host.os.systemd = false;
        silent(&CHECK, &lineage(), &host);
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
