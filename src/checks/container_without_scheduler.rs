//! certbot is a container that runs once, and nothing starts it again.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Ineffective, Purpose, Trigger, TriggerKind};
use crate::index::{Idle, Index};

/// The image of certbot has no schedule in it.
pub static CHECK: Check = Check {
    id: "container-without-scheduler",
    title: "certbot's container runs once, and nothing starts it again",
    severity: Severity::MayFail,
    why: "certbot's image runs one command and ends: unless its command is a loop, or cron or a timer on the host starts it, nothing is ever renewed",
    fix: "have cron start it twice a day: docker compose run --rm certbot renew -q; or give it a loop: entrypoint: sh -c 'trap exit TERM; while :; do certbot renew; sleep 12h & wait $${!}; done'",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/install.html#running-with-docker",
        "https://docs.docker.com/reference/compose-file/services/#restart",
    ],
    explains: &["ari-window-missed", "certificate-expired", "last-run-too-old", "nothing-scheduled"],
    run: Run::Across(run),
};

fn run(index: &Index, host: &HostFacts) -> Verdict {
    let idle = index.idle(host, |why| matches!(why, Ineffective::NotStarted(..)))?;
    // Another trigger that is broken is the nearer cause.
    let other =
        |trigger: &Trigger| trigger.kind != TriggerKind::Container && trigger.task.purpose == Purpose::Renews;
    if host.triggers.iter().flatten().any(other) {
        return Ok(vec![]);
    }
    let containers = idle.into_iter().filter(|idle| idle.trigger.kind == TriggerKind::Container);
    let finding = |idle: Idle<'_>| {
        let place = idle.trigger.r#where.as_str();
        let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
        Finding::new(format!("certbot's container of {file} runs once, and nothing here starts it again"))
            .about(Subject::Trigger(place.to_owned()))
            .of(idle.lineages)
            .saw_wanted(
                place,
                idle.trigger.command.as_str(),
                "a loop in its command, or a cron line that starts it",
            )
            .fix("have something start it twice a day", command(file))
    };
    Ok(containers.map(finding).collect())
}

/// What to add to cron, for a compose file.
fn command(file: &str) -> Option<String> {
    let (folder, name) = file.rsplit_once('/')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let compose = name.ends_with("yml") || name.ends_with("yaml");
    (compose && folder.chars().all(plain)).then(|| {
        format!(
            "echo '17 5,17 * * * root cd {folder} && docker compose run --rm certbot renew -q' >> /etc/crontab"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, only, silent, timer, unknown, with_triggers};
    use crate::facts::{Ineffective, Role, Trigger, TriggerKind};

    fn once() -> Trigger {
        Trigger {
            kind: TriggerKind::Container,
            r#where: "/srv/web/compose.yaml:7".into(),
            unit: None,
            command: "image: certbot/certbot".into(),
            ..timer(Some(Ineffective::NotStarted("the container renews once".into())))
        }
    }

    #[test]
    fn a_container_that_nothing_starts_may_fail() {
        let (severity, finding) = only(&CHECK, &lineage(), &with_triggers(vec![once()]));
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("/srv/web/compose.yaml runs once"), "{}", finding.says);
        assert!(finding.fix.unwrap().commands[0].contains("cd /srv/web && docker compose run"));
    }

    #[test]
    fn a_cron_line_that_starts_it_and_a_table_without_a_daemon_are_silent() {
        silent(&CHECK, &lineage(), &with_triggers(vec![once(), timer(None)]));
        let cron = || Trigger { kind: TriggerKind::Cron, ..once() };
        silent(&CHECK, &lineage(), &with_triggers(vec![cron()]));
        silent(&CHECK, &lineage(), &with_triggers(vec![once(), cron()]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.triggers = denied(Role::Schedule);
        unknown(&CHECK, &lineage(), &host);
    }
}
