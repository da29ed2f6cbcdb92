//! The lineage is renewed at a test CA, or its certificate still comes from one.

use crate::ca::is_staging;
use crate::check::{Check, Finding, Run, Severity, Subject, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, UNUSED};

/// The conf names a staging server, or the present certificate was issued by one.
pub static CHECK: Check = Check {
    id: "staging-server-in-conf",
    title: "the certificate comes from a test CA",
    severity: Severity::MayFail,
    why: "renewals work, but no browser trusts what they bring: a staging CA's roots are in no trust store",
    fix: "certbot renew --cert-name NAME --server https://acme-v02.api.letsencrypt.org/directory --force-renewal",
    cites: &["https://letsencrypt.org/docs/staging-environment/"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let conf = lineage.conf.as_ref()?;
    let name = &lineage.name;
    let production =
        format!("certbot renew --cert-name {name} --server {} --force-renewal", crate::ca::LETS_ENCRYPT);
    let flag = ["staging", "test-cert"].iter().find_map(|flag| host.cli_true(flag));
    let named = host.setting(conf, "server").filter(|(_, s)| s.text().is_some_and(is_staging));
    let (file, from_cli) = match flag.or_else(|| host.cli("server")) {
        Some((file, _)) => (file.path.as_str(), true),
        None => (conf.path.as_str(), false),
    };
    let seen = match (flag, named) {
        (Some((file, s)), _) => Some((format!("{}:{}", file.path, s.line), s)),
        (None, named) => named,
    };
    let finding = if let Some((place, setting)) = seen {
        let finding = Finding::new(format!("{name} is renewed at a staging server, which no browser trusts"))
            .saw_wanted(place, setting.shown(), format!("server = {}", crate::ca::LETS_ENCRYPT));
        if from_cli {
            let summary = format!("delete the line from {file}, then renew once by force");
            finding.about(Subject::Path(file.to_owned())).fix(summary, [production])
        } else {
            finding.fix("renew it once at the production server, which is then kept", [production])
        }
    } else {
        let cert = lineage.cert.as_ref()?;
        let org = cert.issuer_org.as_deref().unwrap_or_default();
        if ![org, &cert.issuer].iter().any(|issuer| is_test_issuer(issuer)) {
            return Ok(vec![]);
        }
        let says = format!("the present certificate of {name} was issued by a test CA, {}", cert.issuer);
        Finding::new(says)
            .saw_wanted(
                &lineage.link(Kind::Cert).path,
                format!("issuer {}", cert.issuer),
                "a CA that browsers trust",
            )
            .fix(
                "renew it now, without waiting until it is due",
                [format!("certbot renew --cert-name {name} --force-renewal")],
            )
            .bites_at(host.now)
    };
    Ok(vec![finding.lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

/// The names of Let's Encrypt's test issuers, old and new.
fn is_test_issuer(name: &str) -> bool {
    name.starts_with("(STAGING)") || name.starts_with("Fake LE ")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::ca::{LETS_ENCRYPT, LETS_ENCRYPT_STAGING};
    use crate::check::Severity;
    use crate::checks::testing::{
        cert_ref, cli_ini, denied, host, lineage, lineage_with, only, silent, unknown, unset,
    };
    use crate::facts::{Role, Servers};

    #[test]
    fn a_staging_server_may_fail_its_users() {
        let (severity, finding) = only(&CHECK, &lineage_with("server", LETS_ENCRYPT_STAGING), &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.evidence[0].saw.contains("acme-staging"));
    }

    #[test]
    fn one_that_no_server_names_is_a_note() {
        let mut host = host();
        host.servers = Servers { refs: vec![cert_ref("other", "/x")], ..Servers::default() }.indexed();
        let mut lineage = lineage_with("server", LETS_ENCRYPT_STAGING);
        unset(lineage.conf.as_mut().unwrap(), "renewalparams", "renew_hook");
        assert_eq!(only(&CHECK, &lineage, &host).0, Severity::Note);
    }

    #[test]
    fn a_test_certificate_with_a_production_server_is_the_present_problem() {
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().issuer_org = Some("(STAGING) Let's Encrypt".into());
        let (_, finding) = only(&CHECK, &lineage, &host());
        assert!(finding.says.contains("present certificate"));
        assert!(!finding.fix.unwrap().commands[0].contains("--server"));
    }

    #[test]
    fn staging_in_cli_ini_is_the_fault_of_that_file() {
        let host = cli_ini(&[("staging", "true")]);
        assert_eq!(only(&CHECK, &lineage(), &host).1.evidence[0].r#where, "/etc/letsencrypt/cli.ini:1");
    }

    #[test]
    fn production_another_ca_and_an_override_in_cli_ini_are_silent() {
        silent(&CHECK, &lineage(), &host());
        silent(&CHECK, &lineage_with("server", "https://ca.corp.example/staging/directory"), &host());
        silent(&CHECK, &lineage_with("server", LETS_ENCRYPT_STAGING), &cli_ini(&[("server", LETS_ENCRYPT)]));
    }

    #[test]
    fn an_unreadable_certificate_of_a_production_conf_is_unknown() {
        let mut lineage = lineage();
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}
