//! The standalone plugin runs as a user who may not open port 80.

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, Trigger, TriggerKind, UNUSED};

/// Every schedule of a standalone lineage runs as another user than root.
pub static CHECK: Check = Check {
    id: "standalone-not-root",
    title: "standalone is to open port 80 without root",
    severity: Severity::MayFail,
    why: "certbot ends with `Could not bind TCP port 80 because you don't have the appropriate permissions (for example, you \
          aren't running this program as root)`",
    fix: "have root run the renewal; or let every user open the port: sysctl net.ipv4.ip_unprivileged_port_start=80",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#standalone",
        "https://docs.kernel.org/networking/ip-sysctl.html",
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/plugins/standalone.py",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(port) = host.standalone_port(lineage)? else { return Ok(vec![]) };
    host.triggers.as_ref()?;
    let triggers: Vec<&Trigger> = host.covering(&lineage.name).collect();
    let Some(first) = triggers.first() else { return Ok(vec![]) };
    if !triggers.iter().all(|trigger| user(trigger).is_some()) {
        return Ok(vec![]);
    }
    let lowest = host.own()?.unprivileged_from;
    let lowest = lowest.ok_or(Skip::NotAsked("these facts do not tell which ports take root"))?;
    if port >= lowest {
        return Ok(vec![]);
    }
    let who = user(first).unwrap_or_default();
    let finding = Finding::new(format!("{who} is to open port {port} for {}", lineage.name))
        .about(Subject::Trigger(first.r#where.clone()))
        .saw_wanted(&first.r#where, format!("{} as {who}", first.command), "root")
        .evidence(Evidence {
            kind: Source::Process,
            wanted: Some(format!("{port} or less")),
            ..Evidence::file("net.ipv4.ip_unprivileged_port_start", lowest.to_string())
        });
    // A unit's AmbientCapabilities=, or setcap on the interpreter.
    let by_systemd = first.kind == TriggerKind::SystemdTimer;
    let renewed = lineage.archive.as_ref().is_ok_and(|archive| archive.versions.len() > 1);
    let finding = finding
        .lowered_if(by_systemd, Severity::Note, "its unit may give the right to open the port")
        .lowered_if(
            renewed,
            Severity::Note,
            "it was renewed before: something gives the right to open the port",
        );
    Ok(vec![if host.unused(lineage) { finding.lowered(Severity::Note, UNUSED) } else { finding }])
}

/// The user whom a trigger runs as, where that is surely not root.
fn user(trigger: &Trigger) -> Option<&str> {
    let raised = trigger.command.split_whitespace().any(|word| {
        ["sudo", "doas", "su", "pkexec", "docker", "podman"]
            .contains(&word.rsplit('/').next().unwrap_or(word))
    });
    let inside = raised || trigger.kind == TriggerKind::Container;
    trigger.user.as_deref().filter(|user| !inside && !["root", "0", ""].contains(user))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cron, denied, lineage_with, listening, only, silent, timer, unknown};
    use crate::facts::{HostFacts, Lineage, Role, Trigger};

    fn fresh() -> Lineage {
        let mut lineage = lineage_with("authenticator", "standalone");
        lineage.archive.as_mut().unwrap().versions.remove(0);
        lineage
    }

    fn by(trigger: Trigger) -> HostFacts {
        HostFacts { triggers: Ok(vec![trigger]), ..listening("sshd", None) }
    }

    fn as_user(user: &str, command: &str) -> Trigger {
        Trigger { user: Some(user.into()), command: command.into(), ..cron("@daily") }
    }

    #[test]
    fn a_crontab_of_a_user_may_fail() {
        let (severity, finding) = only(&CHECK, &fresh(), &by(as_user("acme", "certbot renew -q")));
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.evidence[0].saw, "certbot renew -q as acme");
    }

    #[test]
    fn where_something_may_give_the_right_it_is_a_note() {
        let unit = Trigger { user: Some("acme".into()), ..timer(None) };
        assert_eq!(only(&CHECK, &fresh(), &by(unit)).0, Severity::Note);
        let renewed = lineage_with("authenticator", "standalone");
        assert_eq!(only(&CHECK, &renewed, &by(as_user("acme", "certbot renew -q"))).0, Severity::Note);
    }

    #[test]
    fn root_sudo_a_lower_limit_and_other_plugins_are_silent() {
        silent(&CHECK, &fresh(), &by(as_user("root", "certbot renew -q")));
        silent(&CHECK, &fresh(), &by(timer(None)));
        silent(&CHECK, &fresh(), &by(as_user("acme", "sudo certbot renew -q")));
        silent(&CHECK, &lineage_with("authenticator", "webroot"), &by(as_user("acme", "certbot renew -q")));
        let mut host = by(as_user("acme", "certbot renew -q"));
        host.own.as_mut().unwrap().as_mut().unwrap().unprivileged_from = Some(80);
        silent(&CHECK, &fresh(), &host);
        host.own = None;
        silent(&CHECK, &fresh(), &host);
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_unknown() {
        let host = HostFacts { triggers: denied(Role::Schedule), ..listening("sshd", None) };
        unknown(&CHECK, &fresh(), &host);
    }
}
