//! The certificate that `live` points at begins in the future.

use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, Usage};

/// notBefore has not come.
pub static CHECK: Check = Check {
    id: "certificate-not-yet-valid",
    title: "the certificate is not valid yet",
    severity: Severity::WillFail,
    why: "every client whose clock is right refuses it until then; most often it is this host's clock that is wrong",
    fix: "look at the clock first: timedatectl; if it is right, certbot renew --cert-name NAME --force-renewal",
    cites: &["https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let cert = lineage.cert.as_ref()?;
    if cert.not_before <= host.now {
        return Ok(vec![]);
    }
    let name = &lineage.name;
    let link = lineage.link(Kind::Cert);
    let clock =
        Evidence { kind: Source::Clock, ..Evidence::file("the time of this audit", host.now.to_string()) };
    let finding = Finding::new(format!("the certificate of {name} is not valid before {}", cert.not_before))
        .saw_wanted(
            &link.path,
            format!("notBefore {}", cert.not_before),
            format!("no later than {}", host.now),
        )
        .evidence(clock)
        .fix(
            "set the clock, if it is wrong; only if it is right was the certificate issued wrongly: renew it then",
            ["timedatectl".to_owned(), format!("certbot renew --cert-name {name} --force-renewal")],
        )
        .bites_at(host.now);
    let unused = matches!(host.servers.usage(name), Usage::NotNamed);
    Ok(vec![finding.lowered_if(unused, Severity::Note, "no server found on this host names this lineage")])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cert_ref, days, denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::{Role, Servers};

    #[test]
    fn a_certificate_from_tomorrow_fails() {
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().not_before = days(1);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("2026-11-24T12:00:00Z"));
        assert_eq!(finding.bites_at, Some(days(0)), "it is refused now, whenever a renewal is due");
        assert_eq!(loud(&[lineage], &host()), ["certificate-not-yet-valid"]);
    }

    #[test]
    fn one_that_no_server_names_is_a_note() {
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().not_before = days(1);
        let mut host = host();
        host.servers = Servers { refs: vec![cert_ref("other", "/x")], ..Servers::default() }.indexed();
        assert_eq!(only(&CHECK, &lineage, &host).0, Severity::Note);
    }

    #[test]
    fn one_that_begins_at_this_very_second_is_silent() {
        let mut lineage = lineage();
        lineage.cert.as_mut().unwrap().not_before = days(0);
        silent(&CHECK, &lineage, &host());
    }

    #[test]
    fn an_unreadable_certificate_is_unknown() {
        let mut lineage = lineage();
        lineage.cert = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}
