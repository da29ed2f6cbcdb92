//! The manual plugin has nobody to ask when a timer runs it, and no script that answers instead.

use crate::check::{Check, Finding, Fix, Run, Severity, Verdict};
use crate::facts::{DIR, HostFacts, Lineage, UNUSED};

/// `authenticator = manual` without `manual_auth_hook`.
pub static CHECK: Check = Check {
    id: "manual-without-auth-hook",
    title: "the certificate was made by hand, and no script is set that could do it again",
    severity: Severity::WillFail,
    why: "on the day it is due certbot stops with `An authentication script must be provided with --manual-auth-hook`; \
          until then `certbot renew` says that all is well",
    fix: "choose a way that needs no hand: certbot reconfigure --cert-name NAME with --webroot -w DIR, a DNS plugin or \
          --manual-auth-hook (certbot 2.3 and later)",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#manual"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    if lineage.authenticator() != Some("manual") || host.chooses_authenticator(lineage) {
        return Ok(vec![]);
    }
    let hook = conf.param("manual_auth_hook");
    // An empty value is as good as none: the plugin asks for the value's truth.
    if hook.is_some_and(|s| s.text() != Some("")) || host.given("manual-auth-hook").is_some() {
        return Ok(vec![]);
    }
    let Some(setting) = conf.param("authenticator") else {
        return Ok(vec![]);
    };
    let name = &lineage.name;
    let fix = match lineage.names().iter().any(|n| n.starts_with("*.")) {
        true => Fix {
            summary: "let a script answer the challenge, or use the plugin of your DNS provider".into(),
            commands: vec![host.reconfigure(lineage, "--manual-auth-hook COMMAND")],
        },
        false => through_a_webroot(lineage, host, &conf.allow("http-01")),
    };
    let mut finding = Finding::new(format!(
        "{name} was made by hand and has no manual_auth_hook to renew it"
    ))
    .saw_wanted(conf.at(setting), setting.shown(), "a manual_auth_hook, or another authenticator");
    finding.fix = Some(fix);
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

fn through_a_webroot(lineage: &Lineage, host: &HostFacts, challenge: &str) -> Fix {
    let names: Vec<&str> = lineage.names().iter().map(String::as_str).collect();
    let root = host.served_from(lineage, &names, "").map(|(root, _)| root);
    let through = "let certbot answer the challenge by itself, for example through the web server";
    Fix {
        summary: root.map_or_else(|| format!("{through}; {DIR}"), |_| through.to_owned()),
        commands: vec![
            host.reconfigure(lineage, &format!("--webroot -w {}{challenge}", root.unwrap_or("DIR"))),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        cli_ini, denied, host, lineage, lineage_with, only, params, silent, unknown, with_command,
    };
    use crate::facts::Role;

    #[test]
    fn manual_without_a_script_fails() {
        let (severity, finding) = only(&CHECK, &lineage_with("authenticator", "manual"), &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.evidence[0].r#where.ends_with("example.com.conf:9"));
    }

    #[test]
    fn a_challenge_that_a_web_root_cannot_answer_is_no_longer_asked_for() {
        let manual = params(&[("authenticator", "manual"), ("pref_challs", "dns-01")]);
        let fix = only(&CHECK, &manual, &host()).1.fix.unwrap();
        assert!(fix.commands[0].ends_with("--webroot -w DIR --preferred-challenges http-01"));
        assert!(fix.summary.ends_with("serves this name from"));
    }

    #[test]
    fn a_wildcard_is_not_sent_to_a_web_root() {
        let mut manual = lineage_with("authenticator", "manual");
        manual.cert.as_mut().unwrap().names.push("*.example.com".into());
        assert!(only(&CHECK, &manual, &host()).1.fix.unwrap().commands[0].contains("--manual-auth-hook"));
    }

    #[test]
    fn an_empty_script_is_none() {
        let manual = params(&[("authenticator", "manual"), ("manual_auth_hook", "")]);
        assert_eq!(only(&CHECK, &manual, &host()).0, Severity::WillFail);
        let manual = params(&[("authenticator", "manual"), ("manual_auth_hook", "None")]);
        assert_eq!(only(&CHECK, &manual, &host()).0, Severity::WillFail);
    }

    #[test]
    fn a_script_in_the_conf_in_cli_ini_or_on_the_timers_command_line_is_silent() {
        let manual = params(&[("authenticator", "manual"), ("manual_auth_hook", "/etc/acme-dns/hook.py")]);
        silent(&CHECK, &manual, &host());
        let manual = lineage_with("authenticator", "manual");
        silent(&CHECK, &manual, &cli_ini(&[("manual-auth-hook", "/usr/local/bin/auth")]));
        silent(&CHECK, &manual, &with_command("certbot renew --manual-auth-hook /usr/local/bin/auth"));
        silent(&CHECK, &manual, &with_command("certbot -q renew --webroot -w /var/www/html"));
    }

    #[test]
    fn another_authenticator_is_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage_with("authenticator", "dns-cloudflare"), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}
