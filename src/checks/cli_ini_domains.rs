//! `cli.ini` names domains, which `certbot renew` refuses.

use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::HostFacts;

/// `domain = …` in a `cli.ini`; the full name `domains` is passed over by `renew`.
pub static CHECK: Check = Check {
    id: "cli-ini-domains",
    title: "cli.ini names domains, and renew takes none",
    severity: Severity::WillFail,
    why: "certbot puts cli.ini before every command line and stops with `Currently, the renew verb is capable of either \
          renewing all installed certificates that are due to be renewed or renewing a single certificate`",
    fix: "delete the line from cli.ini; each lineage knows its names",
    cites: &["https://github.com/certbot/certbot/issues/4774"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Host(run),
};

fn run(host: &HostFacts) -> Verdict {
    if host.renewal.as_ref()?.confs == 0 {
        return Ok(vec![]);
    }
    let mut findings = Vec::new();
    for file in &host.cli_ini {
        let file = file.as_ref()?;
        // argparse accepts every unambiguous beginning of an option, and only `domains` itself is made harmless.
        let short = |key: &str| key.len() >= 3 && key != "domains" && "domains".starts_with(key);
        let Some(setting) = file.settings.iter().find(|s| short(&s.key) && s.text() != Some("")) else {
            continue;
        };
        findings.push(
            Finding::new(format!("{} names domains, so `certbot renew` stops at once", file.path))
                .about(Subject::Path(file.path.clone()))
                .saw_wanted(format!("{}:{}", file.path, setting.line), setting.shown(), "no such line")
                .fix("delete the line", [format!("sed -i '{}d' {}", setting.line, file.path)]),
        );
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cli_ini, denied, host, lineage, only, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn the_short_name_fails() {
        let (severity, finding) = only(&CHECK, &lineage(), &cli_ini(&[("domain", "example.com")]));
        assert_eq!(severity, Severity::WillFail);
        assert_eq!(finding.evidence[0].r#where, "/etc/letsencrypt/cli.ini:1");
    }

    #[test]
    fn the_full_name_and_other_options_are_silent() {
        silent(&CHECK, &lineage(), &cli_ini(&[("domains", "example.com"), ("max-log-backups", "0")]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_unknown() {
        let mut host = host();
        host.cli_ini = vec![denied(Role::Other)];
        unknown(&CHECK, &lineage(), &host);
    }
}
