//! Somebody else has the port that the standalone plugin needs.

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::facts::{Before, Freed, HostFacts, Lineage, Listener, Missing, Process, Role, UNUSED, Why, freed};

/// `authenticator = standalone`, a server on port 80, and nothing that stops it first.
pub static CHECK: Check = Check {
    id: "port80-taken-standalone",
    title: "another server has the port that standalone needs",
    severity: Severity::WillFail,
    why: "certbot's standalone plugin opens port 80 itself and ends with `Could not bind TCP port 80 because it is already \
          in use by another process on this system (such as a web server)`",
    fix: "let certbot use the server that runs: certbot reconfigure --cert-name NAME --nginx, --apache or \
          --webroot -w DIR (certbot 2.3 and later); or stop it in a pre hook and start it in a post hook",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#standalone",
        "https://github.com/certbot/certbot/issues/5840",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some(port) = host.standalone_port(lineage)? else { return Ok(vec![]) };
    let listens = host.own()?.listens.as_ref()?;
    if !listens.contains(&port) {
        return Ok(vec![]);
    }
    if port != 80 {
        return Err(Skip::NotApplicable("it listens on a port that a proxy leads to"));
    }
    let held = host.in_the_way(lineage).ok_or(Skip::NotAsked("these facts do not tell who listens"))?;
    let of_client =
        |process: &Process| process.name.starts_with("certbot") || process.name.starts_with("acme-audit");
    let Some(holder) = held.iter().find(|l| !l.process.as_ref().is_some_and(of_client)) else {
        return Ok(vec![]);
    };
    host.sees_certbots_paths()?;
    if matches!(host.locked_by, Some(Ok(Some(_)))) {
        return Err(Skip::NotApplicable("a certbot runs now, and may have the port itself"));
    }
    let before = host.runs_before(lineage)?;
    match freed(&before, holder.process.as_ref()) {
        Freed::By(_) => Ok(vec![]),
        Freed::Perhaps(hook) => {
            let why = Why::Unclear(format!("whether {} frees port 80 is not known", hook.command));
            Err(Skip::Unknown(Missing::new(&hook.r#where, why, Role::Other)))
        }
        Freed::NotBy(hooks) => {
            let finding = finding(lineage, host, holder, &hooks);
            Ok(vec![if host.unused(lineage) { finding.lowered(Severity::Note, UNUSED) } else { finding }])
        }
    }
}

fn finding(lineage: &Lineage, host: &HostFacts, holder: &Listener, hooks: &[&Before]) -> Finding {
    let name = holder.process.as_ref().map_or("another process", |process| process.name.as_str());
    let mut finding =
        Finding::new(format!("{name} has port 80, which standalone needs for {}", lineage.name))
            .about(Subject::Process(format!("{name} on port 80")))
            .evidence(Evidence {
                kind: Source::Process,
                wanted: Some("a free port, or a pre hook that frees it".into()),
                ..Evidence::file("port 80", holder.to_string())
            });
    if let Some(setting) =
        lineage.conf.as_ref().ok().and_then(|conf| Some((conf, conf.param("authenticator")?)))
    {
        finding = finding.saw(setting.0.at(setting.1), setting.1.shown());
    }
    for hook in hooks {
        finding = finding.saw_wanted(&hook.r#where, &hook.command, format!("a command that stops {name}"));
    }
    let finding = finding
        .lowered_if(!lasts(holder, host), Severity::MayFail, "it is no service, and may be gone by then")
        .lowered_if(
            holder.address.is_ipv6(),
            Severity::MayFail,
            "it is seen on IPv6 alone, and may leave IPv4 free",
        )
        .lowered_if(
            !hooks.is_empty(),
            Severity::MayFail,
            "a hook runs before, and may do more than its text says",
        );
    let plugin = match name {
        "nginx" => "nginx",
        "apache2" | "httpd" => "apache",
        _ => return finding,
    };
    let installed = host.installs.iter().flatten().any(|install| {
        install.plugins.as_ref().is_ok_and(|plugins| plugins.iter().any(|known| known == plugin))
    });
    match installed {
        true => finding.fix(
            format!("let certbot use the {plugin} that runs"),
            [host.reconfigure(lineage, &format!("--{plugin}"))],
        ),
        false => finding,
    }
}

/// Whether it is there at any time: a service, or on a host without systemd whatever listens there.
fn lasts(holder: &Listener, host: &HostFacts) -> bool {
    !host.os.systemd
        || holder.process.as_ref().is_some_and(|process| process.unit.is_some() || process.pid == 1)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        before, denied, host, lineage_with, listening, loud, only, silent, unknown,
    };
    use crate::facts::{BeforeKind, HostFacts, Lineage, Role};

    fn standalone() -> Lineage {
        lineage_with("authenticator", "standalone")
    }

    fn with_hook(stops: &[&str], unread: &[&str]) -> HostFacts {
        let mut host = listening("nginx", Some("nginx.service"));
        host.before = Some(vec![before(BeforeKind::Folder, stops, unread)]);
        host
    }

    #[test]
    fn a_server_that_nobody_stops_fails_it() {
        let host = listening("nginx", Some("nginx.service"));
        let (severity, finding) = only(&CHECK, &standalone(), &host);
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.evidence[0].saw, "nginx (pid 812, nginx.service) on 0.0.0.0:80");
        assert_eq!(finding.fix.unwrap().commands, ["certbot reconfigure --cert-name example.com --nginx"]);
        assert_eq!(loud(&[standalone()], &host), ["port80-taken-standalone"]);
    }

    #[test]
    fn what_is_no_service_may_be_gone_by_then() {
        for name in ["python3", "nginx"] {
            assert_eq!(only(&CHECK, &standalone(), &listening(name, None)).0, Severity::MayFail);
        }
        let mut host = listening("nginx", None);
        host.os.systemd = false;
        assert_eq!(only(&CHECK, &standalone(), &host).0, Severity::WillFail);
    }

    #[test]
    fn a_server_on_ipv6_alone_may_leave_ipv4_free() {
        let mut host = listening("nginx", Some("nginx.service"));
        let own = host.own.as_mut().unwrap().as_mut().unwrap();
        own.on_80.as_mut().unwrap()[0].address = "[::]:80".parse().unwrap();
        assert_eq!(only(&CHECK, &standalone(), &host).0, Severity::MayFail);
        let own = host.own.as_mut().unwrap().as_mut().unwrap();
        own.on_80.as_mut().unwrap()[0].address = "[::1]:80".parse().unwrap();
        silent(&CHECK, &standalone(), &host);
    }

    #[test]
    fn a_hook_that_stops_something_else_may_do_more_than_it_says() {
        let (severity, finding) = only(&CHECK, &standalone(), &with_hook(&["haproxy"], &[]));
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.evidence[2].wanted.as_deref(), Some("a command that stops nginx"));
    }

    #[test]
    fn a_hook_that_stops_it_is_silent_and_one_that_is_not_understood_unknown() {
        silent(&CHECK, &standalone(), &with_hook(&["nginx"], &[]));
        unknown(&CHECK, &standalone(), &with_hook(&[], &["free-port.py"]));
        let mut lineage = lineage_with("authenticator", "standalone");
        crate::checks::testing::set(
            lineage.conf.as_mut().unwrap(),
            "renewalparams",
            "pre_hook",
            "service nginx stop",
        );
        lineage.pre_hook = Some(before(BeforeKind::Conf, &["nginx"], &[]).acts);
        silent(&CHECK, &lineage, &listening("nginx", Some("nginx.service")));
    }

    #[test]
    fn a_free_port_another_port_and_another_plugin_are_silent() {
        let mut free = listening("nginx", Some("nginx.service"));
        let own = free.own.as_mut().unwrap().as_mut().unwrap();
        (own.listens, own.on_80) = (Ok(vec![22]), Some(vec![]));
        silent(&CHECK, &standalone(), &free);
        let nginx = listening("nginx", Some("nginx.service"));
        silent(
            &CHECK,
            &crate::checks::testing::params(&[("authenticator", "standalone"), ("http01_port", "8888")]),
            &nginx,
        );
        silent(&CHECK, &lineage_with("authenticator", "nginx"), &nginx);
        silent(&CHECK, &standalone(), &host());
        silent(&CHECK, &standalone(), &listening("certbot", Some("certbot.service")));
        let locked = HostFacts { locked_by: Some(Ok(Some(812))), ..nginx };
        silent(&CHECK, &standalone(), &locked);
    }

    #[test]
    fn hooks_and_ports_that_cannot_be_looked_at_are_unknown() {
        let mut host = listening("nginx", Some("nginx.service"));
        host.hooks = denied(Role::Other);
        unknown(&CHECK, &standalone(), &host);
        let mut host = listening("nginx", Some("nginx.service"));
        host.own.as_mut().unwrap().as_mut().unwrap().listens = denied(Role::Other);
        unknown(&CHECK, &standalone(), &host);
    }
}
