//! The cause of a refusal, by what the CA says. The words are Boulder's: <https://github.com/letsencrypt/boulder/tree/main/va>

use crate::facts::Problem;

/// What a detail has in it, and the check that speaks of it; the first that fits counts.
const WORDS: &[(&str, &str)] = &[
    ("During secondary validation", "geo-or-asn-blocking"),
    ("Invalid port in redirect target", "redirect-bad-port"),
    ("Check webserver config for missing '/'", "redirect-missing-slash"),
    ("redirect target", "redirect-other"),
    ("disallowed redirect status", "redirect-other"),
    ("Redirect loop detected", "redirect-other"),
    ("Too many redirects", "redirect-other"),
    ("Redirect target too long", "redirect-other"),
    ("Timeout during connect", "port80-blocked"),
    ("Timeout during read", "slow-server"),
    ("Timeout after connect", "slow-server"),
    ("Connection refused", "connection-refused"),
    ("connection refused", "connection-refused"),
    ("Connection reset", "connection-refused"),
    ("NXDOMAIN", "nxdomain-san"),
    ("looking up CAA", "caa-lookup-error"),
    ("Rechecking CAA", "caa-lookup-error"),
    ("CAA record for", "caa-forbids-issuer"),
    ("SERVFAIL", "servfail-dnssec"),
    ("DNSSEC", "servfail-dnssec"),
    ("no valid A records", "nxdomain-san"),
    ("must-staple", "must-staple"),
    ("profile", "required-profile-gone"),
    ("forbidden by policy", "identifier-refused"),
    ("valid public suffix", "identifier-refused"),
    ("already issued for this exact set", "rl-exact-set"),
    ("certificates already issued for", "rl-registered-domain"),
    ("too many failed authorizations", "rl-failed-authz"),
    ("temporarily prevented", "rl-paused"),
    ("too many new orders", "rl-new-orders"),
    ("too many new registrations", "rl-new-accounts"),
    ("No TXT record found", "propagation-too-short"),
    ("Incorrect TXT record", "stale-txt-records"),
    (": 401", "auth-on-site"),
    (": 403", "dotfile-deny"),
    (": 404", "webroot-moved-or-deleted"),
    ("<!doctype html", "catch-all-app-answers"),
    ("<html", "catch-all-app-answers"),
    ("did not match this challenge", "other-acme-client-owns-path"),
];

/// The check that explains what the CA says; `None` where its words are not known.
pub(super) fn cause(problem: &Problem) -> Option<&'static str> {
    let by_words = WORDS.iter().find(|(words, _)| problem.detail.contains(words)).map(|(_, id)| *id);
    by_words.or_else(|| {
        Some(match problem.kind() {
            "rejectedIdentifier" | "unsupportedIdentifier" => "identifier-refused",
            "invalidProfile" => "required-profile-gone",
            "externalAccountRequired" => "eab-credentials-needed",
            "accountDoesNotExist" => "account-unknown-to-ca",
            "caa" => "caa-forbids-issuer",
            "userActionRequired" => "tos-or-email",
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::CHECKS;

    #[test]
    fn every_cause_is_a_check() {
        let known = |id: &str| CHECKS.iter().any(|check| check.id == id);
        let unknown: Vec<&str> = WORDS.iter().map(|(_, id)| *id).filter(|id| !known(id)).collect();
        assert_eq!(unknown, Vec::<&str>::new());
    }

    #[test]
    fn the_cas_words_name_the_cause() {
        let of = |detail: &str| cause(&Problem { detail: detail.into(), ..Problem::default() });
        assert_eq!(
            of("203.0.113.5: Invalid response from http://a/x: 404"),
            Some("webroot-moved-or-deleted")
        );
        assert_eq!(of("CAA record for example.com prevents issuance"), Some("caa-forbids-issuer"));
        assert_eq!(of("something else"), None);
    }
}
