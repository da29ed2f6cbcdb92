//! Connections that end when the certificate is asked for or fetched: the next run fetches it, and orders nothing anew.

use serde_json::{Value, json};

use super::ca::{Cas, Step, Visit};
use super::host::{Host, fail_as, said};
use crate::ca::server::Reply;

fn script(visit: &Visit<'_>) -> Option<Reply> {
    let error = json!({"type": "urn:ietf:params:acme:error:caa", "detail": "CAA record for a.test prevents issuance"});
    match (visit.mood, visit.step) {
        // It got the request, and is gone; twice, since a connection may end just when it is used again.
        ("dropped-finalize", Step::Finalize) if visit.nth < 2 => Some(Reply::Dropped),
        ("half-finalize", Step::Finalize) if visit.nth < 2 => Some(Reply::Half),
        ("dropped-cert", Step::Cert) if visit.nth < 2 => Some(Reply::Dropped),
        ("half-cert", Step::Cert) if visit.nth < 2 => Some(Reply::Half),
        ("dropped-poll", Step::Finalize) => Some(visit.order("processing", Value::Null)),
        ("dropped-poll", Step::Order) if visit.nth < 10 => Some(Reply::Dropped),
        ("invalid-why" | "invalid", Step::Finalize) => Some(visit.order("processing", Value::Null)),
        ("invalid-why", Step::Order) => Some(visit.order("invalid", json!({"error": error}))),
        ("invalid", Step::Order) => Some(visit.order("invalid", Value::Null)),
        // What serves certificates lags behind for a while, or never has the first one.
        ("late-cert", Step::Cert) if visit.nth < 1 => Some(visit.problem(404, "", "malformed", "not found")),
        ("no-cert", Step::Cert) if visit.number == 0 => {
            Some(visit.problem(404, "", "malformed", "no such certificate"))
        }
        ("lost", Step::Cert) if visit.nth < 2 => Some(Reply::Dropped),
        // It forgets everything at restart.
        ("lost", Step::Order) if visit.number == 0 => {
            Some(visit.problem(404, "", "malformed", "no such order"))
        }
        _ => None,
    }
}

/// Whose certificate is there for the next run.
const FETCHED: &[(&str, &str)] = &[
    ("dropped-finalize", "the names are validated, and there is no certificate: "),
    ("half-finalize", "the names are validated, and there is no certificate: "),
    ("dropped-cert", "the names are validated, and there is no certificate: "),
    ("half-cert", "the names are validated, and there is no certificate: "),
    ("dropped-poll", "the names are validated, and there is no certificate: "),
    ("late-cert", "not found"),
];

const REFUSED: &[(&str, &str)] =
    &[("invalid-why", "CAA record for a.test prevents issuance"), ("invalid", "the order is invalid")];

#[test]
fn what_was_ordered_is_fetched_by_the_next_run_and_never_ordered_twice() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    let moods: Vec<&str> = FETCHED.iter().chain(REFUSED).map(|(mood, _)| *mood).chain(["lost"]).collect();
    moods.iter().for_each(|mood| host.add(mood));
    let before = host.keep_all(&moods);
    let report = host.renew(&[]);
    let all = [FETCHED, REFUSED, &[("lost", "there is no certificate")]].concat();
    fail_as(&host, &report, &all, &before);
    host.nothing_is_left();

    let report = host.renew(&[]);
    for (mood, _) in FETCHED {
        let (outcome, because, one) = said(&report, mood);
        assert_eq!((outcome, cas.orders(mood), host.live(mood)), ("renewed", 1, 2), "{mood}: {because}");
        assert!(one["notes"].to_string().contains("ordered by an earlier run, and was fetched"), "{one:#}");
    }
    // Whatever comes to nothing is held back like any other failure, and not ordered at every run.
    for (mood, words) in REFUSED.iter().chain(&[("lost", "there is no certificate")]) {
        let (outcome, because, _) = said(&report, mood);
        assert!(outcome == "held-back" && because.contains(words), "{mood}: {outcome}: {because}");
        assert_eq!(cas.orders(mood), 1, "{mood}");
        host.is_as_before(mood, &before[*mood]);
    }
    assert!(moods.iter().all(|mood| !host.has_pending(mood)), "no key is kept any longer");
    host.renew(&["--force", "lost.test"]).assert(&["renewed"], 0);
    assert_eq!((cas.orders("lost"), host.live("lost")), (2, 2));
    host.nothing_is_left();
    host.certbot_lists_all();
}

#[test]
fn a_certificate_that_never_comes_is_asked_for_until_somebody_wants_another() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    host.add("no-cert");
    for _ in 0..3 {
        let report = host.renew(&[]);
        let (outcome, because, _) = said(&report, "no-cert");
        assert!(outcome == "failed" && because.contains("no such certificate"), "{outcome}: {because}");
        assert_eq!((cas.orders("no-cert"), host.has_pending("no-cert")), (1, true));
    }
    let report = host.renew(&["--force", "no-cert.test"]);
    report.assert(&["renewed"], 0);
    assert!(said(&report, "no-cert").2["notes"].to_string().contains("it was ordered anew"));
    assert_eq!((cas.orders("no-cert"), host.live("no-cert")), (2, 2));
    host.nothing_is_left();
}

#[test]
fn an_order_for_a_certificate_that_another_client_has_renewed_is_forgotten_with_its_key() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    host.add("no-cert");
    host.renew(&[]).assert(&["not-due", "failed"], 2);
    assert!(host.has_pending("no-cert"));
    host.certbot_renews("no-cert");
    host.renew(&[]).assert(&["not-due", "not-due"], 0);
    assert!(!host.has_pending("no-cert"), "its key is of no use any more");
    host.certbot_lists_all();
}
