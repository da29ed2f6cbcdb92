//! An alias brings the CAA records of somebody else's domain.

use crate::caa::{Because, Cause, Fault, Parties, Refused, refused, zone_line};
use crate::check::{Check, Finding, Run, Severity, Verdict, listed};
use crate::facts::{HostFacts, Lineage};

/// A CNAME record leads to another registered domain, whose CAA records refuse this CA, account or challenge.
pub static CHECK: Check = Check {
    id: "caa-at-cname-target",
    title: "a name is an alias of one whose CAA records refuse",
    severity: Severity::WillFail,
    why: "CAA look-ups follow CNAME records, so that the records of the service behind the alias decide: the CA refuses \
          with `CAA record for NAME prevents issuance`",
    fix: "ask the service to let the CA issue, let the service get the certificate itself, or replace the CNAME record by \
          addresses and publish CAA records of your own",
    cites: &["https://letsencrypt.org/docs/caa/", "https://www.rfc-editor.org/rfc/rfc8659#section-3"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let parties = Parties::of(lineage, host)?;
    let refused = refused(lineage, &parties, Cause::Alias)?;
    Ok(refused.iter().map(|refused| finding(refused, &parties, lineage, host)).collect())
}

fn finding(refused: &Refused<'_>, parties: &Parties<'_>, lineage: &Lineage, host: &HostFacts) -> Finding {
    let (alias, target, issuer) = (&refused.refusal.step.name, refused.owner(), parties.issuer());
    let refuse = match refused.refusal.nearest() {
        Some((_, Fault::Bound(..))) => format!("let {issuer} issue for another account or challenge only"),
        _ => format!("do not let {issuer} issue"),
    };
    let says = format!("{alias} is an alias of {target}, whose CAA records {refuse}");
    // CAA records cannot stand beside a CNAME record, but below it they can.
    let own: Vec<&str> = refused.names.iter().copied().map(base).filter(|name| name != alias).collect();
    let tag = match &refused.refusal.because {
        Because::Unmatched(faults) => faults.first().map_or("issue", |(record, _)| record.tag.as_str()),
        Because::Critical(_) => "issue",
    };
    let (record, fix) = match own.first() {
        Some(first) if own.len() == refused.names.len() => {
            let record = zone_line(first, 0, tag, issuer);
            (record.clone(), format!("publish `{record}`; the same for each of {}", listed(&own)))
        }
        _ => {
            let record = match refused.refusal.because {
                Because::Critical(_) => format!("no critical record of an unknown tag at {target}"),
                Because::Unmatched(_) => zone_line(target, 0, tag, issuer),
            };
            let fix = format!(
                "ask the operator of {target} to publish `{record}`, or replace the CNAME record of {alias} by A and AAAA \
                 records, which leaves it free for CAA records of your own"
            );
            (record, fix)
        }
    };
    refused.finding(says, &refused.refusal.records(), record, lineage, host).fix(fix, refused.look())
}

/// The name whose records decide.
fn base(identifier: &str) -> &str {
    identifier.strip_prefix("*.").unwrap_or(identifier)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        caa_at, caa_step, host, lineage, loud, only, seen, silent, unknown, without_caa,
    };
    use crate::facts::Lineage;

    fn alias(target: &str, records: &[(u8, &str, &str)]) -> Lineage {
        let mut step = caa_step("www.example.com", records);
        step.aliases = vec!["edge.example.com".into(), target.into()];
        caa_at(seen(lineage(), &["example.com", "www.example.com"]), step)
    }

    #[test]
    fn a_services_records_for_its_own_ca_refuse() {
        let lineage = alias("shop.example.net", &[(0, "issue", "digicert.com")]);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(finding.identifiers, ["www.example.com"]);
        assert!(finding.says.starts_with("www.example.com is an alias of shop.example.net"));
        assert_eq!(
            finding.evidence[0].wanted.as_deref(),
            Some("shop.example.net. CAA 0 issue \"letsencrypt.org\"")
        );
        assert_eq!(loud(&[lineage], &host()), ["caa-at-cname-target"]);
    }

    #[test]
    fn a_services_own_account_at_our_ca_refuses() {
        let value = "letsencrypt.org; accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/7";
        let finding = only(&CHECK, &alias("shop.example.net", &[(0, "issue", value)]), &host()).1;
        assert!(finding.says.contains("another account"), "{}", finding.says);
    }

    #[test]
    fn a_name_below_the_alias_can_have_records_of_its_own() {
        let mut step = caa_step("shop.example.com", &[(0, "issue", ";")]);
        step.aliases = vec!["shop.example.net".into()];
        let lineage = caa_at(seen(lineage(), &["api.shop.example.com"]), step);
        let wanted = only(&CHECK, &lineage, &host()).1.evidence[0].wanted.clone();
        assert_eq!(wanted.as_deref(), Some("api.shop.example.com. CAA 0 issue \"letsencrypt.org\""));
    }

    #[test]
    fn an_alias_that_allows_or_stays_within_the_domain_is_silent() {
        silent(&CHECK, &alias("shop.example.net", &[(0, "issue", "letsencrypt.org")]), &host());
        silent(&CHECK, &alias("shop.example.net", &[]), &host());
        silent(&CHECK, &alias("web.Example.com.", &[(0, "issue", "digicert.com")]), &host());
    }

    #[test]
    fn what_could_not_be_asked_is_unknown() {
        unknown(&CHECK, &without_caa(alias("shop.example.net", &[])), &host());
    }
}
