//! Apache has no virtual host on port 80, which certbot's plugin needs.

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, Listen, ServerKind, UNUSED};

/// `authenticator = apache`, and no `<VirtualHost *:80>` in what was read.
pub static CHECK: Check = Check {
    id: "apache-no-port80-vhost",
    title: "no virtual host of Apache is on port 80",
    severity: Severity::MayFail,
    why: "certbot's Apache plugin puts the challenge into the virtual hosts of port 80 and ends with `Unable to find a virtual \
          host listening on port 80 which is currently needed for Certbot to prove to the CA that you control your domain`",
    fix: "add a <VirtualHost *:80> with the names as ServerName and ServerAlias; it may redirect everything to https",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#apache",
        "https://github.com/certbot/certbot/blob/main/certbot-apache/src/certbot_apache/_internal/http_01.py",
        "https://github.com/certbot/certbot/issues/6885",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    if lineage.authenticator() != Some("apache") || host.chooses_authenticator(lineage) {
        return Ok(vec![]);
    }
    if ["apache_server_root", "apache_vhost_root", "http01_port"].iter().any(|key| conf.param(key).is_some())
    {
        return Err(Skip::NotApplicable(
            "the plugin works on another configuration or port than the usual one",
        ));
    }
    let lines: Vec<&Listen> =
        host.servers.listens.iter().filter(|line| line.server == ServerKind::Apache).collect();
    let Some(first) = lines.first() else {
        return Err(Skip::NotApplicable("no configuration of Apache was read"));
    };
    let hosts = || lines.iter().filter(|line| line.directive == "virtualhost");
    if hosts().any(|line| line.addresses.iter().any(|address| may_be_80(address))) {
        return Ok(vec![]);
    }
    let of_apache = |path: &str| path.contains("apache") || path.contains("httpd");
    if let Some(missing) = host.servers.unread.iter().find(|missing| of_apache(&missing.what)) {
        return Err(Skip::Unknown(missing.clone()));
    }
    host.sees_certbots_paths()?;
    let shown = hosts().next().unwrap_or(first);
    let addresses = shown.addresses.join(" ");
    let saw = match shown.directive.as_str() {
        "virtualhost" => format!("<VirtualHost {addresses}>"),
        _ => format!("Listen {addresses}, and no <VirtualHost> at all"),
    };
    let finding = Finding::new(format!("Apache has no virtual host on port 80 for {}", lineage.name))
        .about(Subject::Process("apache".into()))
        .saw_wanted(&shown.r#where, saw, "<VirtualHost *:80>");
    Ok(vec![if host.unused(lineage) { finding.lowered(Severity::Note, UNUSED) } else { finding }])
}

/// Whether a virtual host's address takes port 80, as certbot reads it: without a port it takes any.
fn may_be_80(address: &str) -> bool {
    let after = address.rsplit_once(']').map_or(address, |(_, after)| after);
    match after.rsplit_once(':') {
        Some((_, port)) => port == "80" || port == "*" || port.contains("${"),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage_with, loud, only, params, silent, unknown};
    use crate::facts::{HostFacts, Listen, Role, ServerKind};

    fn apache(lines: &[(&str, &str)]) -> HostFacts {
        let mut host = host();
        let listen = |(directive, address): &(&str, &str)| Listen {
            server: ServerKind::Apache,
            r#where: "/etc/apache2/sites-enabled/a.conf:1".into(),
            directive: (*directive).into(),
            addresses: vec![(*address).into()],
        };
        host.servers.listens = lines.iter().map(listen).collect();
        host.installs.as_mut().unwrap()[0].plugins.as_mut().unwrap().push("apache".into());
        host
    }

    #[test]
    fn only_virtual_hosts_on_other_ports_may_fail() {
        let lineage = lineage_with("authenticator", "apache");
        for lines in [
            &[("listen", "80"), ("virtualhost", "*:443")][..],
            &[("virtualhost", "[::]:443")],
            &[("listen", "80")],
        ] {
            assert_eq!(only(&CHECK, &lineage, &apache(lines)).0, Severity::MayFail);
        }
        assert_eq!(
            loud(&[lineage], &apache(&[("virtualhost", "_default_:443")])),
            ["apache-no-port80-vhost"]
        );
    }

    #[test]
    fn a_virtual_host_that_may_be_on_port_80_is_silent() {
        let lineage = lineage_with("authenticator", "apache");
        for address in
            ["*:80", "192.0.2.1:80", "[2001:db8::1]:80", "*", "[2001:db8::1]", "web.example", "*:${HTTP}"]
        {
            silent(&CHECK, &lineage, &apache(&[("virtualhost", "*:443"), ("virtualhost", address)]));
        }
        silent(&CHECK, &lineage, &host());
        silent(&CHECK, &lineage_with("authenticator", "nginx"), &apache(&[("virtualhost", "*:443")]));
        let elsewhere = params(&[("authenticator", "apache"), ("apache_server_root", "/opt/apache")]);
        silent(&CHECK, &elsewhere, &apache(&[("virtualhost", "*:443")]));
    }

    #[test]
    fn a_file_that_cannot_be_read_may_have_one() {
        let mut host = apache(&[("virtualhost", "*:443")]);
        let mut missing = denied::<()>(Role::Other).unwrap_err();
        missing.what = "/etc/apache2/sites-enabled/b.conf".into();
        host.servers.unread = vec![missing];
        unknown(&CHECK, &lineage_with("authenticator", "apache"), &host);
    }
}
