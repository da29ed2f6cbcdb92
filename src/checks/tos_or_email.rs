//! The CA wants something of the account's owner first, mostly that new terms of service are agreed to.

use super::accounts::asked;
use crate::check::{Check, Evidence, Finding, Run, Severity, Source, Subject, Verdict};
use crate::facts::net::AccountState;
use crate::facts::{HostFacts, Lineage, UNUSED};

/// The CA answers `userActionRequired` when it is asked for the account. That an old certbot asks for `--agree-tos` before it
/// registers an account for a dry run cannot be seen beforehand, and does not touch a renewal.
pub static CHECK: Check = Check {
    id: "tos-or-email",
    title: "the CA wants new terms of service to be agreed to",
    severity: Severity::WillFail,
    why: "the CA refuses every request of the account with `userActionRequired` until its owner has done what it asks for, \
          and certbot has no way to do that by itself",
    fix: "open the page that the CA names, and agree to the terms as it says there",
    cites: &["https://www.rfc-editor.org/rfc/rfc8555#section-7.3.3"],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    let Some((ca, account, state)) = asked(lineage, host)? else { return Ok(vec![]) };
    let AccountState::ActionRequired(words, page) = state else { return Ok(vec![]) };
    let terms = ca.directory.as_ref().ok().and_then(|directory| directory.terms.as_ref());
    let page = page.as_ref().or(terms);
    let evidence = Evidence { kind: Source::Acme, ..Evidence::file(&ca.server, words) };
    let finding = Finding::new(format!(
        "{} does nothing for the account {} until its owner has agreed to new terms",
        ca.server, account.id
    ))
    .about(Subject::Account(account.path.clone()))
    .evidence(Evidence { vantage: "CA".into(), wanted: Some("a valid account".into()), ..evidence })
    .saw(&account.path, "the account that certbot will use");
    let summary = match page {
        Some(page) => format!("open {page} and do what it says, then rehearse"),
        None => "ask the CA what it wants, then rehearse".to_owned(),
    };
    let rehearse = format!("certbot renew --cert-name {} --dry-run --server {}", lineage.name, ca.server);
    Ok(vec![finding.fix(summary, [rehearse]).lowered_if(host.unused(lineage), Severity::Note, UNUSED)])
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        account_is, ca_fails, ca_seen, host, lineage, loud, only, run, silent, unknown,
    };
    use crate::facts::net::{AccountState, CaFault};

    fn wants(page: Option<&str>) -> AccountState {
        AccountState::ActionRequired("Terms of service have changed".into(), page.map(str::to_owned))
    }

    #[test]
    fn new_terms_will_fail_with_the_page_that_tells() {
        let changed = || account_is(wants(Some("https://ca.example/agree")));
        let (severity, finding) = only(&CHECK, &changed(), &host());
        assert_eq!(severity, Severity::WillFail, "the CA itself says so");
        assert_eq!(finding.evidence[0].saw, "Terms of service have changed");
        assert!(finding.fix.unwrap().summary.contains("open https://ca.example/agree and"));
        assert_eq!(loud(&[changed()], &host()), ["tos-or-email"]);
    }

    #[test]
    fn without_a_page_the_terms_of_the_directory_are_named() {
        let mut changed = account_is(wants(None));
        assert!(only(&CHECK, &changed, &host()).1.fix.unwrap().summary.starts_with("ask the CA"));
        let mut ca = changed.ca.as_deref().unwrap().clone();
        ca.directory.as_mut().unwrap().terms = Some("https://ca.example/terms".into());
        changed.ca = Some(ca.into());
        assert!(only(&CHECK, &changed, &host()).1.fix.unwrap().summary.contains("https://ca.example/terms"));
    }

    #[test]
    fn a_valid_account_is_silent_and_one_that_was_not_asked_for_is_unknown() {
        silent(&CHECK, &ca_seen(|_| ()), &host());
        silent(&CHECK, &account_is(AccountState::Ended("deactivated".into())), &host());
        unknown(&CHECK, &account_is(AccountState::Unasked("no nonce".into())), &host());
        unknown(&CHECK, &account_is(AccountState::Busy("status 503".into())), &host());
        let verdict = run(&CHECK, &ca_fails(CaFault::Timeout), &host());
        assert!(matches!(verdict, Err(Skip::NotApplicable(_))));
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}
