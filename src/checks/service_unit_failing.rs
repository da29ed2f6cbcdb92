//! The timer is fine, and the service that it starts has failed.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::{HostFacts, Trigger};

/// systemd says that the last run ended badly.
pub static CHECK: Check = Check {
    id: "service-unit-failing",
    title: "the last run of the renewal's service failed",
    severity: Severity::MayFail,
    why: "the timer goes on and looks healthy while every run of its service ends with an error",
    fix: "see what it said: journalctl -u certbot.service -n 40",
    cites: &[
        "https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Process%20Exit%20Codes",
    ],
    explains: &["ari-window-missed", "last-run-too-old"],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    let triggers = host.triggers.as_ref()?;
    let failed = |trigger: &&Trigger| {
        let result = trigger.unit_state.as_ref().and_then(|state| state.result.as_deref());
        trigger.effective() && result.is_some_and(|result| result != "success")
    };
    Ok(triggers
        .iter()
        .filter(failed)
        .filter_map(|trigger| Some((trigger, trigger.unit_state.as_ref()?)))
        .map(|(trigger, state)| {
            let service = &state.service;
            let result = state.result.as_deref().unwrap_or_default();
            let meaning = match state.exit_status {
                Some(203) => " (its program could not be started)",
                Some(226) => " (its name spaces could not be set up)",
                _ => "",
            };
            let status = state.exit_status.map_or_else(String::new, |n| format!(", status {n}{meaning}"));
            let seen = Evidence {
                kind: Source::Process,
                ..Evidence::file(service.as_str(), format!("{result}{status}"))
            };
            Finding::new(format!("the last run of {service} failed: {result}{status}"))
                .about(Subject::Trigger(trigger.r#where.clone()))
                .evidence(Evidence { wanted: Some("success".into()), ..seen })
                .fix("see what it said", [format!("journalctl -u {service} -n 40")])
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{HostFacts, Role, Trigger, UnitState};

    fn ended(result: &str, status: i32) -> HostFacts {
        let state = UnitState {
            service: "certbot.service".into(),
            result: Some(result.into()),
            exit_status: Some(status),
            ..UnitState::default()
        };
        with_triggers(vec![Trigger { unit_state: Some(state), ..timer(None) }])
    }

    #[test]
    fn a_failed_run_may_fail() {
        let (severity, finding) = only(&CHECK, &lineage(), &ended("exit-code", 203));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("could not be started"), "{}", finding.says);
    }

    #[test]
    fn a_good_run_and_one_that_nobody_saw_are_silent() {
        silent(&CHECK, &lineage(), &ended("success", 0));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
