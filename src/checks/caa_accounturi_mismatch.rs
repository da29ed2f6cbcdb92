//! CAA records bind issuance to an account that this lineage does not use.

use crate::caa::{Bound, Cause, Fault, Fit, Given, Parties, Refused, refused, zone_line};
use crate::check::{Check, Finding, Run, Severity, Verdict};
use crate::facts::{HostFacts, Lineage};

/// The record that names this CA has an `accounturi` of another account.
pub static CHECK: Check = Check {
    id: "caa-accounturi-mismatch",
    title: "CAA records let another account issue, not this one",
    severity: Severity::WillFail,
    why: "the CA compares accounturi with the account that orders and refuses any other with `CAA record for NAME prevents \
          issuance`: after an account was made anew, or on a second host, it is another",
    fix: "publish the URI that `certbot show_account` prints: \
          `example.com. CAA 0 issue \"letsencrypt.org; accounturi=URI\"`; a second record may name a second account",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8657#section-3",
        "https://community.letsencrypt.org/t/enabling-acme-caa-account-and-method-binding/189588",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

/// Why a finding about a parameter is a note at other CAs than Let's Encrypt.
pub(super) const UNHEEDED: &str = "it is not known whether this CA heeds the parameter";

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let parties = Parties::of(lineage, host)?;
    let refused = refused(lineage, &parties, Cause::Account)?;
    Ok(refused.iter().filter_map(|refused| finding(refused, &parties, lineage, host)).collect())
}

fn finding(
    refused: &Refused<'_>,
    parties: &Parties<'_>,
    lineage: &Lineage,
    host: &HostFacts,
) -> Option<Finding> {
    let Some((record, Fault::Bound(property, bound))) = refused.refusal.nearest() else { return None };
    let (owner, names) = (refused.owner(), refused.named());
    let own = parties.accounts.iter().flatten().next().copied();
    let says = match (property.given("accounturi"), own) {
        (Given::Once(uri), Some(own)) => {
            format!(
                "the CAA record of {owner} lets the account {uri} issue for {names}, and certbot uses {own}"
            )
        }
        (Given::Once(uri), None) => format!(
            "the CAA record of {owner} lets the account {uri} issue for {names}, and certbot will register a new one"
        ),
        _ => format!("the CAA record of {owner} has accounturi twice, which no account satisfies"),
    };
    let bare = property.clone().without("accounturi");
    let mended = match own {
        Some(own) => property.clone().with("accounturi", own),
        None => bare,
    };
    let mended = methods_mended(mended, *bound, parties.method(refused.names.first()?));
    let line = zone_line(owner, record.flags, &record.tag, &mended.to_string());
    let fix = match own {
        Some(_) => format!("publish `{line}`, beside the old record or in its place"),
        None => {
            format!("publish `{line}`, and bind it again once `certbot show_account` prints the new account")
        }
    };
    let finding = refused.finding(says, &[record], line, lineage, host).fix(fix, refused.look());
    Some(heeded(finding, lineage, host))
}

/// The record must allow the challenge as well.
fn methods_mended(
    property: crate::caa::Property,
    bound: Bound,
    method: Option<&str>,
) -> crate::caa::Property {
    match method {
        Some(method) if bound.method == Fit::No => property.allowing(method),
        _ => property,
    }
}

/// Only of Let's Encrypt it is known that it enforces RFC 8657.
pub(super) fn heeded(finding: Finding, lineage: &Lineage, host: &HostFacts) -> Finding {
    let known = lineage.asks(host).is_some_and(crate::ca::is_lets_encrypt_any);
    finding.lowered_if(!known, Severity::Note, UNHEEDED)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        caa_at, caa_step, denied, host, lineage_with, loud, only, run, seen, silent, unknown, with_caa,
        without_caa,
    };
    use crate::facts::{HostFacts, Lineage, Role};

    const OWN: &str = "https://acme-v02.api.letsencrypt.org/acme/acct/1";
    const OTHER: &str = "https://acme-v02.api.letsencrypt.org/acme/acct/2";

    fn bound(to: &str) -> Lineage {
        with_caa(&[(0, "issue", &format!("letsencrypt.org; accounturi={to}"))])
    }

    #[test]
    fn another_account_is_refused_and_the_record_to_publish_names_ours() {
        let (severity, finding) = only(&CHECK, &bound(OTHER), &host());
        assert_eq!(severity, Severity::MayFail);
        assert!(finding.says.contains(OTHER) && finding.says.ends_with(OWN), "{}", finding.says);
        let record = format!("example.com. CAA 0 issue \"letsencrypt.org; accounturi={OWN}\"");
        assert_eq!(finding.evidence[0].wanted.as_deref(), Some(record.as_str()));
        assert_eq!(loud(&[bound(OTHER)], &host()), ["caa-accounturi-mismatch"]);
    }

    #[test]
    fn a_record_that_is_wrong_twice_is_mended_as_a_whole() {
        let value = format!("letsencrypt.org; validationmethods=dns-01; accounturi={OTHER}; x=1");
        let finding = only(&CHECK, &with_caa(&[(128, "issue", &value)]), &host()).1;
        let wanted = finding.evidence[0].wanted.as_deref().unwrap();
        let value = format!("letsencrypt.org; validationmethods=dns-01,http-01; accounturi={OWN}; x=1");
        assert_eq!(wanted, format!("example.com. CAA 128 issue \"{value}\""));
    }

    #[test]
    fn a_parameter_given_twice_satisfies_nobody() {
        let value = format!("letsencrypt.org; accounturi={OWN}; accounturi={OWN}");
        let finding = only(&CHECK, &with_caa(&[(0, "issue", &value)]), &host()).1;
        assert!(finding.says.contains("twice"), "{}", finding.says);
    }

    #[test]
    fn a_host_that_will_register_anew_cannot_be_named_yet() {
        let host = HostFacts { accounts: Ok(vec![]), ..host() };
        let mut lineage = bound(OWN);
        crate::checks::testing::unset(lineage.conf.as_mut().unwrap(), "renewalparams", "account");
        let finding = only(&CHECK, &lineage, &host).1;
        assert!(finding.says.contains("register a new one"), "{}", finding.says);
        let wanted = finding.evidence[0].wanted.as_deref().unwrap();
        assert_eq!(wanted, "example.com. CAA 0 issue \"letsencrypt.org\"");
    }

    #[test]
    fn our_account_in_either_form_and_one_of_two_records_are_silent() {
        silent(&CHECK, &bound(OWN), &host());
        silent(&CHECK, &bound("https://acme-v01.api.letsencrypt.org/acme/reg/1"), &host());
        let (other, own) =
            (format!("letsencrypt.org;accounturi={OTHER}"), format!("letsencrypt.org;accounturi={OWN}"));
        silent(&CHECK, &with_caa(&[(0, "issue", &other), (0, "issue", &own)]), &host());
        silent(&CHECK, &with_caa(&[(0, "issue", "letsencrypt.org")]), &host());
    }

    #[test]
    fn whether_another_ca_heeds_it_is_not_known() {
        let lineage = lineage_with("server", "https://acme.ssl.com/sslcom-dv-rsa");
        let step = caa_step("example.com", &[(0, "issue", "ssl.com; accounturi=https://acme.ssl.com/1")]);
        let mut host = host();
        let account = &mut host.accounts.as_mut().unwrap()[0];
        account.server = "acme.ssl.com/sslcom-dv-rsa".into();
        assert_eq!(only(&CHECK, &caa_at(seen(lineage, &["example.com"]), step), &host).0, Severity::Note);
    }

    #[test]
    fn accounts_that_cannot_be_read_are_unknown_only_where_they_matter() {
        let host = HostFacts { accounts: denied(Role::Other), ..host() };
        unknown(&CHECK, &bound(OWN), &host);
        silent(&CHECK, &with_caa(&[(0, "issue", "letsencrypt.org")]), &host);
        unknown(&CHECK, &without_caa(bound(OWN)), &host);
    }

    #[test]
    fn an_account_that_is_not_on_the_host_is_told_elsewhere() {
        let host = HostFacts { accounts: Ok(vec![]), ..host() };
        assert!(matches!(run(&CHECK, &bound(OWN), &host), Err(Skip::NotApplicable(_))));
        assert_eq!(loud(&[bound(OWN)], &host), ["account-dir-missing"]);
    }
}
