//! `fullchain.pem` is not `cert.pem` and `chain.pem`.

use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Kind, Lineage, Usage};

/// The file that servers read holds other certificates than the two that it is made of.
pub static CHECK: Check = Check {
    id: "fullchain-differs",
    title: "fullchain.pem is not cert.pem followed by chain.pem",
    severity: Severity::MayFail,
    why: "certbot judges cert.pem, and servers send fullchain.pem: what is sent may expire or be refused unnoticed",
    fix: "cat cert.pem chain.pem > fullchain.pem in the archive, or renew now with --force-renewal",
    cites: &["https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates"],
    explains: &[],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    if *lineage.fullchain.as_ref()? {
        return Ok(vec![]);
    }
    let place = |kind: Kind| lineage.link(kind).target().unwrap_or(&lineage.link(kind).path);
    let (full, cert, chain) = (place(Kind::Fullchain), place(Kind::Cert), place(Kind::Chain));
    let finding = Finding::new(format!("{full} does not hold the certificates of {cert} and {chain}"))
        .saw_wanted(full, "other certificates, or another order", format!("{cert}, then {chain}"))
        .fix("put them together again, then reload the server", [format!("cat {cert} {chain} > {full}")])
        .bites_at(host.now);
    let unused = matches!(host.servers.usage(&lineage.name), Usage::NotNamed);
    Ok(vec![finding.lowered_if(unused, Severity::Note, "no server found on this host names this lineage")])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{denied, host, lineage, loud, only, silent, unknown};
    use crate::facts::Role;

    #[test]
    fn other_certificates_may_fail_and_are_the_only_loud_finding() {
        let mut lineage = lineage();
        lineage.fullchain = Ok(false);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.fix.unwrap().commands[0].ends_with("fullchain2.pem"));
        assert_eq!(loud(&[lineage], &host()), ["fullchain-differs"]);
    }

    #[test]
    fn the_two_in_their_order_are_silent() {
        silent(&CHECK, &lineage(), &host());
    }

    #[test]
    fn an_unreadable_file_is_unknown() {
        let mut lineage = lineage();
        lineage.fullchain = denied(Role::Pem);
        unknown(&CHECK, &lineage, &host());
    }
}
