//! A CAA record that no CA can heed: critical and unknown, or badly written where it means this CA.

use crate::caa::{Because, Cause, Fault, Parties, Property, Refused, refused, zone_line};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::net::CaaRecord;
use crate::facts::{HostFacts, Lineage};

/// The closest set has a critical record of an unknown tag, or names this CA in a way that never matches.
pub static CHECK: Check = Check {
    id: "caa-critical-unknown-or-malformed",
    title: "a CAA record is critical and unknown, or badly written",
    severity: Severity::WillFail,
    why: "a critical record of an unknown tag forbids all issuance, and a name with a final dot, a capital or a parameter \
          without `=` matches no CA: it refuses with `CAA record for NAME prevents issuance`",
    fix: "publish the record as the CA reads it, such as `example.com. CAA 0 issue \"letsencrypt.org\"`, and delete critical \
          records (flags 128) whose tag is none of issue, issuewild, iodef, issuemail and issuevmc",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8659#section-4.1",
        "https://www.ctrl.blog/entry/letsencrypt-caa-iodef",
        "https://github.com/letsencrypt/boulder/blob/main/va/caa.go",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let parties = Parties::of(lineage, host)?;
    let refused = refused(lineage, &parties, Cause::Malformed)?;
    Ok(refused.iter().filter_map(|refused| finding(refused, &parties, lineage, host)).collect())
}

fn finding(
    refused: &Refused<'_>,
    parties: &Parties<'_>,
    lineage: &Lineage,
    host: &HostFacts,
) -> Option<Finding> {
    let (owner, names, issuer) = (refused.owner(), refused.named(), parties.issuer());
    if let Because::Critical(record) = refused.refusal.because {
        let says = format!(
            "a CAA record of {owner} is critical and its tag {} unknown, so that no CA issues for {names}",
            record.tag
        );
        let line = zone_line(owner, 0, &record.tag, &record.value);
        let fix = format!("delete the record, or publish `{line}`, which is not critical");
        let finding = refused.finding(says, &[record], line, lineage, host).fix(fix, refused.look());
        return Some(if record.flags & 128 == 0 { strict(finding, lineage, host) } else { finding });
    }
    let (record, fault) = refused.refusal.nearest()?;
    let what = match fault {
        Fault::Misspelt(written) => format!("names `{written}`, which is not {issuer} letter for letter"),
        Fault::Malformed(malformed) => format!("does not parse ({malformed})"),
        _ => return None,
    };
    let says = format!("the CAA record of {owner} for {names} {what}, so that no CA may issue by it");
    let line = zone_line(owner, record.flags, &record.tag, &mended(record, issuer));
    let fix = format!("publish `{line}` instead");
    let finding = refused.finding(says, &[record], line, lineage, host).fix(fix, refused.look());
    Some(strict(finding, lineage, host))
}

/// Only of Let's Encrypt it is known how strictly it reads.
fn strict(finding: Finding, lineage: &Lineage, host: &HostFacts) -> Finding {
    let known = lineage.asks(host).is_some_and(crate::ca::is_lets_encrypt_any);
    finding.lowered_if(!known, Severity::Note, "it is not known whether this CA reads as strictly")
}

/// The value that was meant; without the parameters where they cannot be read.
fn mended(record: &CaaRecord, issuer: &str) -> String {
    let value = record.bytes();
    let trimmed = value.trim_ascii().strip_suffix(b";").unwrap_or(&value);
    let meant = Property::parse(trimmed).map(|property| Property { issuer: issuer.to_owned(), ..property });
    meant.map_or_else(|_| issuer.to_owned(), |property| property.to_string())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        caa_at, caa_step, host, lineage_with, loud, only, seen, silent, unknown, with_caa, without_caa,
    };

    #[test]
    fn a_critical_record_of_an_unknown_tag_forbids_in_spite_of_ours() {
        for flags in [128, 1, 129] {
            let lineage = with_caa(&[(0, "issue", "letsencrypt.org"), (flags, "tbs", "Unknown")]);
            let (severity, finding) = only(&CHECK, &lineage, &host());
            assert_eq!(severity, Severity::MayFail);
            assert!(finding.says.contains("its tag tbs unknown"), "{}", finding.says);
            assert_eq!(finding.evidence[0].saw, format!("{flags} tbs \"Unknown\""));
            assert_eq!(loud(&[lineage], &host()), ["caa-critical-unknown-or-malformed"]);
        }
    }

    #[test]
    fn our_name_badly_written_is_shown_as_it_should_be() {
        let wanted = |value: &str| {
            let lineage = with_caa(&[(0, "issue", "digicert.com"), (0, "issue", value)]);
            only(&CHECK, &lineage, &host()).1.evidence[0].wanted.clone().unwrap()
        };
        let plain = "example.com. CAA 0 issue \"letsencrypt.org\"";
        for value in [
            "letsencrypt.org.",
            "LetsEncrypt.org",
            "\"letsencrypt.org\"",
            "https://letsencrypt.org/",
            "letsencrypt.org, digicert.com",
            "letsencrypt.org accounturi=https://acme-v02.api.letsencrypt.org/acme/acct/1",
            "letsencrypt.org; validationmethods",
        ] {
            assert_eq!(wanted(value), plain, "{value}");
        }
        assert_eq!(
            wanted("letsencrypt.org; validationmethods=http-01;"),
            "example.com. CAA 0 issue \"letsencrypt.org; validationmethods=http-01\""
        );
    }

    #[test]
    fn another_ca_may_be_less_strict() {
        let at = |records: &[(u8, &str, &str)]| {
            let lineage =
                seen(lineage_with("server", "https://acme.ssl.com/sslcom-dv-rsa"), &["example.com"]);
            only(&CHECK, &caa_at(lineage, caa_step("example.com", records)), &host()).0
        };
        assert_eq!(at(&[(0, "issue", "SSL.com")]), Severity::Note);
        assert_eq!(at(&[(1, "tbs", "x")]), Severity::Note);
        assert_eq!(at(&[(128, "tbs", "x")]), Severity::MayFail);
    }

    #[test]
    fn known_tags_uncritical_tags_and_a_malformed_record_beside_ours_are_silent() {
        let ours = (0, "issue", "letsencrypt.org");
        silent(&CHECK, &with_caa(&[ours, (0, "tbs", "x"), (64, "contactemail", "a@example.com")]), &host());
        silent(
            &CHECK,
            &with_caa(&[ours, (128, "iodef", "mailto:a@example.com"), (128, "IssueMail", ";")]),
            &host(),
        );
        silent(&CHECK, &with_caa(&[ours, (0, "issue", "letsencrypt.org.")]), &host());
        silent(&CHECK, &with_caa(&[(128, "issue", "letsencrypt.org")]), &host());
    }

    #[test]
    fn another_cas_malformed_record_is_told_as_not_ours() {
        let lineage = with_caa(&[(0, "issue", "digicert.com; policy")]);
        silent(&CHECK, &lineage, &host());
        assert_eq!(loud(&[lineage], &host()), ["caa-forbids-issuer"]);
    }

    #[test]
    fn what_could_not_be_asked_is_unknown() {
        unknown(&CHECK, &without_caa(with_caa(&[])), &host());
    }
}
