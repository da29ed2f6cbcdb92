//! The conf's authenticator or installer is a plugin that no certbot on this host has.

use crate::check::{Check, Finding, Run, Severity, Skip, Subject, Verdict};
use crate::facts::{
    Conf, HostFacts, Install, InstallKind, Lineage, Missing, Os, Role, Setting, Why, is_plain,
};

/// A plugin named by the conf is missing.
pub static CHECK: Check = Check {
    id: "plugin-not-installed",
    title: "a plugin that the renewal needs is not installed",
    severity: Severity::WillFail,
    why: "on the day the certificate is due certbot stops with `The requested … plugin does not appear to be installed`, or \
          only reloads no server where it is the installer; until then `certbot renew` says that all is well",
    fix: "install the plugin for the certbot that renews, or choose another way: certbot reconfigure --cert-name NAME \
          (certbot 2.3 and later)",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#getting-certificates-and-choosing-plugins",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let installs = host.installs.as_ref()?;
    let mut findings = Vec::new();
    for key in ["authenticator", "installer"] {
        let Some(setting) = conf.param(key) else {
            continue;
        };
        let Some(raw) = setting.text() else { continue };
        let plugin = raw.rsplit(':').next().unwrap_or(raw);
        let (mut with, mut without) = (0, Vec::new());
        let mut unclear = None;
        for install in installs {
            match &install.plugins {
                // certbot 2.0 dropped the prefix of a distribution: `certbot-dns-x:dns-x` is then no plugin's name.
                Ok(plugins)
                    if plugins.iter().any(|p| p == plugin)
                        && (raw == plugin || install.release().is_none_or(|release| release < (2, 0))) =>
                {
                    with += 1;
                }
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
        let mut found = finding(plugin, conf.at(setting), setting.shown(), &without, &host.os);
        if key == "installer" {
            found = of_installer(found, conf, setting);
        }
        findings.push(found.lowered_if(with > 0, Severity::Note, ELSEWHERE));
    }
    findings.dedup_by(|a, b| a.subject == b.subject);
    Ok(findings)
}

/// Plugins that are part of certbot itself.
const BUILT_IN: [&str; 4] = ["manual", "null", "standalone", "webroot"];

/// Plugins that the certbot snap brings with it.
const IN_THE_SNAP: [&str; 2] = ["apache", "nginx"];

const ELSEWHERE: &str = "another certbot on this host has the plugin";

fn finding(plugin: &str, place: String, saw: String, without: &[&Install], os: &Os) -> Finding {
    let has_not = without.iter().map(|i| named(i)).collect::<Vec<_>>().join(" and ");
    Finding::new(format!("the plugin {plugin} is not installed for {has_not}"))
        .about(Subject::Plugin(plugin.to_owned()))
        .saw_wanted(place, saw, format!("a certbot with the plugin {plugin}"))
        .fix(
            "install the plugin, or renew with another authenticator",
            without.iter().flat_map(|install| install_commands(plugin, install, os)),
        )
}

/// Without its installer certbot 2.1 to 5.8 go on to the CA, and only reload nothing afterwards.
/// <https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/plugins/selection.py>
fn of_installer(mut finding: Finding, conf: &Conf, setting: &Setting) -> Finding {
    finding.says = finding.says.replacen("the plugin", "the installer", 1);
    if let Some(fix) = &mut finding.fix {
        fix.summary = format!(
            "install the plugin; or delete line {} of {} and reload the server in a deploy hook",
            setting.line, conf.path
        );
    }
    finding.lowered(Severity::MayFail, "certbot renews without its installer, and only reloads no server")
}

/// The pip of a certbot; the site folder of a virtual environment is `VENV/lib/pythonX.Y/site-packages`.
pub(super) fn pip(install: &Install) -> String {
    let venv = install.path.rsplit_once("/lib/").or_else(|| install.path.rsplit_once("/lib64/"));
    let own = |venv: &&str| is_plain(venv) && !["/usr", "/usr/local"].contains(venv);
    let venv = venv.map(|(venv, _)| venv).filter(own);
    venv.map_or_else(|| "pip".to_owned(), |venv| format!("{venv}/bin/pip"))
}

/// A certbot as people tell it from others.
pub(super) fn named(install: &Install) -> String {
    let version = install.version.as_deref().unwrap_or("of unknown version");
    format!("certbot {version} ({}, {})", install.kind.word(), install.path)
}

fn install_commands(plugin: &str, install: &Install, os: &Os) -> Vec<String> {
    match install.kind {
        _ if BUILT_IN.contains(&plugin) => vec![],
        InstallKind::Snap if IN_THE_SNAP.contains(&plugin) => {
            vec!["snap refresh certbot".to_owned()]
        }
        // <https://eff-certbot.readthedocs.io/en/stable/install.html#snap-recommended>
        InstallKind::Snap => vec![
            "snap set certbot trust-plugin-with-root=ok".to_owned(),
            format!("snap install certbot-{plugin}"),
            format!("snap connect certbot:plugin certbot-{plugin}"),
        ],
        InstallKind::Pip => vec![format!("{} install certbot-{plugin}", pip(install))],
        InstallKind::Package => {
            let is = |word: &str| os.id == word || os.like.split_whitespace().any(|like| like == word);
            vec![if os.is_rhel() {
                format!("dnf install python3-certbot-{plugin}")
            } else if is("alpine") {
                format!("apk add certbot-{plugin}")
            } else if is("arch") {
                format!("pacman -S certbot-{plugin}")
            } else if is("suse") || is("opensuse") || os.id.starts_with("opensuse") {
                format!("zypper install python3-certbot-{plugin}")
            } else {
                format!("apt install python3-certbot-{plugin}")
            }]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHECK, install_commands};
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{host, install, lineage, lineage_with, only, params, silent, unknown};
    use crate::facts::{Install, InstallKind, Os};

    #[test]
    fn a_plugin_that_no_certbot_has_fails() {
        let (severity, finding) = only(&CHECK, &lineage_with("authenticator", "dns-cloudflare"), &host());
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.subject, Subject::Plugin("dns-cloudflare".into()));
        assert!(finding.fix.unwrap().commands[0].contains("python3-certbot-dns-cloudflare"));
    }

    #[test]
    fn an_installer_alone_may_fail_and_is_not_replaced_by_an_authenticator() {
        let (severity, finding) = only(&CHECK, &lineage_with("installer", "apache"), &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.fix.unwrap().summary.contains("deploy hook"));
    }

    #[test]
    fn an_authenticator_that_is_the_installer_too_is_one_finding_and_fails() {
        let lineage = params(&[("authenticator", "apache"), ("installer", "apache")]);
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::WillFail);
    }

    #[test]
    fn each_certbot_gets_its_plugins_in_its_own_way() {
        let said = |kind, path: &str, os: &str| {
            let install = Install { kind, path: path.into(), ..install("5.8.0", &[]) };
            let os = Os { id: os.into(), ..Os::default() };
            install_commands("dns-ovh", &install, &os).join(" && ")
        };
        let package = |os| said(InstallKind::Package, "/usr/lib/python3/dist-packages", os);
        assert_eq!(package("debian"), "apt install python3-certbot-dns-ovh");
        assert_eq!(package("almalinux"), "dnf install python3-certbot-dns-ovh");
        assert_eq!(package("alpine"), "apk add certbot-dns-ovh");
        assert_eq!(package("arch"), "pacman -S certbot-dns-ovh");
        assert_eq!(package("opensuse-leap"), "zypper install python3-certbot-dns-ovh");
        let pip = |path| said(InstallKind::Pip, path, "debian");
        let venv = "/opt/certbot/lib/python3.11/site-packages";
        assert_eq!(pip(venv), "/opt/certbot/bin/pip install certbot-dns-ovh");
        assert_eq!(pip("/opt/a b/lib/python3.11/site-packages"), "pip install certbot-dns-ovh");
        assert_eq!(pip("/usr/local/lib/python3.11/dist-packages"), "pip install certbot-dns-ovh");
        let snap = said(InstallKind::Snap, "/snap/certbot", "ubuntu");
        assert!(
            snap.starts_with("snap set certbot trust-plugin-with-root=ok && snap install certbot-dns-ovh")
        );
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
        let mut old = host();
        old.installs = Ok(vec![install("1.12.0", &["nginx"])]);
        silent(&CHECK, &lineage_with("authenticator", "certbot-nginx:nginx"), &old);
        only(&CHECK, &lineage_with("authenticator", "certbot-nginx:nginx"), &host());
    }

    #[test]
    fn a_host_without_certbot_is_unknown() {
        let mut host = host();
        host.installs = Ok(vec![]);
        unknown(&CHECK, &lineage_with("authenticator", "dns-cloudflare"), &host);
    }
}
