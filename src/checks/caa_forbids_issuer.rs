//! CAA records name other CAs, or none.

use crate::caa::{Cause, Fault, Parties, Refused, refused, zone_line};
use crate::check::{Check, Finding, Run, Severity, Skip, Verdict};
use crate::facts::{HostFacts, Lineage};

/// No `issue` record of the closest set names this CA.
pub static CHECK: Check = Check {
    id: "caa-forbids-issuer",
    title: "CAA records do not let this CA issue",
    severity: Severity::WillFail,
    why: "the CA looks the records up before it issues and refuses with `CAA record for NAME prevents issuance`",
    fix: "publish a CAA record with the tag issue that names the CA beside the others, such as \
          `example.com. CAA 0 issue \"letsencrypt.org\"`",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8659#section-4.2",
        "https://letsencrypt.org/docs/caa/",
        "https://github.com/letsencrypt/boulder/blob/main/va/caa.go",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let parties = match Parties::of(lineage, host) {
        Err(why @ Skip::NotApplicable(_)) => return of_any(lineage, host, why),
        parties => parties?,
    };
    let refused = refused(lineage, &parties, Cause::Issuer)?;
    Ok(refused.iter().map(|refused| finding(refused, &parties, lineage, host)).collect())
}

/// Records that let no CA issue, whatever this one is called.
fn of_any(lineage: &Lineage, host: &HostFacts, unnamed: Skip) -> Verdict {
    let parties = Parties::of_any(lineage, host)?;
    let refused = refused(lineage, &parties, Cause::Issuer)?;
    let nobody =
        refused.iter().filter(|refused| matches!(refused.refusal.nearest(), Some((_, Fault::Nobody))));
    let finding = |refused: &Refused<'_>| {
        let says = format!("the CAA records of {} let no CA issue for {}", refused.owner(), refused.named());
        let records = refused.refusal.records();
        let finding = refused.finding(says, &records, "a record that names the CA", lineage, host);
        finding.fix("publish an `issue` record with the CA's own name beside them", refused.look())
    };
    let found: Vec<Finding> = nobody.map(finding).collect();
    if found.is_empty() { Err(unnamed) } else { Ok(found) }
}

fn finding(refused: &Refused<'_>, parties: &Parties<'_>, lineage: &Lineage, host: &HostFacts) -> Finding {
    let (owner, issuer) = (refused.owner(), parties.issuer());
    let says = match refused.refusal.nearest() {
        Some((_, Fault::Nobody)) => {
            format!("the CAA records of {owner} let no CA issue for {}", refused.named())
        }
        _ => format!("the CAA records of {owner} do not let {issuer} issue for {}", refused.named()),
    };
    let record = zone_line(owner, 0, "issue", issuer);
    let fix = format!("publish `{record}` beside the records that are there");
    refused.finding(says, &refused.refusal.records(), record, lineage, host).fix(fix, refused.look())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        caa_at, caa_step, host, lineage, lineage_with, loud, only, run, seen, set, silent, unknown, with_caa,
        without_caa,
    };
    use crate::facts::UNUSED;
    use crate::facts::net::{Failure, FailureKind, Outcome};

    #[test]
    fn another_cas_record_above_both_names_is_one_finding() {
        let lineage = with_caa(&[(0, "issue", "digicert.com"), (0, "iodef", "mailto:ops@example.com")]);
        let (severity, finding) = only(&CHECK, &lineage, &host());
        assert_eq!(severity, Severity::MayFail, "seen from this host only");
        assert_eq!(finding.identifiers, ["example.com", "www.example.com"]);
        assert_eq!(
            finding.says,
            "the CAA records of example.com do not let letsencrypt.org issue for example.com and www.example.com"
        );
        assert_eq!(finding.evidence[0].saw, "0 issue \"digicert.com\"");
        assert_eq!(finding.evidence[0].vantage, "this host, via resolver 192.0.2.53");
        assert_eq!(
            finding.evidence[0].wanted.as_deref(),
            Some("example.com. CAA 0 issue \"letsencrypt.org\"")
        );
        assert_eq!(finding.fix.unwrap().commands, ["dig +short CAA example.com"]);
        assert_eq!(loud(&[lineage], &host()), ["caa-forbids-issuer"]);
    }

    #[test]
    fn a_set_for_nobody_forbids_a_ca_whose_name_is_not_known_too() {
        let of = |value: &str| {
            let mut lineage = with_caa(&[(0, "issue", value)]);
            let conf = lineage.conf.as_mut().unwrap();
            set(conf, "renewalparams", "server", "https://ca.corp.example/directory");
            lineage.ca = None;
            lineage
        };
        assert!(only(&CHECK, &of(";"), &host()).1.says.contains("let no CA issue"));
        assert!(matches!(run(&CHECK, &of("ca.corp.example"), &host()), Err(Skip::NotApplicable(_))));
    }

    #[test]
    fn a_set_for_nobody_forbids_and_is_also_a_wildcards_where_there_is_no_issuewild() {
        let all = seen(lineage(), &["example.com", "*.example.com"]);
        let lineage = caa_at(all, caa_step("example.com", &[(0, "issue", ";")]));
        let finding = only(&CHECK, &lineage, &host()).1;
        assert!(finding.says.contains("let no CA issue"), "{}", finding.says);
        assert_eq!(finding.identifiers, ["example.com", "*.example.com"]);
    }

    #[test]
    fn an_alias_within_the_domain_is_its_owners_own_fault() {
        let mut step = caa_step("www.example.com", &[(0, "issue", "sectigo.com")]);
        step.aliases = vec!["web.example.com".into()];
        let lineage = caa_at(seen(lineage(), &["www.example.com"]), step);
        let finding = only(&CHECK, &lineage, &host()).1;
        assert!(finding.evidence[0].wanted.as_deref().unwrap().starts_with("web.example.com. CAA"));
        assert!(finding.evidence[0].r#where.contains("to which www.example.com leads"));
    }

    #[test]
    fn no_records_our_record_beside_others_and_iodef_alone_are_silent() {
        silent(&CHECK, &with_caa(&[]), &host());
        silent(&CHECK, &with_caa(&[(0, "iodef", "mailto:ops@example.com")]), &host());
        silent(&CHECK, &with_caa(&[(0, "issue", "digicert.com"), (0, "ISSUE", "letsencrypt.org")]), &host());
        silent(&CHECK, &with_caa(&[(0, "issuewild", ";")]), &host());
        let staging = lineage_with("server", crate::ca::LETS_ENCRYPT_STAGING);
        let staging = caa_at(
            seen(staging, &["example.com"]),
            caa_step("example.com", &[(0, "issue", "letsencrypt.org")]),
        );
        silent(&CHECK, &staging, &host());
    }

    #[test]
    fn another_ca_is_judged_by_its_own_name_and_an_unknown_one_not_at_all() {
        let records = [(0, "issue", "sectigo.com")];
        let at = |server| {
            caa_at(seen(lineage_with("server", server), &["example.com"]), caa_step("example.com", &records))
        };
        silent(&CHECK, &at("https://acme.zerossl.com/v2/DV90"), &host());
        only(&CHECK, &at("https://dv.acme-v02.api.pki.goog/directory"), &host());
        let verdict = run(&CHECK, &at("https://ca.internal/acme/directory"), &host());
        assert!(matches!(verdict, Err(Skip::NotApplicable(_))));
    }

    #[test]
    fn addresses_have_no_caa() {
        silent(&CHECK, &seen(lineage(), &["192.0.2.1", "2001:db8::1"]), &host());
    }

    #[test]
    fn a_lineage_that_no_server_uses_is_a_note() {
        let mut host = host();
        host.servers.refs[0].lineage = Some("other".into());
        host.servers = std::mem::take(&mut host.servers).indexed();
        let mut lineage = with_caa(&[(0, "issue", "digicert.com")]);
        crate::checks::testing::unset(lineage.conf.as_mut().unwrap(), "renewalparams", "renew_hook");
        let finding = only(&CHECK, &lineage, &host).1;
        assert_eq!(finding.lowered, Some((Severity::Note, UNUSED.into())));
    }

    #[test]
    fn what_could_not_be_asked_is_unknown_and_what_was_not_is_not_asked() {
        unknown(&CHECK, &without_caa(with_caa(&[])), &host());
        assert!(matches!(run(&CHECK, &lineage(), &host()), Err(Skip::NotAsked(_))));
        let mut dead = with_caa(&[]);
        for name in dead.seen.iter_mut().flatten() {
            let failed = Failure::new(FailureKind::Timeout);
            name.caa.as_mut().unwrap().steps[0].records = Outcome::Failed(failed.clone());
            let dns = name.dns.as_mut().unwrap();
            (dns.a, dns.aaaa) = (Outcome::Failed(failed.clone()), Outcome::Failed(failed));
        }
        unknown(&CHECK, &dead, &host());
    }
}
