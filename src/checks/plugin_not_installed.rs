//! The conf's authenticator or installer is a plugin that no certbot on this host has.

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{HostFacts, Install, InstallKind, Lineage, Missing, Role, Why};

/// A plugin named by the conf is missing.
pub static CHECK: Check = Check {
    id: "plugin-not-installed",
    title: "a plugin that the renewal needs is not installed",
    severity: Severity::WillFail,
    why: "on the day the certificate is due certbot stops with `The requested … plugin does not appear to be installed`; \
          until then `certbot renew` says that all is well",
    fix: "install the plugin for the certbot that renews, or choose another way: certbot reconfigure --cert-name NAME",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#getting-certificates-and-choosing-plugins",
    ],
    explains: &["certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let installs = host.installs.as_ref()?;
    let mut findings = Vec::new();
    for key in ["authenticator", "installer"] {
        let Some(setting) = conf.param(key) else { continue };
        let Some(raw) = setting.text() else { continue };
        let plugin = raw.rsplit(':').next().unwrap_or(raw);
        let (mut with, mut without) = (0, Vec::new());
        let mut unclear = None;
        for install in installs {
            match &install.plugins {
                Ok(plugins) if plugins.iter().any(|p| p == plugin) => with += 1,
                Ok(_) => without.push(install),
                Err(missing) => unclear = Some(missing),
            }
        }
        if with > 0 && without.is_empty() {
            continue;
        }
        if installs.is_empty() && BUILT_IN.contains(&plugin) {
            continue;
        }
        if installs.is_empty() {
            let why =
                Why::Unclear("no certbot was found on this host, so its plugins cannot be known".into());
            return Err(Skip::Unknown(Missing::new("certbot's plugins", why, Role::Other)));
        }
        if let (0, Some(missing)) = (with, unclear) {
            if BUILT_IN.contains(&plugin) {
                continue;
            }
            return Err(Skip::Unknown(missing.clone()));
        }
        findings.push(finding(plugin, conf.at(setting), setting.shown(), &without, with > 0));
    }
    findings.dedup_by(|a, b| a.subject == b.subject);
    Ok(findings)
}

/// Plugins that are part of certbot itself.
const BUILT_IN: [&str; 4] = ["manual", "null", "standalone", "webroot"];

fn finding(plugin: &str, place: String, saw: String, without: &[&Install], elsewhere: bool) -> Finding {
    let named = |install: &Install| {
        let version = install.version.as_deref().unwrap_or("of unknown version");
        format!("certbot {version} ({}, {})", install.kind.word(), install.path)
    };
    let has_not = without.iter().map(|i| named(i)).collect::<Vec<_>>().join(" and ");
    let finding = Finding::new(format!("the plugin {plugin} is not installed for {has_not}"))
        .about(Subject::Plugin(plugin.to_owned()))
        .saw_wanted(place, saw, format!("a certbot with the plugin {plugin}"))
        .fix(
            "install the plugin, or choose another authenticator with certbot reconfigure",
            without.iter().map(|install| install_command(plugin, install.kind)),
        );
    finding.lowered_if(elsewhere, Severity::Note, "another certbot on this host has the plugin")
}

fn install_command(plugin: &str, kind: InstallKind) -> String {
    match kind {
        InstallKind::Package => format!("apt install python3-certbot-{plugin}"),
        InstallKind::Pip => format!("pip install certbot-{plugin}"),
        InstallKind::Snap => {
            format!("snap install certbot-{plugin} && snap connect certbot:plugin certbot-{plugin}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{host, install, lineage, lineage_with, only, silent, unknown};

    #[test]
    fn a_plugin_that_no_certbot_has_fails() {
        let (severity, finding) = only(&CHECK, &lineage_with("authenticator", "dns-cloudflare"), &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.subject, Subject::Plugin("dns-cloudflare".into()));
        assert!(finding.fix.unwrap().commands[0].contains("python3-certbot-dns-cloudflare"));
    }

    #[test]
    fn one_that_only_some_have_is_a_note() {
        let mut host = host();
        host.installs.as_mut().unwrap().push(install("2.1.0", &[]));
        assert_eq!(only(&CHECK, &lineage_with("authenticator", "nginx"), &host).0, Severity::Note);
    }

    #[test]
    fn an_installed_plugin_is_silent_also_under_its_old_prefixed_name() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage_with("authenticator", "certbot-nginx:nginx"), &host());
    }

    #[test]
    fn a_host_without_certbot_is_unknown() {
        let mut host = host();
        host.installs = Ok(vec![]);
        unknown(&CHECK, &lineage_with("authenticator", "dns-cloudflare"), &host);
    }
}
