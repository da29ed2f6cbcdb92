//! The cause of a failure at the CA, by its words and by what this host saw of the same name.

use std::net::IpAddr;

use super::said;
use crate::facts::{Attempt, Problem};
use crate::reserved::reserved;

/// What failed before anything was asked for: two who look from two places may well fail in two ways.
const DIALS: [&str; 3] = ["connection-refused", "port80-blocked", "slow-server"];

/// What a CA's words say of an answer, and a walk, which saw all of it, may know better.
const ANSWERS: [&str; 5] = [
    "webroot-moved-or-deleted",
    "catch-all-app-answers",
    "dotfile-deny",
    "auth-on-site",
    "other-acme-client-owns-path",
];

/// The cause of what a CA said of a name that this host looked at as well; `None` where it passed, or is not known.
pub(super) fn cause<'a>(at_ca: &'a Attempt, here: &'a Attempt) -> Option<&'a str> {
    let problem = at_ca.problem.as_ref().filter(|_| !at_ca.ok)?;
    let words = at_ca.id.as_deref();
    match (words, here.id.as_deref()) {
        _ if here.ok && went_elsewhere(problem, here) => Some("dns-points-elsewhere"),
        _ if here.ok => said::cause_unlike_here(problem).or_else(|| first_dial(here)),
        (Some(words), Some(seen)) if knows_better(words, seen) && alike(problem, here) => Some(seen),
        (Some(words), _) => Some(words),
        (None, seen) => seen,
    }
}

/// Whether what was seen says more than the words.
fn knows_better(words: &str, seen: &str) -> bool {
    ANSWERS.contains(&words) || DIALS.contains(&words) && !DIALS.contains(&seen)
}

/// Whether both failed in the same way, as far as the kinds of problem tell.
fn alike(problem: &Problem, here: &Attempt) -> bool {
    here.problem.as_ref().is_some_and(|own| own.kind() == problem.kind())
}

/// Whether a CA failed at an address by which this host, which passed, does not know the name. That a private network gives another
/// one to its hosts is no sign of it.
fn went_elsewhere(problem: &Problem, here: &Attempt) -> bool {
    let said = problem.detail.split(": ").next();
    let Some(there) = said.and_then(|said| said.parse::<IpAddr>().ok()) else { return false };
    let known: Vec<IpAddr> = here.hops.iter().flat_map(|hop| hop.addresses.clone()).collect();
    let private = reserved(there).is_none() && known.iter().all(|known| reserved(*known).is_some());
    !known.contains(&there) && !private
}

/// What kept this host from the first address of a name, where another one let it in: not every CA tries that one.
fn first_dial(here: &Attempt) -> Option<&'static str> {
    let first = here.hops.first().filter(|hop| hop.status.is_none())?;
    Some(match first.error.as_deref()?.contains("refused") {
        true => "connection-refused",
        false => "port80-blocked",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Vantage;
    use crate::facts::net::Hop;

    fn attempt(vantage: Vantage, kind: &str, detail: &str, id: Option<&str>) -> Attempt {
        let problem = Problem {
            r#type: format!("urn:ietf:params:acme:error:{kind}"),
            detail: detail.into(),
            ..Problem::default()
        };
        Attempt {
            lineage: None,
            identifier: "example.com".into(),
            method: "webroot".into(),
            vantage,
            ok: false,
            id: id.or_else(|| said::cause(&problem)).map(str::to_owned),
            problem: Some(problem),
            hops: Vec::new(),
            may_pass: None,
            differs: false,
        }
    }

    #[test]
    fn what_was_seen_tells_more_than_the_same_failure_in_words() {
        for (kind, words, seen, seen_kind, cause_of) in [
            (
                "unauthorized",
                "Invalid response from http://a/x: 404",
                "aaaa-wrong-host",
                "unauthorized",
                "aaaa-wrong-host",
            ),
            (
                "connection",
                "connect: connection refused",
                "redirect-bad-port",
                "connection",
                "redirect-bad-port",
            ),
            // Hairpin NAT: the CA got further, or stopped elsewhere.
            (
                "unauthorized",
                "Invalid response from http://a/x: 404",
                "port80-blocked",
                "connection",
                "webroot-moved-or-deleted",
            ),
            ("connection", "Timeout during connect", "connection-refused", "connection", "port80-blocked"),
            (
                "unauthorized",
                "During secondary validation: x: 403",
                "dotfile-deny",
                "unauthorized",
                "geo-or-asn-blocking",
            ),
            ("connection", "words that nobody knows", "redirect-other", "connection", "redirect-other"),
        ] {
            let at_ca = attempt(Vantage::Ca, kind, words, None);
            let here = attempt(Vantage::ThisHost, seen_kind, "", Some(seen));
            assert_eq!(cause(&at_ca, &here), Some(cause_of), "{words}");
        }
    }

    #[test]
    fn what_this_host_found_is_kept_from_the_ca() {
        let passed =
            Attempt { ok: true, id: None, problem: None, ..attempt(Vantage::ThisHost, "", "", None) };
        for (words, cause_of) in [
            ("Invalid response from http://a/x: 403", Some("geo-or-asn-blocking")),
            ("Invalid response from http://a/x: 404", Some("multi-backend-token-missing")),
            ("Timeout during connect", Some("port80-blocked")),
            ("words that nobody knows", None),
        ] {
            assert_eq!(cause(&attempt(Vantage::Ca, "unauthorized", words, None), &passed), cause_of);
        }
        let dead = Hop { error: Some("no answer to the connection in time".into()), ..Hop::default() };
        let fell_back = Attempt { hops: vec![dead], ..passed.clone() };
        let silent = attempt(Vantage::Ca, "connection", "words that nobody knows", None);
        assert_eq!(cause(&silent, &fell_back), Some("port80-blocked"));
        assert_eq!(cause(&Attempt { ok: true, ..silent }, &passed), None);
    }
}
