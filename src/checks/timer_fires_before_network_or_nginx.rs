//! A timer of one's own may start certbot at boot before the network is up.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Trigger};

/// `Persistent=true` and a service that does not wait for the network.
pub static CHECK: Check = Check {
    id: "timer-fires-before-network-or-nginx",
    title: "the renewal may start before the network is up",
    severity: Severity::Note,
    why: "a persistent timer makes up for a missed run right at boot, when names cannot be resolved yet; certbot's nginx \
          plugin may then start nginx itself, outside of its unit",
    fix: "add After=network-online.target and Wants=network-online.target to the service",
    cites: &[
        "https://www.freedesktop.org/software/systemd/man/latest/systemd.special.html#network-online.target",
        "https://github.com/certbot/certbot/issues/8346",
    ],
    explains: &[],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    let triggers = host.triggers.as_ref()?;
    let early = |trigger: &&Trigger| {
        // What packages ship is for them to judge.
        let own = trigger.r#where.starts_with("/etc/systemd/system/");
        let prompt = trigger.when.as_ref().is_ok_and(|when| when.catches_up && when.delay < 600);
        let waits = trigger.unit_state.as_ref().is_none_or(|state| state.after_network);
        trigger.effective() && own && prompt && !waits
    };
    Ok(triggers
        .iter()
        .filter(early)
        .map(|trigger| {
            let service = trigger.unit_state.as_ref().map_or("the service", |state| state.service.as_str());
            Finding::new(format!("{service} may run at boot before the network is up"))
                .about(Subject::Trigger(trigger.r#where.clone()))
                .saw_wanted(
                    &trigger.r#where,
                    "Persistent=true, and no After=network-online.target in the service",
                    "After=network-online.target",
                )
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::testing::{denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{Role, Trigger, UnitState};

    fn own(delay: u64, after_network: bool) -> Trigger {
        let mut trigger = timer(None);
        trigger.r#where = "/etc/systemd/system/certbot.timer".into();
        trigger.when.as_mut().unwrap().delay = delay;
        trigger.unit_state =
            Some(UnitState { service: "certbot.service".into(), after_network, ..UnitState::default() });
        trigger
    }

    #[test]
    fn a_persistent_timer_without_delay_or_order_is_a_note() {
        only(&CHECK, &lineage(), &with_triggers(vec![own(60, false)]));
    }

    #[test]
    fn a_delay_the_order_or_a_packaged_timer_is_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![own(43_200, false)]));
        silent(&CHECK, &lineage(), &with_triggers(vec![own(60, true)]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
