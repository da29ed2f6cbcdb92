//! The server that is to serve the challenge's file is stopped before the challenge.

use super::hooked::{APACHE, NGINX, with_stop};
use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::facts::{Before, HostFacts, Lineage, Listener, Missing, Role, UNUSED, Why, leaves_stopped};

/// A leftover `systemctl stop nginx` of the days of standalone.
pub static CHECK: Check = Check {
    id: "webroot-with-server-stopped",
    title: "the server is stopped before the challenge that it is to serve",
    severity: Severity::WillFail,
    why: "the webroot plugin only writes a file: with the server stopped by a pre hook nobody answers on port 80, and the CA \
          gets `Connection refused`",
    fix: "take the hooks that stop and start the server out; a deploy hook that reloads it is enough",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#webroot",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#pre-and-post-validation-hooks",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// Other servers that answer on port 80.
const OTHERS: [&str; 6] = ["caddy", "lighttpd", "haproxy", "traefik", "varnish", "h2o"];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    if lineage.authenticator() != Some("webroot") || host.chooses_authenticator(lineage) {
        return Ok(vec![]);
    }
    let before = host.runs_before(lineage)?;
    let own = host.own.as_ref().and_then(|own| own.as_ref().ok());
    let on_80: Vec<&Listener> = own.and_then(|own| own.on_80.as_ref()).into_iter().flatten().collect();
    let holder = |name: &str| {
        on_80.iter().find(|listener| listener.process.as_ref().is_some_and(|process| process.is_called(name)))
    };
    let seen = on_80.iter().any(|listener| listener.process.is_some());
    let serves = |name: &str| match seen {
        true => holder(name).is_some(),
        false => NGINX.contains(&name) || APACHE.contains(&name) || OTHERS.contains(&name),
    };
    let Some((by, name)) = leaves_stopped(&before, serves) else { return Ok(vec![]) };
    host.sees_certbots_paths()?;
    if let Some(other) = before.iter().find(|before| !before.acts.unread.is_empty()) {
        let why = Why::Unclear(format!("whether {} starts a server again is not known", other.command));
        return Err(Skip::Unknown(Missing::new(&other.r#where, why, Role::Other)));
    }
    let finding = finding(lineage, by, name, holder(name).copied());
    Ok(vec![if host.unused(lineage) { finding.lowered(Severity::Note, UNUSED) } else { finding }])
}

fn finding(lineage: &Lineage, by: &Before, name: &str, holder: Option<&Listener>) -> Finding {
    let name = name.strip_suffix(".service").unwrap_or(name);
    let says = format!("{name} is stopped before it is to serve the challenges of {}", lineage.name);
    let finding = with_stop(Finding::new(says).about(Subject::Lineage), by, name);
    match holder {
        Some(holder) => finding
            .evidence(Evidence { kind: Source::Process, ..Evidence::file("port 80", holder.to_string()) }),
        None => finding.lowered(Severity::MayFail, "who answers on port 80 was not seen"),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        before, denied, host, lineage, lineage_with, listening, loud, only, set, silent, unknown,
    };
    use crate::facts::{BeforeKind, HostFacts, Lineage, Role};

    fn stopping(command: &str, stops: &[&str]) -> Lineage {
        let mut lineage = lineage();
        set(lineage.conf.as_mut().unwrap(), "renewalparams", "pre_hook", command);
        lineage.pre_hook = Some(before(BeforeKind::Conf, stops, &[]).acts);
        lineage
    }

    fn nginx() -> HostFacts {
        listening("nginx", Some("nginx.service"))
    }

    #[test]
    fn a_hook_that_stops_who_serves_fails_it() {
        let lineage = stopping("systemctl stop nginx", &["nginx"]);
        let (severity, finding) = only(&CHECK, &lineage, &nginx());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.evidence[0].saw, "systemctl stop nginx");
        assert_eq!(loud(&[lineage], &nginx()), ["webroot-with-server-stopped"]);
    }

    #[test]
    fn where_nobody_was_seen_on_port_80_it_may_fail() {
        let lineage = stopping("systemctl stop nginx", &["nginx"]);
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::MayFail);
    }

    #[test]
    fn a_hook_for_another_service_or_another_plugin_is_silent() {
        silent(&CHECK, &stopping("systemctl stop exim4", &["exim4"]), &host());
        silent(
            &CHECK,
            &stopping("systemctl stop nginx", &["nginx"]),
            &listening("haproxy", Some("haproxy.service")),
        );
        silent(&CHECK, &lineage(), &nginx());
        let host = HostFacts { before: Some(vec![before(BeforeKind::Folder, &["nginx"], &[])]), ..nginx() };
        silent(&CHECK, &lineage_with("authenticator", "standalone"), &host);
    }

    #[test]
    fn a_command_that_may_start_one_again_is_unknown() {
        let lineage = stopping("systemctl stop nginx", &["nginx"]);
        let host = HostFacts { before: Some(vec![before(BeforeKind::Folder, &[], &["serve"])]), ..nginx() };
        unknown(&CHECK, &lineage, &host);
        unknown(&CHECK, &lineage, &HostFacts { hooks: denied(Role::Other), ..nginx() });
    }
}
