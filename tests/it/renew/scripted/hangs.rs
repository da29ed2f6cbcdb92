//! A CA that takes a request and never answers, at each step, or never finishes: the run ends, and nobody else waits for it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::ca::{Cas, Step, Visit};
use super::host::{Host, fail_as, said};
use crate::ca::server::Reply;

fn script(visit: &Visit<'_>) -> Option<Reply> {
    let step = match visit.mood {
        "directory" => Step::Directory,
        "nonce" => Step::Nonce,
        "account" => Step::Account,
        "order" => Step::NewOrder,
        "authz" => Step::Authz,
        "challenge" => Step::Challenge,
        "finalize" => Step::Finalize,
        "poll" | "for-ever" => Step::Order,
        "cert" => Step::Cert,
        _ => return None,
    };
    match visit.mood {
        "poll" | "for-ever" if visit.step == Step::Finalize => Some(visit.order("processing", Value::Null)),
        "for-ever" if visit.step == step => Some(visit.order("processing", Value::Null)),
        _ => (visit.step == step).then_some(Reply::Silence),
    }
}

/// What is said, and whether the next run fetches what was ordered.
const MOODS: &[(&str, &str)] = &[
    ("directory", "no answer in time"),
    ("nonce", "no answer in time"),
    ("account", "does not say whether it knows certbot's account: no answer in time"),
    ("order", "the CA takes no order: no answer in time"),
    ("authz", "the CA takes no order: no answer in time"),
    ("challenge", "no answer in time"),
    ("finalize", "the names are validated, and there is no certificate: no answer in time"),
    ("poll", "the names are validated, and there is no certificate: "),
    ("for-ever", "there is no certificate: it is still processing after 120 s"),
    ("cert", "the names are validated, and there is no certificate: no answer in time"),
];

#[test]
fn a_ca_that_never_answers_ends_the_run_in_time_and_holds_nobody_up() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    let moods: Vec<&str> = MOODS.iter().map(|(mood, _)| *mood).collect();
    moods.iter().chain(&["well"]).for_each(|mood| host.add(mood));
    let before = host.keep_all(&moods);
    // Its clock goes eight times as fast: a request has 30 of its seconds, and an order 120.
    let begin = Instant::now();
    let report = host.renew_at("+0 x8", &["--deadline", "8"]);
    assert_eq!(report.code, Some(2));
    fail_as(&host, &report, MOODS, &before);
    assert_eq!((said(&report, "well").0, host.live("well")), ("renewed", 2));
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
    for mood in &moods {
        assert_eq!(host.has_pending(mood), ["finalize", "poll", "for-ever", "cert"].contains(mood), "{mood}");
    }
    host.nothing_is_left();
    host.certbot_lists_all();
}
