//! CAA records bind issuance to a challenge that this lineage does not use.

use super::caa_accounturi_mismatch::heeded;
use crate::caa::{Cause, Fault, Given, Parties, Refused, refused, zone_line};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage};

/// The record that names this CA and account has `validationmethods` without the lineage's challenge.
pub static CHECK: Check = Check {
    id: "caa-validationmethods-mismatch",
    title: "CAA records allow another challenge, not the one used",
    severity: Severity::WillFail,
    why: "the CA compares validationmethods with the challenge that proved the name and refuses any other with `CAA record \
          for NAME prevents issuance`",
    fix: "add the challenge to the record, `example.com. CAA 0 issue \"letsencrypt.org; validationmethods=dns-01,http-01\"`, \
          or renew by the one that it allows",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8657#section-4",
        "https://community.letsencrypt.org/t/enabling-acme-caa-account-and-method-binding/189588",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let parties = Parties::of(lineage, host)?;
    let refused = refused(lineage, &parties, Cause::Method)?;
    Ok(refused.iter().filter_map(|refused| finding(refused, &parties, lineage, host)).collect())
}

fn finding(
    refused: &Refused<'_>,
    parties: &Parties<'_>,
    lineage: &Lineage,
    host: &HostFacts,
) -> Option<Finding> {
    let Some((record, Fault::Bound(property, _))) = refused.refusal.nearest() else { return None };
    let (owner, names) = (refused.owner(), refused.named());
    let plugin = lineage.authenticator().unwrap_or("certbot");
    let method = parties.method(refused.names.first()?);
    let says = match (property.given("validationmethods"), method) {
        (Given::Once(listed), Some(method)) => {
            format!("the CAA record of {owner} allows {listed} only, and {plugin} proves {names} by {method}")
        }
        (Given::Once(listed), None) => {
            format!("the CAA record of {owner} allows `{listed}`, which is no challenge, for {names}")
        }
        _ => format!("the CAA record of {owner} has validationmethods twice, which no challenge satisfies"),
    };
    let mended = match method {
        Some(method) => property.clone().allowing(method),
        None => property.clone().without("validationmethods"),
    };
    let line = zone_line(owner, record.flags, &record.tag, &mended.to_string());
    let fix = format!("publish `{line}` instead, or renew by a challenge that the record allows");
    let finding = refused.finding(says, &[record], line, lineage, host).fix(fix, refused.look());
    Some(heeded(finding, lineage, host))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::Severity;
    use crate::checks::testing::{
        caa_at, caa_step, host, loud, only, params, seen, silent, unknown, with_caa, without_caa,
    };
    use crate::facts::Lineage;

    fn allowing(methods: &str) -> Lineage {
        with_caa(&[(0, "issue", &format!("letsencrypt.org; validationmethods={methods}"))])
    }

    fn by(plugin: &str, methods: &str, names: &[&str]) -> Lineage {
        let value = format!("letsencrypt.org; validationmethods={methods}");
        caa_at(
            seen(params(&[("authenticator", plugin)]), names),
            caa_step("example.com", &[(0, "issue", &value)]),
        )
    }

    #[test]
    fn dns_alone_is_refused_to_webroot() {
        let (severity, finding) = only(&CHECK, &allowing("dns-01"), &host());
        assert_eq!(severity, Severity::MayFail);
        assert_eq!(
            finding.says,
            "the CAA record of example.com allows dns-01 only, and webroot proves example.com and www.example.com by http-01"
        );
        assert_eq!(
            finding.evidence[0].wanted.as_deref(),
            Some("example.com. CAA 0 issue \"letsencrypt.org; validationmethods=dns-01,http-01\"")
        );
        assert_eq!(loud(&[allowing("dns-01")], &host()), ["caa-validationmethods-mismatch"]);
    }

    #[test]
    fn a_list_that_is_malformed_or_twice_satisfies_nothing() {
        let wanted = |methods: &str| only(&CHECK, &allowing(methods), &host()).1.evidence[0].wanted.clone();
        let ours = "example.com. CAA 0 issue \"letsencrypt.org; validationmethods=http-01\"";
        for methods in ["http_01,http-01", "", "http-01; validationmethods=http-01", ",http-01"] {
            assert_eq!(wanted(methods).as_deref(), Some(ours), "{methods}");
        }
    }

    #[test]
    fn a_wildcard_by_hand_is_proved_by_dns_and_the_bare_name_is_not() {
        let lineage = by("manual", "dns-01", &["example.com", "*.example.com"]);
        assert_eq!(only(&CHECK, &lineage, &host()).1.identifiers, ["example.com"]);
    }

    #[test]
    fn our_challenge_among_others_is_silent() {
        silent(&CHECK, &allowing("dns-01,http-01"), &host());
        silent(&CHECK, &allowing("http-01,not_well_formed"), &host());
        silent(&CHECK, &by("dns-ovh", "dns-01", &["example.com", "*.example.com"]), &host());
        silent(&CHECK, &with_caa(&[(0, "issue", "letsencrypt.org")]), &host());
    }

    #[test]
    fn what_a_plugin_of_others_does_is_unknown_only_where_it_matters() {
        unknown(&CHECK, &by("corp", "dns-01", &["example.com"]), &host());
        only(&CHECK, &by("corp", "smoke-01", &["example.com"]), &host());
        silent(&CHECK, &seen(params(&[("authenticator", "corp")]), &["example.com"]), &host());
        unknown(&CHECK, &without_caa(allowing("dns-01")), &host());
    }
}
