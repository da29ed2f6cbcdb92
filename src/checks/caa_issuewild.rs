//! `issuewild` withholds wildcards from this CA.

use crate::caa::{Cause, Parties, Refused, refused, zone_line};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage};

/// The lineage has a wildcard, and the closest set has `issuewild` records that do not name this CA.
pub static CHECK: Check = Check {
    id: "caa-issuewild",
    title: "CAA records do not let this CA issue wildcards",
    severity: Severity::WillFail,
    why: "where a set has issuewild records, they alone count for a wildcard name: the CA refuses it with `CAA record for \
          NAME prevents issuance`, and with it the whole certificate",
    fix: "publish a CAA record with the tag issuewild that names the CA, such as \
          `example.com. CAA 0 issuewild \"letsencrypt.org\"`, or reissue without the wildcard",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8659#section-4.3",
        "https://github.com/letsencrypt/boulder/blob/main/va/caa.go",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let parties = Parties::of(lineage, host)?;
    let refused = refused(lineage, &parties, Cause::Wildcard)?;
    Ok(refused.iter().map(|refused| finding(refused, &parties, lineage, host)).collect())
}

fn finding(refused: &Refused<'_>, parties: &Parties<'_>, lineage: &Lineage, host: &HostFacts) -> Finding {
    let (owner, issuer) = (refused.owner(), parties.issuer());
    let says = format!("the issuewild records of {owner} do not let {issuer} issue for {}", refused.named());
    let record = zone_line(owner, 0, "issuewild", issuer);
    let fix = format!("publish `{record}` beside the records that are there");
    refused.finding(says, &refused.refusal.records(), record, lineage, host).fix(fix, refused.look())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        caa_at, caa_step, host, lineage_with, loud, only, seen, silent, unknown, without_caa,
    };
    use crate::facts::Lineage;

    fn wild(records: &[(u8, &str, &str)]) -> Lineage {
        let lineage = seen(lineage_with("authenticator", "dns-ovh"), &["example.com", "*.example.com"]);
        caa_at(lineage, caa_step("example.com", records))
    }

    #[test]
    fn issuewild_for_nobody_refuses_the_wildcard_alone() {
        let lineage = wild(&[(0, "issue", "letsencrypt.org"), (0, "issuewild", ";")]);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.identifiers, ["*.example.com"]);
        assert_eq!(
            finding.evidence[0].wanted.as_deref(),
            Some("example.com. CAA 0 issuewild \"letsencrypt.org\"")
        );
        assert!(loud(&[lineage], &host()).iter().all(|id| *id != "caa-forbids-issuer"));
    }

    #[test]
    fn another_cas_issuewild_refuses_it_too() {
        only(&CHECK, &wild(&[(0, "issue", "letsencrypt.org"), (0, "IssueWild", "digicert.com")]), &host());
    }

    #[test]
    fn our_issuewild_and_issue_alone_are_silent() {
        silent(&CHECK, &wild(&[(0, "issue", ";"), (0, "issuewild", "letsencrypt.org")]), &host());
        silent(&CHECK, &wild(&[(0, "issue", "letsencrypt.org")]), &host());
        silent(&CHECK, &wild(&[(0, "issue", "digicert.com")]), &host());
        silent(&CHECK, &wild(&[]), &host());
    }

    #[test]
    fn what_could_not_be_asked_is_unknown() {
        unknown(&CHECK, &without_caa(wild(&[])), &host());
    }
}
