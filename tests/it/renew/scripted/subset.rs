//! `allow_subset_of_names`, and CAs that refuse one of two names at every step, or only for the moment.

use serde_json::{Value, json};

use super::ca::{Cas, Step, Visit};
use super::host::{Host, said};
use crate::ca::server::Reply;

/// CAs that refuse the second name, and in the end have a certificate for the first.
const LOST: &[&str] = &["at-order", "at-authz", "no-challenge", "at-finalize", "dropped"];

/// CAs that refuse it for the moment, and both.
const KEPT: &[(&str, &str)] = &[
    ("limits", "the CA did not validate www.limits.test"),
    ("ill", "www.ill.test"),
    ("none", "the CA did not validate none.test, www.none.test"),
];

fn script(visit: &Visit<'_>) -> Option<Reply> {
    let second = format!("www.{}.test", visit.mood);
    let urn = |kind: &str| format!("urn:ietf:params:acme:error:{kind}");
    let about = |kind: &str| {
        let one = json!({"type": urn(kind), "detail": "not this one", "identifier": {"type": "dns", "value": second}});
        let body = json!({"type": urn(kind), "detail": "see below", "subproblems": [one]});
        let headers = "Replay-Nonce: bm9uY2U\r\nContent-Type: application/problem+json\r\n";
        Reply::Bytes(403, headers.to_owned(), body.to_string().into_bytes())
    };
    let failed = |kind: &str, status: u16| {
        let error = json!({"type": urn(kind), "detail": "404 there", "status": status});
        authorization(visit, "invalid", json!({"type": "http-01", "status": "invalid", "error": error}))
    };
    match (visit.mood, visit.step) {
        ("at-order", Step::NewOrder) if visit.nth == 0 => Some(about("rejectedIdentifier")),
        ("at-authz" | "dropped", Step::Authz) if visit.name == second => Some(failed("unauthorized", 403)),
        ("none", Step::Authz) => Some(failed("unauthorized", 403)),
        ("no-challenge", Step::Authz) if visit.name == second => Some(authorization(
            visit,
            "pending",
            json!({"type": "dns-01", "status": "pending", "token": "t"}),
        )),
        ("at-finalize", Step::Finalize) if visit.nth == 0 => Some(about("caa")),
        ("dropped", Step::Finalize) if visit.nth < 2 => Some(Reply::Dropped),
        ("limits", Step::Authz) if visit.name == second => Some(failed("rateLimited", 429)),
        ("ill", Step::Authz) if visit.name == second => Some(failed("serverInternal", 500)),
        _ => None,
    }
}

/// An authorization with one challenge.
fn authorization(visit: &Visit<'_>, status: &str, mut challenge: Value) -> Reply {
    let Visit { mood, number, name, .. } = visit;
    challenge["url"] = format!("ORIGIN/{mood}/challenge/{number}/{name}").into();
    let body =
        json!({"status": status, "identifier": {"type": "dns", "value": name}, "challenges": [challenge]});
    Reply::Answer(200, "Replay-Nonce: bm9uY2U\r\n", body.to_string())
}

#[test]
fn names_are_lost_where_the_ca_refuses_them_and_not_where_it_only_cannot_now() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    let moods: Vec<&str> = LOST.iter().copied().chain(KEPT.iter().map(|(mood, _)| *mood)).collect();
    for mood in &moods {
        host.add(mood);
        host.set(mood, "allow_subset_of_names", "True");
    }
    let before = host.keep_all(&moods);
    let report = host.renew(&[]);
    for mood in LOST {
        let (outcome, because, one) = said(&report, mood);
        if *mood == "dropped" {
            assert_eq!((outcome, cas.orders(mood)), ("failed", 2), "{because}");
            continue;
        }
        let lost = json!([format!("www.{mood}.test")]);
        assert_eq!((outcome, &one["lost"], host.live(mood)), ("renewed", &lost, 2), "{mood}: {because}");
        assert_eq!(cas.orders(mood), 2, "{mood}");
    }
    for (mood, words) in KEPT {
        let (outcome, because, one) = said(&report, mood);
        assert!(outcome == "failed" && because.contains(words), "{mood}: {outcome}: {because}");
        assert_eq!((&one["lost"], cas.orders(mood)), (&json!([]), 1), "{mood}");
        host.is_as_before(mood, &before[*mood]);
    }
    assert_eq!(report.code, Some(2));

    // What was ordered for a part is fetched as that part.
    let report = host.renew(&["dropped.test"]);
    report.assert(&["renewed"], 1);
    assert_eq!(report.of("dropped.test")["lost"], json!(["www.dropped.test"]));
    assert_eq!((cas.orders("dropped"), host.live("dropped")), (2, 2));
    host.nothing_is_left();
    host.certbot_lists_all();
}
