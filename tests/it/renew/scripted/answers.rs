//! A CA that is not well, at each step: for a moment, for longer, or as it says.

use std::collections::BTreeMap;

use super::ca::{Cas, Step, Visit};
use super::host::{Host, fail_as, said};
use crate::ca::server::Reply;

/// The steps by the words in names.
const STEPS: [(&str, Step); 9] = [
    ("directory", Step::Directory),
    ("nonce", Step::Nonce),
    ("account", Step::Account),
    ("authz", Step::Authz),
    ("order", Step::NewOrder),
    ("challenge", Step::Challenge),
    ("finalize", Step::Finalize),
    ("poll", Step::Order),
    ("cert", Step::Cert),
];

/// `HOW-STEP`: once, twice, a bad nonce, 500, 503, or later, which is 503 and two hours.
fn script(visit: &Visit<'_>) -> Option<Reply> {
    let (how, step) = visit.mood.split_once('-')?;
    let (_, step) = STEPS.into_iter().find(|(word, _)| *word == step)?;
    if step == Step::Order && visit.step == Step::Finalize {
        return Some(visit.order("processing", serde_json::Value::Null));
    }
    if visit.step != step {
        return None;
    }
    let html = |headers: &str| Reply::Bytes(503, headers.into(), b"<html>busy</html>".to_vec());
    // One look at the directory comes before all others.
    let moment = if step == Step::Directory { 3 } else { 1 };
    match how {
        "once" if visit.nth < moment => Some(html("")),
        "twice" if visit.nth < moment.max(2) => {
            Some(visit.problem(500, "Retry-After: 0\r\n", "serverInternal", "a hiccup"))
        }
        "nonce" if visit.nth < 2 => {
            Some(visit.problem(400, "", "badNonce", "JWS has an invalid anti-replay nonce"))
        }
        "500" => Some(visit.problem(500, "Retry-After: 0\r\n", "serverInternal", "we have lost a disk")),
        "503" => Some(html("Retry-After: 0\r\n")),
        "later" => Some(html("Retry-After: 7200\r\n")),
        _ => None,
    }
}

fn all(how: &str) -> Vec<String> {
    STEPS.iter().map(|(step, _)| format!("{how}-{step}")).collect()
}

#[test]
fn a_ca_that_is_not_well_for_a_moment_renews_in_the_same_run() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    let signed =
        all("nonce").into_iter().filter(|mood| !["nonce-directory", "nonce-nonce"].contains(&mood.as_str()));
    let moods: Vec<String> = [all("once"), all("twice")].into_iter().flatten().chain(signed).collect();
    moods.iter().for_each(|mood| host.add(mood));
    let report = host.renew(&[]);
    let outcomes: BTreeMap<&str, (&str, &str)> = moods
        .iter()
        .map(|mood| (mood.as_str(), said(&report, mood)))
        .filter(|(_, (outcome, ..))| *outcome != "renewed")
        .map(|(mood, (outcome, because, _))| (mood, (outcome, because)))
        .collect();
    assert_eq!((outcomes, report.code), (BTreeMap::new(), Some(0)));
    // A challenge that the CA was told of, and an order that it was asked to finalize, are there once.
    for mood in &moods {
        assert_eq!(host.live(mood), 2, "{mood}");
        let orders = match (mood.as_str(), mood.split_once('-')) {
            (_, Some(("once", "order"))) => 2,
            (_, Some(("twice" | "nonce", "order"))) => 3,
            _ => 1,
        };
        assert_eq!(cas.orders(mood), orders, "{mood}");
    }
    host.nothing_is_left();
    host.certbot_lists_all();
}

#[test]
fn a_ca_that_is_down_hurts_nobody_and_is_left_alone_as_it_asks() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    let (five_hundred, busy, later) = (all("500"), all("503"), all("later"));
    let moods: Vec<&str> = [&five_hundred, &busy, &later].into_iter().flatten().map(String::as_str).collect();
    moods.iter().for_each(|mood| host.add(mood));
    let before = host.keep_all(&moods);
    let report = host.renew(&[]);
    assert_eq!(report.code, Some(2));
    let with = |moods: &'_ [String], words: &'static str| -> Vec<(String, &'static str)> {
        moods.iter().map(|mood| (mood.clone(), words)).collect()
    };
    let words = [with(&five_hundred, ""), with(&busy, "status 503"), with(&later, "not before ")].concat();
    let words: Vec<(&str, &str)> = words.iter().map(|(mood, words)| (mood.as_str(), *words)).collect();
    fail_as(&host, &report, &words, &before);
    let minutes = |mood: &str| {
        let at: jiff::Timestamp =
            said(&report, mood).2["at"].as_str().expect("a time").parse().expect("a time");
        at.duration_since(jiff::Timestamp::now()).as_mins()
    };
    for mood in five_hundred.iter().chain(&busy) {
        assert!((3..=5).contains(&minutes(mood)), "{mood}: {}", minutes(mood));
    }
    for mood in &later {
        assert!((117..=121).contains(&minutes(mood)), "{mood}: {}", minutes(mood));
    }
    host.nothing_is_left();

    // The next run leaves alone who asked for it, and says until when.
    let asked =
        |mood: &str| cas.server.asked().iter().filter(|r| r.path.contains(&format!("/{mood}/"))).count();
    let counts: Vec<usize> = later.iter().map(|mood| asked(mood)).collect();
    let (told, code) = host.told(
        &later
            .iter()
            .map(|mood| format!("{mood}.test"))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    assert_eq!(code, Some(2), "{told}");
    assert_eq!(told.matches("held back").count(), later.len() + 1, "{told}");
    assert!(told.contains("(the CA said so), from 20") && told.contains("--force tries now"), "{told}");
    assert_eq!(later.iter().map(|mood| asked(mood)).collect::<Vec<_>>(), counts);
    // What was asked for with --force is asked for.
    host.renew(&["--force", "later-order.test"]).assert(&["failed"], 2);
    assert_eq!(cas.orders("later-order"), 2);
    host.certbot_lists_all();
}
