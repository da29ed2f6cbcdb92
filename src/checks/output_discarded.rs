//! What a failing renewal says is thrown away.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{Client, HostFacts, Purpose, Trigger};

/// The output goes nowhere, and nothing else tells of a failure.
pub static CHECK: Check = Check {
    id: "output-discarded",
    title: "what a failing renewal says is thrown away",
    severity: Severity::Note,
    why: "Let's Encrypt sends no mail before a certificate expires; where the output goes to /dev/null too, nobody hears \
          of a failure before the users do",
    fix: "drop the redirection (certbot -q is silent unless something fails), or have a unit notify you: OnFailure=",
    cites: &[
        "https://letsencrypt.org/2025/06/26/expiration-notification-service-has-ended",
        "https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html#OnFailure=",
    ],
    explains: &[],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    let triggers = host.triggers.as_ref()?;
    // An audit of our own tells what the renewal does not.
    let watched = triggers.iter().any(|trigger| {
        trigger.client == Client::AcmeAudit
            && trigger.task.purpose == Purpose::Audits
            && trigger.ineffective.is_none()
    });
    let told =
        |trigger: &Trigger| trigger.unit_state.as_ref().is_some_and(|state| state.on_failure.is_some());
    Ok(triggers
        .iter()
        .filter(|trigger| trigger.effective() && !told(trigger) && !watched)
        .filter_map(|trigger| Some((trigger, trigger.task.discards.as_ref()?)))
        .map(|(trigger, by)| {
            Finding::new(format!("{} throws away what certbot says", trigger.r#where))
                .about(Subject::Trigger(trigger.r#where.clone()))
                .saw_wanted(&trigger.r#where, by.as_str(), "output that somebody reads")
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::testing::{cron, denied, host, lineage, only, silent, unknown, with_triggers};
    use crate::facts::{Client, Purpose, Role, Task, Trigger};

    fn silenced() -> Trigger {
        let task = Task { discards: Some(">/dev/null 2>&1".into()), ..Task::default() };
        Trigger { task, ..cron("17 3 * * *") }
    }

    #[test]
    fn a_line_into_the_void_is_a_note() {
        only(&CHECK, &lineage(), &with_triggers(vec![silenced()]));
    }

    #[test]
    fn an_audit_beside_it_and_a_line_that_speaks_are_silent() {
        let task = Task { purpose: Purpose::Audits, ..Task::default() };
        let audit = Trigger { client: Client::AcmeAudit, task, ..cron("47 6 * * *") };
        silent(&CHECK, &lineage(), &with_triggers(vec![silenced(), audit]));
        silent(&CHECK, &lineage(), &with_triggers(vec![cron("17 3 * * *")]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
