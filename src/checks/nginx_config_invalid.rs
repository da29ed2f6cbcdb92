//! The web server refuses its own configuration, and so certbot's plugin refuses to work.

use crate::check::{Check, Evidence, Finding, Run, Severity, Skip, Source, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, ServerKind};

/// `nginx -t` or `apachectl configtest` fails.
pub static CHECK: Check = Check {
    id: "nginx-config-invalid",
    title: "the web server refuses its own configuration",
    severity: Severity::WillFail,
    why: "certbot's plugin tests the configuration before it begins and gives up: `The nginx plugin is not working; there may \
          be problems with your existing configuration. The error was: MisconfigurationError`; a reload or a restart fails too",
    fix: "mend what `nginx -t` or `apachectl configtest` says; a line that names a deleted lineage can go",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#nginx",
        "https://nginx.org/en/docs/switches.html",
        "https://github.com/certbot/certbot/issues/5597",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// Keys that lead the plugin to another server than the one that was asked.
const ELSEWHERE: [&str; 4] = ["nginx_server_root", "nginx_ctl", "apache_server_root", "apache_ctl"];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let kind = |plugin: Option<&str>| match plugin {
        Some("nginx") => Some(ServerKind::Nginx),
        Some("apache") => Some(ServerKind::Apache),
        _ => None,
    };
    let answers = kind(lineage.authenticator()).filter(|_| !host.chooses_authenticator(lineage));
    let Some(server) = answers.or(kind(lineage.installer())) else { return Ok(vec![]) };
    if ELSEWHERE.iter().any(|key| conf.param(key).is_some()) {
        return Err(Skip::NotApplicable(
            "the plugin works on another configuration than the server's usual one",
        ));
    }
    let test = host.servers.tests.iter().find(|test| test.server == server);
    let test = test.ok_or(Skip::NotAsked("the server was not asked to test its configuration"))?;
    let said = test.said.as_ref()?;
    let Some(first) = said.first() else { return Ok(vec![]) };
    let word = server.word();
    let evidence = |line: &String| Evidence { kind: Source::Process, ..Evidence::file(&test.command, line) };
    let finding =
        Finding::new(format!("{word} refuses its own configuration, and certbot's {word} plugin with it"))
            .about(Subject::Process(word.to_owned()))
            .evidence(Evidence { wanted: Some("a test that succeeds".into()), ..evidence(first) });
    let finding = said.iter().skip(1).fold(finding, |finding, line| finding.evidence(evidence(line)));
    Ok(vec![
        finding.fix("mend the configuration until its test succeeds", [test.command.as_str()]).lowered_if(
            answers.is_none(),
            Severity::MayFail,
            "the plugin only installs the certificate",
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage_with, loud, only, params, silent, unknown};
    use crate::facts::{ConfigTest, Fact, HostFacts, Role, ServerKind};

    fn said(said: Fact<Vec<String>>) -> HostFacts {
        let mut host = host();
        host.servers.tests =
            vec![ConfigTest { server: ServerKind::Nginx, command: "/usr/sbin/nginx -t".into(), said }];
        host
    }

    fn refused() -> HostFacts {
        said(Ok(vec!["nginx: [emerg] unknown directive \"sever\" in /etc/nginx/nginx.conf:9".into()]))
    }

    #[test]
    fn a_configuration_that_nginx_refuses_fails_its_plugin() {
        let lineage = lineage_with("authenticator", "nginx");
        let (severity, finding) = only(&CHECK, &lineage, &refused());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.evidence[0].saw.contains("[emerg]"));
        assert_eq!(loud(&[lineage], &refused()), ["nginx-config-invalid"]);
    }

    #[test]
    fn a_plugin_that_only_installs_may_fail() {
        assert_eq!(only(&CHECK, &lineage_with("installer", "nginx"), &refused()).0, Severity::MayFail);
    }

    #[test]
    fn a_good_configuration_another_plugin_and_another_server_are_silent() {
        silent(&CHECK, &lineage_with("authenticator", "nginx"), &said(Ok(vec![])));
        silent(&CHECK, &lineage_with("authenticator", "nginx"), &host());
        silent(&CHECK, &lineage_with("authenticator", "apache"), &refused());
        silent(&CHECK, &lineage_with("authenticator", "webroot"), &refused());
        let elsewhere = params(&[("authenticator", "nginx"), ("nginx_server_root", "/opt/nginx")]);
        silent(&CHECK, &elsewhere, &refused());
    }

    #[test]
    fn who_may_not_ask_does_not_know() {
        unknown(&CHECK, &lineage_with("authenticator", "nginx"), &said(denied(Role::Other)));
    }
}
