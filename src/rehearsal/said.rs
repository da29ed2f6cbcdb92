//! The cause of a refusal, by what the CA says. Most words are Boulder's: <https://github.com/letsencrypt/boulder/tree/main/va>;
//! some are Pebble's: <https://github.com/letsencrypt/pebble/blob/main/va/va.go>

use crate::acme::Method;
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
    ("returned 401", "auth-on-site"),
    ("returned 403", "dotfile-deny"),
    ("returned 404", "webroot-moved-or-deleted"),
    ("Invalid response from", "catch-all-app-answers"),
    ("Non-200 status code", "catch-all-app-answers"),
    ("did not match this challenge", "catch-all-app-answers"),
];

/// The checks that are of no help to a name that is proven over TLS-ALPN-01.
const OF_HTTP_01: [&str; 12] = [
    "redirect-bad-port",
    "redirect-missing-slash",
    "redirect-other",
    "geo-or-asn-blocking",
    "port80-blocked",
    "slow-server",
    "connection-refused",
    "auth-on-site",
    "dotfile-deny",
    "webroot-moved-or-deleted",
    "catch-all-app-answers",
    "caa-forbids-issuer",
];

/// Characters of a thumbprint.
const THUMBPRINT: usize = 43;

/// The check that explains what the CA says; `None` where its words are not known.
pub(super) fn cause(problem: &Problem) -> Option<&'static str> {
    if is_of_another_client(&problem.detail) {
        return Some("other-acme-client-owns-path");
    }
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

/// The same for a name that was to be proven by this challenge: what speaks of port 80 and of files is about HTTP-01 alone, and CAA
/// records that forbid another challenge may allow that.
pub(super) fn cause_by(method: Method, problem: &Problem) -> Option<&'static str> {
    cause(problem).filter(|id| method != Method::TlsAlpn01 || !OF_HTTP_01.contains(id))
}

/// What is wrong where the CA did not find what this host found at the same time.
pub(super) fn cause_unlike_here(problem: &Problem) -> Option<&'static str> {
    Some(match cause(problem)? {
        // It depends on who asks.
        "dotfile-deny" => "geo-or-asn-blocking",
        // It depends on who answers.
        "webroot-moved-or-deleted" => "multi-backend-token-missing",
        cause => cause,
    })
}

/// Whether what came is a key authorization for the same token, and another account's: `Expected "TOKEN.A" (got "TOKEN.B")`,
/// or Pebble's `"TOKEN.A" != "TOKEN.B"`.
fn is_of_another_client(detail: &str) -> bool {
    let Some((_, after)) = detail.split_once("did not match this challenge") else { return false };
    let mut quoted = after.split('"').skip(1).step_by(2);
    let (Some((token, _)), Some(got)) =
        (quoted.next().and_then(|expected| expected.split_once('.')), quoted.next())
    else {
        return false;
    };
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let thumbprint = got.strip_prefix(token).and_then(|rest| rest.strip_prefix('.'));
    thumbprint.is_some_and(|text| text.len() == THUMBPRINT && text.bytes().all(base64url))
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
        assert_eq!(of("203.0.113.5: Invalid response from http://a/x: 503"), Some("catch-all-app-answers"));
        assert_eq!(of("Non-200 status code from HTTP: http://a:80/x returned 403"), Some("dotfile-deny"));
    }

    #[test]
    fn what_speaks_of_port_80_is_not_told_of_a_name_that_is_proven_on_port_443() {
        let of = |detail: &str| {
            cause_by(Method::TlsAlpn01, &Problem { detail: detail.into(), ..Problem::default() })
        };
        assert_eq!(of("203.0.113.5: Timeout during connect (likely firewall problem)"), None);
        assert_eq!(of("203.0.113.5: Connection refused"), None);
        assert_eq!(of("CAA record for example.com prevents issuance"), None);
        assert_eq!(of("DNS problem: NXDOMAIN looking up A for example.com"), Some("nxdomain-san"));
        assert_eq!(OF_HTTP_01.iter().find(|id| !CHECKS.iter().any(|check| check.id == **id)), None);
    }

    #[test]
    fn another_clients_answer_is_one_for_the_same_token() {
        let of = |detail: &str| cause(&Problem { detail: detail.into(), ..Problem::default() });
        let (own, other) = (format!("t0k-en.{}", "a".repeat(43)), format!("t0k-en.{}", "b".repeat(43)));
        let page = "<!doctype html>\\n<title>App</title>";
        let words = "The key authorization file from the server did not match this challenge";
        for (got, id) in [
            (other.as_str(), "other-acme-client-owns-path"),
            (page, "catch-all-app-answers"),
            ("", "catch-all-app-answers"),
            (&format!("{own}<!-- node 3 -->"), "catch-all-app-answers"),
        ] {
            assert_eq!(of(&format!("{words}. Expected \"{own}\" (got \"{got}\")")), Some(id), "{got}");
            assert_eq!(of(&format!("{words} \"{own}\" != \"{got}\"")), Some(id), "{got}");
        }
    }
}
