//! The first certificate of the chain did not issue the leaf.

use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, Missing, Role, SignatureState, Usage, Why};

/// `chain.pem` belongs to another certificate.
pub static CHECK: Check = Check {
    id: "leaf-not-signed-by-chain",
    title: "the chain does not belong to the certificate",
    severity: Severity::WillFail,
    why: "clients that do not know the intermediate by themselves cannot find a way to a root and refuse the connection; \
          a renewal writes a new chain, and nothing before it does",
    fix: "renew now to get both from the CA again: certbot renew --cert-name NAME --force-renewal",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2",
        "https://www.rfc-editor.org/rfc/rfc5280#section-6.1",
    ],
    explains: &["fullchain-differs"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let cert = lineage.cert.as_ref()?;
    let chain = lineage.chain.as_ref()?;
    let place = |kind: Kind| lineage.link(kind).target().unwrap_or(&lineage.link(kind).path).to_owned();
    let unknown =
        |what: String| Err(Skip::Unknown(Missing::new(place(Kind::Chain), Why::Unclear(what), Role::Other)));
    let how = match &lineage.signed {
        SignatureState::Valid => return Ok(vec![]),
        SignatureState::Invalid(how) => how,
        SignatureState::Unsupported(algorithm) => {
            return unknown(format!("signatures of the kind {algorithm} are not verified here"));
        }
        SignatureState::NotChecked => return unknown("no certificate in it could be compared".into()),
    };
    // A certificate that signed itself has no chain; certbot got it from nowhere, and a copy of it is as good as any.
    if cert.self_issued {
        return Err(Skip::NotApplicable("the certificate is its own issuer"));
    }
    let name = &lineage.name;
    let finding = Finding::new(format!("the certificate of {name} was not signed by its chain: {how}"))
        .saw_wanted(
            place(Kind::Chain),
            chain
                .first()
                .and_then(|c| c.subject.clone())
                .unwrap_or_else(|| "a certificate without a name".into()),
            format!("{}, which issued {}", cert.issuer, place(Kind::Cert)),
        )
        .fix(
            "renew now to get both from the CA again",
            [format!("certbot renew --cert-name {name} --force-renewal")],
        )
        .bites_at(host.now);
    let later = chain.iter().skip(1).any(|c| c.subject.as_deref() == Some(cert.issuer.as_str()));
    let finding = match host.servers.usage(name) {
        Usage::NotNamed => finding.lowered(Severity::Note, "no server found on this host names this lineage"),
        _ if matches!(lineage.fullchain, Ok(false)) => finding
            .lowered(Severity::MayFail, "fullchain.pem, which most servers read, does not hold this chain"),
        _ => finding.lowered_if(
            later,
            Severity::MayFail,
            "the issuer follows later in the chain, and most clients find it",
        ),
    };
    Ok(vec![finding])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{cert, denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::{Cert, Lineage, Role, SignatureState};

    fn foreign_chain() -> Lineage {
        let mut lineage = lineage();
        lineage.chain = Ok(vec![Cert { subject: Some("R3".into()), ..cert(&[]) }]);
        lineage.signed = SignatureState::Invalid("it was issued by `YE1`, the chain begins with `R3`".into());
        lineage
    }

    #[test]
    fn a_foreign_chain_in_both_files_fails() {
        let (severity, finding) = only(&CHECK, &foreign_chain(), &host());
        assert_eq!(severity, Severity::WillFail);
        assert!(finding.says.contains("begins with `R3`"));
    }

    #[test]
    fn a_foreign_chain_pem_alone_may_fail_and_is_the_only_loud_finding() {
        let mut lineage = foreign_chain();
        lineage.fullchain = Ok(false);
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::MayFail);
        assert_eq!(loud(&[lineage], &host()), ["leaf-not-signed-by-chain"]);
    }

    #[test]
    fn a_chain_in_the_wrong_order_may_fail() {
        let mut lineage = foreign_chain();
        lineage.chain.as_mut().unwrap().push(Cert { subject: Some("YE1".into()), ..cert(&[]) });
        assert_eq!(only(&CHECK, &lineage, &host()).0, Severity::MayFail);
    }

    #[test]
    fn a_chain_that_signed_it_is_silent_and_so_is_a_self_signed_certificate() {
        silent(&CHECK, &lineage(), &host());
        let mut own = foreign_chain();
        own.cert.as_mut().unwrap().self_issued = true;
        silent(&CHECK, &own, &host());
    }

    #[test]
    fn an_unreadable_chain_or_an_algorithm_not_verified_here_is_unknown() {
        let mut shut = lineage();
        shut.chain = denied(Role::Pem);
        unknown(&CHECK, &shut, &host());
        let mut strange = lineage();
        strange.signed = SignatureState::Unsupported("1.2.3".into());
        unknown(&CHECK, &strange, &host());
    }
}
