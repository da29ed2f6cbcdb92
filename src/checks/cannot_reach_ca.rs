//! The ACME server gives this host no answer.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::net::CaFault;
use crate::facts::{HostFacts, Lineage, UNUSED};

/// No connection, no answer, or none of ACME.
pub static CHECK: Check = Check {
    id: "cannot-reach-ca",
    title: "the CA's server cannot be reached from this host",
    severity: Severity::MayFail,
    why: "certbot asks the same server at each renewal and stops without it; on a day on which nothing is due it only warns \
          and exits 0",
    fix: "let this host connect to the CA over https: firewall, proxy variables in the schedule's own environment, resolver",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8555#section-7.1.1",
        "https://letsencrypt.org/docs/integration-guide/",
    ],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let ca = lineage.ca()?;
    let fault = match &ca.directory {
        Ok(_) | Err(CaFault::Untrusted(_)) => return Ok(vec![]),
        Err(fault) if fault.is_busy() => return Ok(vec![]),
        Err(fault) => fault,
    };
    let evidence = Evidence { kind: Source::Http, ..Evidence::file(&ca.server, fault.to_string()) };
    let finding = Finding::new(format!("this host gets no answer from {}: {fault}", ca.server))
        .about(Subject::Server(ca.server.clone()))
        .evidence(Evidence { wanted: Some("its directory".into()), ..evidence })
        .fix("see what keeps this host from it", [format!("curl -v {}", ca.server)])
        .lowered_if(host.unused(lineage), Severity::Note, UNUSED);
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{ca_fails, ca_seen, host, lineage, loud, only, run, silent};
    use crate::facts::net::CaFault;

    #[test]
    fn no_connection_may_fail_once_for_all_lineages() {
        let refused = || ca_fails(CaFault::Connect("45.45.45.1:443: connection refused".into()));
        let (severity, finding) = only(&CHECK, &refused(), &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains("connection refused"), "{}", finding.says);
        let mut twin = refused();
        twin.name = "www.example.com".into();
        assert_eq!(loud(&[refused(), twin], &host()), ["cannot-reach-ca"]);
        only(&CHECK, &ca_fails(CaFault::NoAcme("no JSON".into())), &host());
        only(&CHECK, &ca_fails(CaFault::Status(404, String::new())), &host());
    }

    #[test]
    fn an_answer_a_busy_server_and_one_that_is_not_trusted_are_silent() {
        silent(&CHECK, &ca_seen(|_| ()), &host());
        silent(&CHECK, &ca_fails(CaFault::Status(503, "busy".into())), &host());
        silent(&CHECK, &ca_fails(CaFault::Untrusted("UnknownIssuer".into())), &host());
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}
