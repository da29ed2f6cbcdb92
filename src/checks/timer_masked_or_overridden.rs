//! certbot's timer is masked, or a drop-in has taken all its times away.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Ineffective, TriggerKind};

/// A timer that would renew never elapses, and nothing else runs certbot.
pub static CHECK: Check = Check {
    id: "timer-masked-or-overridden",
    title: "certbot's timer is masked, or its times are taken away",
    severity: Severity::WillFail,
    why: "a link to /dev/null or an empty OnCalendar= switches the timer off without a word, so certbot is never run",
    fix: "systemctl unmask certbot.timer, or systemctl revert certbot.timer where a drop-in takes its times away",
    cites: &[
        "https://www.freedesktop.org/software/systemd/man/latest/systemctl.html#mask%20UNIT%E2%80%A6",
        "https://github.com/certbot/certbot/issues/8555",
    ],
    explains: &[
        "ari-window-missed",
        "certificate-expired",
        "nothing-scheduled",
        "timer-disabled-or-dead",
        "rhel-timer-off-by-default",
    ],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    if !host.runs_nothing()? {
        return Ok(vec![]);
    }
    let mut finding: Option<Finding> = None;
    for trigger in host.triggers.iter().flatten() {
        if !matches!(trigger.kind, TriggerKind::SystemdTimer | TriggerKind::Snap) {
            continue;
        }
        let unit = trigger.unit.as_deref().unwrap_or("certbot.timer");
        let (says, place, saw, commands) = match &trigger.ineffective {
            Some(Ineffective::Masked(by)) => (
                format!("{unit} is masked by {by}, and nothing else runs certbot"),
                by,
                "the unit is masked",
                vec![
                    format!("systemctl unmask {}", masked_unit(by, unit)),
                    format!("systemctl enable --now {unit}"),
                ],
            ),
            Some(Ineffective::NoTimes(by)) => (
                format!("{by} leaves {unit} no time to run at, and nothing else runs certbot"),
                by,
                "it takes every time away",
                vec![without(by, unit), format!("systemctl enable --now {unit}")],
            ),
            _ => continue,
        };
        finding = Some(match finding {
            Some(finding) if finding.evidence.iter().any(|e| e.r#where == *place) => finding,
            Some(finding) => finding.saw(place.as_str(), saw),
            None => Finding::new(says)
                .about(Subject::Trigger(unit.to_owned()))
                .saw_wanted(place.as_str(), saw, "a timer that elapses at least once a day")
                .fix("switch it on again", commands),
        });
    }
    Ok(finding.into_iter().collect())
}

/// What takes an override away: only one of the administrator's own can be reverted.
fn without(by: &str, unit: &str) -> String {
    match by.split_once(".d/") {
        Some(_) if by.starts_with("/etc/") || by.starts_with("/run/") => {
            format!("systemctl revert {unit}")
        }
        Some(_) => format!("rm {by} && systemctl daemon-reload"),
        None => format!("systemctl edit --full {unit}"),
    }
}

/// The unit to unmask: the timer, or the service that it starts.
fn masked_unit<'a>(by: &'a str, timer: &'a str) -> &'a str {
    let name = by.rsplit('/').next().unwrap_or(by);
    if name.ends_with(".timer") || name.ends_with(".service") { name } else { timer }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{Ineffective, Role, Trigger, TriggerKind};

    fn masked() -> Trigger {
        timer(Some(Ineffective::Masked("/etc/systemd/system/certbot.timer".into())))
    }

    #[test]
    fn a_masked_timer_alone_fails() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![masked()]));
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.fix.unwrap().commands[0], "systemctl unmask certbot.timer");
    }

    #[test]
    fn a_drop_in_without_times_fails() {
        let by = "/etc/systemd/system/certbot.timer.d/off.conf";
        let host = with_triggers(vec![timer(Some(Ineffective::NoTimes(by.into())))]);
        let finding = only(&CHECK, &lineage(), &host).1;
        assert_eq!(finding.evidence[0].r#where, by);
        assert_eq!(finding.fix.unwrap().commands[0], "systemctl revert certbot.timer");
    }

    #[test]
    fn a_timer_masked_because_the_snap_renews_is_silent() {
        let snap = Trigger { kind: TriggerKind::Snap, ..timer(None) };
        silent(&CHECK, &lineage(), &with_triggers(vec![masked(), snap]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_timer_that_is_only_disabled_is_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![timer(Some(Ineffective::NotEnabled))]));
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
