//! This host does not trust the ACME server's certificate.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::net::CaFault;
use crate::facts::{HostFacts, Lineage, UNUSED};

/// The TLS certificate of the server does not verify against the host's store.
pub static CHECK: Check = Check {
    id: "ca-cert-not-trusted-by-client",
    title: "the certificate of the CA's own server is not trusted here",
    severity: Severity::MayFail,
    why: "certbot verifies the server as well and stops: `CERTIFICATE_VERIFY_FAILED`; the store is too old, the clock is \
          wrong, a proxy answers in the CA's place, or a private CA's root is missing",
    fix: "update ca-certificates, or name the private CA's root in REQUESTS_CA_BUNDLE where certbot is started",
    cites: &[
        "https://letsencrypt.org/docs/certificate-compatibility/",
        "https://eff-certbot.readthedocs.io/en/stable/using.html#changing-the-acme-server",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let ca = lineage.ca()?;
    let Some(CaFault::Untrusted(why)) = ca.fault() else { return Ok(vec![]) };
    host.environments_known(&lineage.name)?;
    let evidence = Evidence { kind: Source::Tls, ..Evidence::file(&ca.server, why.as_str()) };
    let finding = Finding::new(format!("this host does not trust the certificate of {}: {why}", ca.server))
        .about(Subject::Server(ca.server.clone()))
        .evidence(Evidence { wanted: Some("a chain to a root of this host's store".into()), ..evidence })
        .fix(
            "update the store; for a private CA name its root in REQUESTS_CA_BUNDLE where certbot is started",
            [format!("curl -v {}", ca.server)],
        )
        .lowered_if(host.unused(lineage), Severity::Note, UNUSED);
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Skip;
    use crate::checks::testing::{ca_fails, ca_seen, host, lineage, loud, only, run, silent};
    use crate::facts::net::CaFault;

    #[test]
    fn an_unknown_issuer_may_fail() {
        let untrusted = || ca_fails(CaFault::Untrusted("UnknownIssuer".into()));
        assert!(only(&CHECK, &untrusted(), &host()).1.says.ends_with("UnknownIssuer"));
        assert_eq!(loud(&[untrusted()], &host()), ["ca-cert-not-trusted-by-client"]);
    }

    #[test]
    fn a_trusted_server_and_one_that_is_not_there_are_silent() {
        silent(&CHECK, &ca_seen(|_| ()), &host());
        silent(&CHECK, &ca_fails(CaFault::Timeout), &host());
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}
