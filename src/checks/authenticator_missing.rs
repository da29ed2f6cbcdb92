//! `[renewalparams]` without an authenticator.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{Conf, HostFacts, Lineage, Setting, SettingValue, is_plain, try_it};

/// The conf does not name the plugin that proves control of the names.
pub static CHECK: Check = Check {
    id: "authenticator-missing",
    title: "the renewal configuration names no authenticator",
    severity: Severity::WillFail,
    why: "certbot says `Renewal configuration file … does not specify an authenticator. Skipping.` at every renewal",
    fix: "write `authenticator = …` below [renewalparams] in renewal/NAME.conf; certbot reconfigure refuses such a conf",
    cites: &[
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#getting-certificates-and-choosing-plugins",
    ],
    explains: &[
        "typed-value-invalid",
        "cert-unreadable-pem",
        "certificate-covers-no-name",
        "ari-window-missed",
        "certificate-expired",
    ],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some(head) = conf.sections.iter().find(|s| s.path == "renewalparams") else {
        return Err(Skip::NotApplicable("the conf has no [renewalparams]"));
    };
    let plugin = had(conf).unwrap_or("PLUGIN".into());
    let (place, saw, edit) = match conf.setting("renewalparams", "authenticator") {
        None => (
            format!("{}:{}", conf.path, head.line),
            "no `authenticator` in [renewalparams]".to_owned(),
            format!("{}a", head.line),
        ),
        // `None` passes certbot's first test and then leaves it without a plugin, unless cli.ini names one.
        Some(s) if matches!(&s.value, SettingValue::Text(t) if t.is_empty() || t == "None") => {
            if host.cli("authenticator").is_some() {
                return Ok(vec![]);
            }
            (conf.at(s), s.shown(), format!("{}c", s.line))
        }
        Some(_) => return Ok(vec![]),
    };
    let finding =
        Finding::new(format!("the renewal configuration of {} names no authenticator", lineage.name))
            .saw_wanted(place, saw, "authenticator = webroot, nginx, a DNS plugin …")
            .fix(
                match plugin.as_str() {
                    "PLUGIN" => {
                        "name it: webroot, nginx, apache, standalone or the plugin of your DNS provider"
                    }
                    _ => "name the one whose options the conf still has",
                },
                [format!("sed -i '{edit} authenticator = {plugin}' {}", conf.path), try_it(lineage)],
            );
    Ok(vec![finding])
}

/// The plugin that the conf's other options belong to.
fn had(conf: &Conf) -> Option<String> {
    let of_dns = |s: &Setting| {
        let (plugin, _) = s.key.strip_prefix("dns_")?.split_once('_')?;
        Some(format!("dns-{plugin}")).filter(|plugin| is_plain(plugin))
    };
    let params = conf.settings.iter().filter(|s| s.section == "renewalparams");
    if conf.webroot_map().next().is_some() || conf.webroot_path().is_some() {
        return Some("webroot".into());
    }
    if conf.param("manual_auth_hook").is_some() {
        return Some("manual".into());
    }
    let installer = conf.param_text("installer").filter(|plugin| ["nginx", "apache"].contains(plugin));
    params.filter_map(of_dns).next().or(installer.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::{CHECK, had};
    use crate::check::Severity;
    use crate::checks::testing::{
        conf, denied, host, lineage, lineage_with, loud, only, silent, unknown, unset,
    };
    use crate::facts::Role;

    #[test]
    fn a_conf_without_an_authenticator_fails_and_is_the_only_loud_finding() {
        let mut lineage = lineage();
        unset(lineage.conf.as_mut().unwrap(), "renewalparams", "authenticator");
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        let sed = "sed -i '7a authenticator = webroot' /etc/letsencrypt/renewal/example.com.conf";
        assert_eq!(finding.fix.unwrap().commands[0], sed);
        assert_eq!(loud(&[lineage], &host()), ["authenticator-missing"]);
    }

    #[test]
    fn none_and_nothing_are_no_authenticators() {
        only(&CHECK, &lineage_with("authenticator", "None"), &host());
        let (_, finding) = only(&CHECK, &lineage_with("authenticator", ""), &host());
        assert!(finding.fix.unwrap().commands[0].starts_with("sed -i '9c authenticator = webroot'"));
    }

    #[test]
    fn the_plugin_is_guessed_from_its_options_alone() {
        let with = |key: &str| had(&conf(&[("renewalparams", key, "x")]));
        assert_eq!(with("dns_cloudflare_credentials").as_deref(), Some("dns-cloudflare"));
        assert_eq!(with("manual_auth_hook").as_deref(), Some("manual"));
        assert_eq!(with("installer"), None);
        assert_eq!(had(&conf(&[("renewalparams", "installer", "nginx")])).as_deref(), Some("nginx"));
    }

    #[test]
    fn a_conf_that_names_one_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}
