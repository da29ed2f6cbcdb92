//! The resolver that does not validate, and what forwarders make of its answers.

use super::{DROPPING, PLAIN, RESOLVER, STRIPPING, dig, owned};
use crate::net::world;

#[test]
fn a_resolver_that_does_not_validate_lets_everything_pass() {
    let Some(world) = world() else { return };
    for zone in ["signed", "bogus", "expired", "stripped", "bare.tampered", "ed448", "rsa"] {
        let said = dig(world, PLAIN, &format!("{zone}.test A"));
        assert_eq!(said.answer, owned(&["A 45.45.45.80"]), "{}", said.text);
        assert!(!said.has("ad"), "{}", said.text);
    }
    let signed = dig(world, PLAIN, "signed.test A +dnssec +cd");
    assert!(signed.answer.iter().any(|record| record.starts_with("RRSIG A ")), "{}", signed.text);
    assert_eq!(dig(world, PLAIN, "split.signed.test A").answer, owned(&["A 10.77.0.2"]));
}

#[test]
fn what_was_changed_after_it_was_signed_is_refused_by_one_that_validates() {
    let Some(world) = world() else { return };
    for question in ["changed.tampered.test A", "bare.tampered.test A", "changed-caa.tampered.test CAA"] {
        let said = dig(world, RESOLVER, question);
        assert_eq!(said.status, "SERVFAIL", "{}", said.text);
    }
    for question in
        ["fine.tampered.test A", "changed-caa.tampered.test A", "rsa.test A", "caa.signed.test CAA"]
    {
        assert!(dig(world, RESOLVER, question).has("ad"), "{question}");
    }
}

#[test]
fn forwarders_hold_back_what_they_do_not_know() {
    let Some(world) = world() else { return };
    let stripped = dig(world, STRIPPING, "signed.test A +dnssec +cd");
    assert_eq!(stripped.answer, owned(&["A 45.45.45.80"]), "{}", stripped.text);
    assert_eq!(dig(world, STRIPPING, "signed.test DS").answer.len(), 2);
    assert!(dig(world, DROPPING, "other.caa.test CAA +time=1").text.contains("timed out"));
    assert_eq!(dig(world, DROPPING, "other.caa.test A").status, "NOERROR");
}
