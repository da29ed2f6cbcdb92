//! `cli.ini` holds an option that certbot does not take.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, IniFile, Setting};

/// An option that was removed, that belongs to an absent plugin, or that nobody here knows.
pub static CHECK: Check = Check {
    id: "cli-ini-unknown-option",
    title: "cli.ini holds an option that certbot refuses",
    severity: Severity::WillFail,
    why: "certbot puts cli.ini before every command line and stops with `unrecognized arguments`, exit code 2, before it \
          even opens its log: nothing is renewed",
    fix: "delete the line from cli.ini, or install the plugin that it belongs to",
    cites: &[
        "https://eff-certbot.readthedocs.io/en/stable/using.html#configuration-file",
        "https://github.com/certbot/certbot/blob/main/certbot/CHANGELOG.md",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Host(run),
};

/// Removed options, with the release that did it.
/// <https://github.com/certbot/certbot/blob/main/certbot/CHANGELOG.md>
const REMOVED: [(&str, (u32, u32)); 5] = [
    ("manual-public-ip-logging-ok", (3, 0)),
    ("dns-route53-propagation-seconds", (3, 0)),
    ("tls-sni-01-port", (0, 40)),
    ("tls-sni-01-address", (0, 40)),
    ("standalone-supported-challenges", (0, 33)),
];

/// The options of certbot itself, 2.1 to 5.8; those that begin with a plugin's name apart.
const KNOWN: &str = "account agree-tos allow-subset-of-names apache authenticator auto-hsts autorenew break-my-certs \
    cert-name cert-path chain-path checkpoints config config-dir configurator csr debug debug-challenges \
    delete-after-revoke deploy-hook directory-hooks disable-hook-validation disable-renew-updates domains dry-run \
    duplicate eab-hmac-alg eab-hmac-key eab-kid eff-email elliptic-curve email expand force-interactive force-renew \
    force-renewal fullchain-path hsts http-01-address http-01-port https-port init installer ip-address \
    issuance-timeout keep-until-expiring key-path key-type logs-dir manual max-log-backups must-staple new-key nginx \
    no-autorenew no-bootstrap no-delete-after-revoke no-directory-hooks no-eff-email no-hsts no-permissions-check \
    no-random-sleep-on-renew no-redirect no-reuse-key no-self-upgrade no-staple-ocsp no-uir no-verify-ssl \
    non-interactive noninteractive os-packages-only post-hook pre-hook preconfigured-renewal preferred-chain \
    preferred-challenges preferred-profile prepare quiet random-sleep-on-renew reason redirect \
    register-unsafely-without-email reinstall renew-by-default renew-hook renew-with-new-domains required-profile \
    reuse-key rsa-key-size run-deploy-hooks server staging standalone staple-ocsp strict-permissions test-cert text \
    uir update-registration user-agent user-agent-comment verbose verbose-level webroot work-dir";

/// Plugins of certbot, whose options begin with their names.
const PLUGINS: [&str; 5] = ["apache", "nginx", "manual", "standalone", "webroot"];

fn run(host: &HostFacts) -> Verdict {
    if host.renewal.as_ref()?.confs == 0 {
        return Ok(vec![]);
    }
    let mut findings = Vec::new();
    for file in &host.cli_ini {
        let file = file.as_ref()?;
        findings.extend(file.settings.iter().filter_map(|setting| judge(file, setting, host)));
    }
    Ok(findings)
}

fn judge(file: &IniFile, setting: &Setting, host: &HostFacts) -> Option<Finding> {
    let option = setting.key.replace('_', "-");
    let releases = host.installs.iter().flatten().map(|install| install.release());
    let at = format!("{}:{}", file.path, setting.line);
    let seen = |says: String, wanted: String| {
        Finding::new(says).about(Subject::Path(at.clone())).saw_wanted(&at, setting.shown(), wanted)
    };
    let delete = || format!("sed -i '{}d' {}", setting.line, file.path);
    let found = |says: String, wanted: String| seen(says, wanted).fix("delete the line", [delete()]);
    // Its `--key_type` is no option, while a conf has the same key so.
    if setting.key.contains('_') && (is_known(&option) || plugin_of(&option).is_some()) {
        let says = format!("{} sets {}, and certbot's option is {option}", file.path, setting.key);
        let fix = format!("sed -i '{}s/{}/{option}/' {}", setting.line, setting.key, file.path);
        return Some(seen(says, format!("{option}, with dashes")).fix("spell it with dashes", [fix]));
    }
    if let Some((_, since)) = REMOVED.iter().find(|(name, _)| *name == option) {
        let says =
            format!("certbot {}.{} removed the option {option} that {} sets", since.0, since.1, file.path);
        let finding = found(says, "no such line".into());
        let mut known = releases.peekable();
        // Without any certbot in sight the one that runs may be an old one.
        let because = "no certbot was found here, or one that still takes it";
        let refused = known.peek().is_some() && known.all(|r| r.is_some_and(|r| r >= *since));
        return Some(finding.lowered_if(!refused, Severity::Note, because));
    }
    if let Some(plugin) = plugin_of(&option) {
        let installs = host.installs.as_ref().ok()?;
        let has = |i: &crate::facts::Install| {
            i.plugins.as_ref().is_err() || i.plugins.iter().flatten().any(|p| *p == plugin)
        };
        if installs.is_empty() || installs.iter().any(has) {
            return None;
        }
        return Some(found(
            format!("{} sets {option}, and no certbot here has the plugin {plugin}", file.path),
            format!("the plugin {plugin}, or no such line"),
        ));
    }
    if is_known(&option) {
        return None;
    }
    let finding = found(
        format!("{} sets {option}, which is no option of certbot", file.path),
        "an option of certbot".into(),
    );
    Some(
        finding.lowered(Severity::Note, "it may belong to a plugin, or to a certbot newer than this program"),
    )
}

/// Whether certbot itself takes it; argparse takes every beginning of an option.
fn is_known(option: &str) -> bool {
    option.len() < 3 || KNOWN.split_whitespace().any(|known| known.starts_with(option))
}

/// The plugin that `nginx-server-root` or `dns-cloudflare-credentials` belongs to.
fn plugin_of(option: &str) -> Option<String> {
    if let Some(rest) = option.strip_prefix("dns-") {
        return Some(format!("dns-{}", rest.split('-').next()?));
    }
    let plugin =
        PLUGINS.iter().find(|p| option.strip_prefix(**p).is_some_and(|rest| rest.starts_with('-')))?;
    Some((*plugin).to_owned())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cli_ini, denied, host, lineage, only, silent, unknown, with_certbots};
    use crate::facts::{HostFacts, Role};

    fn with(option: &str, versions: &[&str]) -> HostFacts {
        HostFacts { installs: with_certbots(versions).installs, ..cli_ini(&[(option, "x")]) }
    }

    #[test]
    fn an_option_that_was_removed_fails() {
        let host = with("manual-public-ip-logging-ok", &["5.8.0"]);
        assert_eq!(only(&CHECK, &lineage(), &host).0, Severity::WillFail);
        let host = with("manual-public-ip-logging-ok", &["2.1.0"]);
        assert_eq!(only(&CHECK, &lineage(), &host).0, Severity::Note);
    }

    #[test]
    fn an_option_of_an_absent_plugin_fails() {
        let host = with("dns-cloudflare-credentials", &["5.8.0"]);
        assert_eq!(only(&CHECK, &lineage(), &host).0, Severity::WillFail);
    }

    #[test]
    fn a_key_as_confs_spell_it_fails() {
        for (key, option) in [("rsa_key_size", "rsa-key-size"), ("webroot_path", "webroot-path")] {
            let (severity, finding) = only(&CHECK, &lineage(), &with(key, &["5.8.0"]));
            assert!(severity == Severity::WillFail && finding.says.ends_with(option), "{finding:?}");
        }
    }

    #[test]
    fn an_option_that_nobody_knows_is_a_note() {
        assert_eq!(only(&CHECK, &lineage(), &with("frobnicate", &["5.8.0"])).0, Severity::Note);
    }

    #[test]
    fn debians_file_short_names_and_options_of_plugins_that_are_there_are_silent() {
        for option in [
            "max-log-backups",
            "preconfigured-renewal",
            "agree-tos",
            "rsa-key-size",
            "nginx-ctl",
            "post-h",
            "webroot-path",
        ] {
            silent(&CHECK, &lineage(), &with(option, &["5.8.0"]));
        }
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage(), &with("dns-cloudflare-credentials", &[]));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.cli_ini = vec![denied(Role::Other)];
        unknown(&CHECK, &lineage(), &host);
    }
}
