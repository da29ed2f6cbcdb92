//! The server that certbot's plugin works through is stopped before the challenge, or was started by certbot itself.

use super::hooked::{APACHE, NGINX, with_stop};
use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, Process, leaves_stopped};

/// A pre hook stops nginx while the nginx plugin is to answer, or nginx runs inside of certbot's unit.
pub static CHECK: Check = Check {
    id: "server-stopped-or-rogue-nginx",
    title: "certbot starts a web server that nobody manages",
    severity: Severity::MayFail,
    why: "certbot's plugins for nginx and Apache work on the server that runs: where a hook has stopped it, certbot starts one \
          of its own outside of its unit, and the unit then fails with `Address already in use`",
    fix: "take the hook that stops the server out; kill a server that certbot has started, and start its unit",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#nginx",
        "https://github.com/certbot/certbot/issues/6425",
        "https://github.com/certbot/certbot/issues/8346",
    ],
    explains: &["no-reload-at-all"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    let (server, names): (_, &[&str]) = match lineage.authenticator() {
        Some("nginx") => ("nginx", &NGINX),
        Some("apache") => ("apache", &APACHE),
        _ => return Ok(vec![]),
    };
    if host.chooses_authenticator(lineage) {
        return Ok(vec![]);
    }
    let mut findings: Vec<Finding> = rogue(host, server, names).into_iter().collect();
    let before = host.runs_before(lineage)?;
    if let Some((by, name)) = leaves_stopped(&before, |name| names.contains(&name)) {
        let says =
            format!("{server} is stopped before the challenge that its plugin answers for {}", lineage.name);
        host.sees_certbots_paths()?;
        findings.push(with_stop(Finding::new(says), by, name));
    }
    Ok(findings)
}

/// A server on port 80 that belongs to the unit of what renews.
fn rogue(host: &HostFacts, server: &str, names: &[&str]) -> Option<Finding> {
    let of_renewals = |unit: &str| {
        let is = |trigger: &crate::facts::Trigger| {
            trigger.unit_state.as_ref().is_some_and(|state| state.service == unit)
        };
        host.triggers.iter().flatten().any(is)
            || unit == "certbot.service"
            || unit == "snap.certbot.renew.service"
    };
    let strays = |process: &&Process| {
        names.contains(&process.name.as_str()) && process.unit.as_deref().is_some_and(of_renewals)
    };
    let own = host.own.as_ref()?.as_ref().ok()?;
    let mut processes = own.on_80.iter().flatten().filter_map(|listener| listener.process.as_ref());
    let process = processes.find(strays)?;
    let unit = process.unit.as_deref().unwrap_or_default();
    let service = names.first().copied().unwrap_or(server);
    Some(
        Finding::new(format!("{} on port 80 was started within {unit}, not by its own unit", process.name))
            .about(Subject::Process(format!("{} in {unit}", process.name)))
            .evidence(Evidence {
                kind: Source::Process,
                wanted: Some(format!("{service}.service")),
                ..Evidence::file("port 80", process.to_string())
            })
            .fix(
                "end it, and start the unit",
                [format!("kill {}", process.pid), format!("systemctl start {service}")],
            ),
    )
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{before, denied, host, lineage_with, listening, only, silent, unknown};
    use crate::facts::{BeforeKind, HostFacts, Role};

    fn stopping(stops: &[&str]) -> HostFacts {
        HostFacts { before: Some(vec![before(BeforeKind::Folder, stops, &[])]), ..host() }
    }

    #[test]
    fn a_hook_that_stops_the_plugins_own_server_may_fail() {
        for (plugin, stopped) in [("nginx", "nginx.service"), ("apache", "httpd")] {
            let (severity, finding) =
                only(&CHECK, &lineage_with("authenticator", plugin), &stopping(&[stopped]));
            assert_eq!(severity, Severity::MayFail);
            assert!(finding.fix.unwrap().commands[0].starts_with("chmod a-x "));
        }
    }

    #[test]
    fn an_nginx_within_certbots_unit_may_fail() {
        let host = listening("nginx", Some("certbot.service"));
        let (severity, finding) = only(&CHECK, &lineage_with("authenticator", "nginx"), &host);
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.fix.unwrap().commands, ["kill 812", "systemctl start nginx"]);
    }

    #[test]
    fn another_server_and_a_server_in_its_own_unit_are_silent() {
        silent(&CHECK, &lineage_with("authenticator", "nginx"), &stopping(&["haproxy", "apache2"]));
        silent(&CHECK, &lineage_with("authenticator", "standalone"), &stopping(&["nginx"]));
        silent(&CHECK, &lineage_with("authenticator", "nginx"), &listening("nginx", Some("nginx.service")));
        silent(&CHECK, &lineage_with("authenticator", "nginx"), &host());
    }

    #[test]
    fn hooks_that_cannot_be_read_are_unknown() {
        let host = HostFacts { hooks: denied(Role::Other), ..host() };
        unknown(&CHECK, &lineage_with("authenticator", "nginx"), &host);
    }
}
