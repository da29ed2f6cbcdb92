//! A wildcard name can only be proved through DNS.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};

/// A wildcard name with an authenticator that answers over HTTP only.
pub static CHECK: Check = Check {
    id: "wildcard-with-non-dns-authenticator",
    title: "a wildcard name with an authenticator that cannot do DNS challenges",
    severity: Severity::WillFail,
    why: "the CA offers only dns-01 for a wildcard, so certbot stops with `Client with the currently selected \
          authenticator does not support any combination of challenges that will satisfy the CA`",
    fix: "use the plugin of your DNS provider: certbot reconfigure --cert-name NAME --authenticator dns-PROVIDER \
          (certbot 2.3 and later)",
    cites: &[
        "https://letsencrypt.org/docs/challenge-types/#dns-01-challenge",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#dns-plugins",
    ],
    explains: &["ari-window-missed", "certificate-expired", "preferred-challenge-gone"],
    run: Run::Lineage(run),
};

/// The authenticators of certbot that know http-01 alone.
const HTTP_ONLY: [&str; 4] = ["webroot", "standalone", "nginx", "apache"];

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let Some(plugin) = lineage.authenticator().filter(|plugin| HTTP_ONLY.contains(plugin)) else {
        return Ok(vec![]);
    };
    if host.chooses_authenticator(lineage) {
        return Ok(vec![]);
    }
    let cert = lineage.cert.as_ref()?;
    let wild: Vec<&str> = cert.names.iter().map(String::as_str).filter(|n| n.starts_with("*.")).collect();
    let (Some(first), Some(setting)) = (wild.first(), conf.param("authenticator")) else {
        return Ok(vec![]);
    };
    // Only the verb of certbot 2.3 asks for what the plugin needs.
    let credentials = if host.has_reconfigure() { "" } else { " --dns-PROVIDER-credentials FILE" };
    let options = format!("--authenticator dns-PROVIDER{credentials}{}", conf.allow("dns-01"));
    let finding = Finding::new(format!("{plugin} cannot prove {first}: a wildcard needs a DNS challenge"))
        .identifiers(wild.iter().copied())
        .saw_wanted(conf.at(setting), setting.shown(), "a DNS plugin, or manual with a script for dns-01")
        .fix("use the plugin of your DNS provider", [host.reconfigure(lineage, &options)]);
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cli_ini, denied, host, lineage, lineage_with, only, silent, unknown};
    use crate::facts::{Lineage, Role};

    fn wild(authenticator: &str) -> Lineage {
        let mut lineage = lineage_with("authenticator", authenticator);
        lineage.cert.as_mut().unwrap().names.push("*.example.com".into());
        lineage
    }

    #[test]
    fn a_wildcard_over_http_fails() {
        for plugin in ["webroot", "standalone", "nginx", "apache", "certbot-nginx:nginx"] {
            let (severity, finding) = only(&CHECK, &wild(plugin), &host());
            assert_eq!(severity, Severity::WillFail);
            assert_eq!(finding.identifiers, ["*.example.com"]);
        }
    }

    #[test]
    fn a_wildcard_over_dns_or_by_hand_or_by_an_unknown_plugin_is_silent() {
        for plugin in ["dns-cloudflare", "manual", "corp-dns"] {
            silent(&CHECK, &wild(plugin), &host());
        }
    }

    #[test]
    fn an_authenticator_of_cli_ini_wins_and_is_silent() {
        silent(&CHECK, &wild("webroot"), &cli_ini(&[("authenticator", "dns-rfc2136")]));
        silent(&CHECK, &wild("nginx"), &cli_ini(&[("dns-cloudflare", "true")]));
    }

    #[test]
    fn no_wildcard_is_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = wild("webroot");
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}
