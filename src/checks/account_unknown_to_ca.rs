//! The CA has no account with this key.

use super::accounts::refused;
use crate::check::{Check, Run, Severity, Verdict};
use crate::facts::net::AccountState;
use crate::facts::{HostFacts, Lineage};

/// The account that renews was never made at this CA, or is gone there.
pub static CHECK: Check = Check {
    id: "account-unknown-to-ca",
    title: "the CA does not know the account",
    severity: Severity::WillFail,
    why: "certbot signs its orders with the account's key, and the CA answers: `accountDoesNotExist`; the account was copied from another CA, or the CA was set up anew",
    fix: "remove the conf's line `account = …`, so that certbot registers a new account; then name its URI in CAA records \
          that have an accounturi",
    cites: &[
        "https://www.rfc-editor.org/rfc/rfc8555#section-7.3",
        "https://letsencrypt.org/docs/account-id/",
    ],
    explains: &["ari-window-missed", "certificate-expired"],
    run: Run::Lineage(run),
};

fn run(lineage: &Lineage, host: &HostFacts) -> Verdict {
    refused(lineage, host, "is not known at", |state| match state {
        AccountState::Unknown(words) => Some(words),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::check::{Severity, Skip};
    use crate::checks::testing::{
        account_is, ca_fails, ca_seen, host, lineage, loud, only, run, silent, unknown,
    };
    use crate::facts::net::{AccountState, CaFault};

    #[test]
    fn what_the_ca_says_of_the_account_will_fail() {
        let ended = || account_is(AccountState::Unknown("words of the CA".into()));
        let (severity, finding) = only(&CHECK, &ended(), &host());
        assert_eq!(severity, Severity::WillFail, "the CA itself says so");
        assert_eq!(finding.evidence[0].saw, "words of the CA");
        assert_eq!(loud(&[ended()], &host()), ["account-unknown-to-ca"]);
    }

    #[test]
    fn a_valid_account_is_silent_and_one_that_was_not_asked_for_is_unknown() {
        silent(&CHECK, &ca_seen(|_| ()), &host());
        unknown(&CHECK, &account_is(AccountState::Unasked("no nonce".into())), &host());
        let verdict = run(&CHECK, &ca_fails(CaFault::Timeout), &host());
        assert!(matches!(verdict, Err(Skip::NotApplicable(_))));
        let mut unasked = lineage();
        unasked.ca = None;
        assert!(matches!(run(&CHECK, &unasked, &host()), Err(Skip::NotAsked(_))));
    }
}
