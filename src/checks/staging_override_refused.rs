//! `cli.ini` asks for the staging server, and certbot will not put a test certificate over a good one.

use crate::ca::{LETS_ENCRYPT_STAGING, is_staging};
use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Lineage, UNUSED};

/// `staging` in a `cli.ini` over a production lineage.
pub static CHECK: Check = Check {
    id: "staging-override-refused",
    title: "cli.ini asks for the staging server over a production certificate",
    severity: Severity::WillFail,
    why: "certbot stops with `You've asked to renew/replace a seemingly valid certificate with a test certificate` and \
          renews nothing",
    fix: "delete staging, test-cert or the staging server from cli.ini",
    cites: &["https://github.com/certbot/certbot/blob/main/certbot/src/certbot/_internal/renewal.py"],
    explains: &["ari-window-missed", "certificate-expired", "staging-server-in-conf"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    lineage.conf.as_ref()?;
    let flag = ["staging", "test-cert"].iter().find_map(|flag| host.cli_true(flag));
    let server = || host.cli("server").filter(|(_, s)| s.text().is_some_and(is_staging));
    let Some((file, setting)) = flag.or_else(server) else { return Ok(vec![]) };
    if host.cli_true("break-my-certs").is_some() || host.given("break-my-certs").is_some() {
        return Ok(vec![]);
    }
    // certbot goes by the server in the conf, whatever the present certificate is.
    if lineage.server().is_some_and(is_staging) {
        return Ok(vec![]);
    }
    let finding = Finding::new(format!(
        "{} sends every renewal to {LETS_ENCRYPT_STAGING}, and certbot refuses",
        file.path
    ))
    .about(Subject::Path(file.path.clone()))
    .saw_wanted(format!("{}:{}", file.path, setting.line), setting.shown(), "no such line")
    .fix("delete the line", [format!("sed -i '{}d' {}", setting.line, file.path)]);
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::ca::{LETS_ENCRYPT, LETS_ENCRYPT_STAGING};
    use crate::check::Severity;
    use crate::checks::testing::{cli_ini, denied, host, lineage, lineage_with, only, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn staging_over_a_production_certificate_fails() {
        for line in [("staging", "true"), ("test-cert", "True"), ("server", LETS_ENCRYPT_STAGING)] {
            assert_eq!(only(&CHECK, &lineage(), &cli_ini(&[line])).0, Severity::WillFail);
        }
    }

    #[test]
    fn a_test_lineage_or_an_explicit_wish_is_silent() {
        let staging = cli_ini(&[("staging", "true")]);
        silent(&CHECK, &lineage_with("server", LETS_ENCRYPT_STAGING), &staging);
        silent(&CHECK, &lineage(), &cli_ini(&[("staging", "true"), ("break-my-certs", "true")]));
    }

    #[test]
    fn staging_off_or_a_production_server_is_silent() {
        silent(&CHECK, &lineage(), &cli_ini(&[("staging", "false"), ("server", LETS_ENCRYPT)]));
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.conf = denied(Role::Conf);
        unknown(&CHECK, &lineage, &host());
    }
}
