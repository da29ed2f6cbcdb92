//! `pref_challs` restricts certbot to challenges that nobody can do any more.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{DNS_01 as DNS, HTTP_01 as HTTP, HostFacts, Lineage, UNUSED, challenges, full_name};
use crate::forecast::certbot_release;

/// The preferred challenges are unknown to certbot, or none of them is one that the authenticator can do.
pub static CHECK: Check = Check {
    id: "preferred-challenge-gone",
    title: "the preferred challenges leave none that can be done",
    severity: Severity::WillFail,
    why: "the list is a restriction and no wish: certbot either refuses the conf (`Unrecognized challenges`) or stops \
          with `None of the preferred challenges are supported by the selected plugin`",
    fix: "delete the line pref_challs from the conf (preferred-challenges from cli.ini)",
    cites: &[
        "https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/auth_handler.py",
        "https://letsencrypt.org/docs/challenge-types/",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let cli = host.cli("preferred-challenges");
    let (place, setting) = match (cli, conf.param("pref_challs")) {
        (Some((file, setting)), _) => (format!("{}:{}", file.path, setting.line), setting),
        (None, Some(setting)) if host.given("preferred-challenges").is_none() => (conf.at(setting), setting),
        _ => return Ok(vec![]),
    };
    let wanted: Vec<&str> =
        setting.items().iter().flat_map(|i| i.split(',')).map(|c| full_name(c.trim())).collect();
    if wanted.iter().all(|c| c.is_empty()) {
        return Ok(vec![]);
    }
    let release = certbot_release(lineage, conf, host);
    let says = if let Some(gone) = wanted.iter().find(|c| !is_known(c, release)) {
        format!("{gone} is no challenge that certbot knows, so it refuses the conf of {}", lineage.name)
    } else {
        let Some(can) =
            lineage.authenticator().and_then(challenges).filter(|_| !host.chooses_authenticator(lineage))
        else {
            return Ok(vec![]);
        };
        let left: Vec<&str> = can.iter().copied().filter(|c| wanted.contains(c)).collect();
        let plugin = lineage.authenticator().unwrap_or_default();
        let wild = lineage.names().iter().find(|name| name.starts_with("*."));
        match wild {
            _ if left.is_empty() => {
                format!("{} may only use {}, and {plugin} cannot do that", lineage.name, wanted.join(", "))
            }
            Some(name) if can.contains(&DNS) && !left.contains(&DNS) => {
                format!("{name} needs dns-01, and {} may only use {}", lineage.name, wanted.join(", "))
            }
            _ => return Ok(vec![]),
        }
    };
    let finding = Finding::new(says).saw_wanted(place, setting.shown(), "no such line");
    let finding = match cli {
        Some((file, _)) => finding
            .about(Subject::Path(file.path.clone()))
            .fix(format!("delete the line from {}", file.path), Vec::<String>::new()),
        None => finding.fix(
            format!("delete the line from {}, then try it", conf.path),
            [format!("certbot renew --cert-name {} --dry-run", lineage.name)],
        ),
    };
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

/// certbot 1.0 dropped tls-sni-01 and certbot 5.0 tls-alpn-01.
/// <https://github.com/certbot/certbot/blob/main/certbot/CHANGELOG.md>
fn is_known(challenge: &str, release: Option<(u32, u32)>) -> bool {
    match challenge {
        DNS | HTTP | "" => true,
        "tls-alpn-01" => release.is_none_or(|release| release < (5, 0)),
        "tls-sni-01" => release.is_some_and(|release| release < (1, 0)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Subject};
    use crate::checks::testing::{
        cli_ini, denied, host, install, lineage, lineage_with, only, params, silent, unknown,
    };
    use crate::facts::{Role, SettingValue};

    #[test]
    fn tls_sni_is_refused_by_every_certbot_of_today() {
        let (severity, finding) = only(&CHECK, &lineage_with("pref_challs", "tls-sni-01"), &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("tls-sni-01"));
        only(&CHECK, &lineage_with("pref_challs", "http-01, tls-sni-01"), &host());
    }

    #[test]
    fn tls_alpn_is_refused_from_certbot_5_on_and_leaves_nothing_before() {
        only(&CHECK, &lineage_with("pref_challs", "tls-alpn-01"), &host());
        let mut host = host();
        host.installs = Ok(vec![install("2.1.0", &[])]);
        only(&CHECK, &lineage_with("pref_challs", "tls-alpn-01"), &host);
        silent(&CHECK, &lineage_with("pref_challs", "tls-alpn-01,http-01"), &host);
    }

    #[test]
    fn dns_alone_fails_with_webroot_and_http_alone_with_a_wildcard_by_hand() {
        only(&CHECK, &lineage_with("pref_challs", "dns"), &host());
        let mut manual = params(&[("authenticator", "manual"), ("pref_challs", "http-01")]);
        silent(&CHECK, &manual, &host());
        manual.cert.as_mut().unwrap().names.push("*.example.com".into());
        only(&CHECK, &manual, &host());
    }

    #[test]
    fn cli_ini_wins_over_every_conf_and_is_one_fault() {
        let host = cli_ini(&[("preferred-challenges", "dns-01")]);
        let (_, finding) = only(&CHECK, &lineage_with("pref_challs", "http-01"), &host);
        assert_eq!(finding.subject, Subject::Path("/etc/letsencrypt/cli.ini".into()));
    }

    #[test]
    fn a_list_that_leaves_one_is_silent() {
        let mut lineage = lineage_with("pref_challs", "http");
        silent(&CHECK, &lineage, &host());
        let conf = lineage.conf.as_mut().unwrap();
        let setting = conf.settings.iter_mut().find(|s| s.key == "pref_challs").unwrap();
        setting.value = SettingValue::List(vec!["dns-01".into(), "http-01".into()]);
        silent(&CHECK, &lineage, &host());
        silent(&CHECK, &params(&[("authenticator", "dns-ovh"), ("pref_challs", "dns-01")]), &host());
        silent(&CHECK, &params(&[("authenticator", "corp"), ("pref_challs", "dns-01")]), &host());
    }

    #[test]
    fn no_list_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}
