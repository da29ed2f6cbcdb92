//! A CA whose limits are reached.

use serde_json::json;

use super::ca::{Cas, Step, Visit};
use super::host::{Host, fail_as, said};
use crate::ca::server::Reply;

const PAUSED: &str = "Your account is temporarily prevented from requesting certificates for paused.test and possibly others. \
                      Please visit: https://portal.ca.test/unpause?jwt=abc";

fn script(visit: &Visit<'_>) -> Option<Reply> {
    let limited = |headers: &str, detail: &str| visit.problem(429, headers, "rateLimited", detail);
    if visit.step == Step::Finalize && visit.mood == "end" {
        return Some(limited("Retry-After: 3600\r\n", "too many certificates"));
    }
    if visit.step != Step::NewOrder {
        return None;
    }
    let in_two_hours = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(2);
    Some(match visit.mood {
        "seconds" => limited("Retry-After: 7200\r\n", "too many new orders (300) from this account"),
        "date" => {
            let at = in_two_hours.strftime("%a, %d %b %Y %H:%M:%S GMT");
            limited(&format!("Retry-After: {at}\r\n"), "slow down")
        }
        "words" => {
            let at = in_two_hours.strftime("%Y-%m-%d %H:%M:%S UTC");
            limited(
                "",
                &format!(
                    "too many new orders (300) from this account in the last 3h0m0s, retry after {at}: see"
                ),
            )
        }
        "untold" => limited(
            "",
            "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s",
        ),
        "paused" => limited("", PAUSED),
        "for-ever" => limited("Retry-After: 99999999\r\n", "go away"),
        "bare" => Reply::Bytes(429, "Retry-After: 7200\r\n".into(), b"<html>too many".to_vec()),
        _ => return None,
    })
}

/// The CAs, what is said, and after how many hours each is asked again.
const MOODS: &[(&str, &str, i64)] = &[
    ("seconds", "too many new orders (300)", 2),
    ("date", "slow down", 2),
    ("words", "too many new orders (300)", 2),
    ("untold", "already issued for this exact set", 34),
    ("paused", "temporarily prevented", 24),
    ("for-ever", "go away", 7 * 24),
    ("bare", "status 429", 2),
    ("end", "too many certificates", 1),
];

/// A CA that does not validate one name.
fn fails(visit: &Visit<'_>) -> Option<Reply> {
    let error =
        json!({"type": "urn:ietf:params:acme:error:connection", "detail": "192.0.2.1: Connection refused"});
    let challenge = json!({"type": "http-01", "url": "ORIGIN/shared/challenge/0/x", "status": "invalid",
        "token": "abc", "error": error});
    let body = json!({"status": "invalid", "identifier": {"type": "dns", "value": visit.name}, "challenges": [challenge]});
    let is = visit.step == Step::Authz && visit.name == "shared.test" && visit.mood == "shared";
    is.then(|| Reply::Answer(200, "Replay-Nonce: bm9uY2U\r\n", body.to_string()))
}

#[test]
fn a_name_of_several_lineages_is_never_tried_into_the_limit_of_the_ca() {
    let cas = Cas::start(fails);
    let Some(host) = Host::start(&cas) else { return };
    let all = ["one", "two", "three", "four", "five"];
    all.iter().for_each(|name| host.add_at(name, "shared", "shared.test"));
    host.add("other");
    let before = host.keep_all(&all);
    for (name, orders) in all.iter().zip(1..).take(4) {
        let report = host.renew(&[&format!("{name}.test")]);
        report.assert(&["failed"], 2);
        assert_eq!(said(&report, name).1, "the CA did not validate shared.test");
        assert_eq!(cas.orders("shared"), orders);
    }
    let report = host.renew(&[]);
    let (outcome, because, one) = said(&report, "five");
    let words = "shared.test has failed 4 times within the hour, orders of other lineages included, and the CA lets 5 failures through";
    assert_eq!((outcome, because, cas.orders("shared")), ("held-back", words, 4));
    let at: jiff::Timestamp = one["at"].as_str().expect("a time").parse().expect("a time");
    assert!((50..=60).contains(&at.duration_since(jiff::Timestamp::now()).as_mins()), "{one:#}");
    assert_eq!((said(&report, "four").0, said(&report, "other").0), ("held-back", "renewed"));
    // The first hour is over; the name still fails, and so the other lineages wait.
    host.renew_at("+61m", &["five.test"]).assert(&["failed"], 2);
    assert_eq!(cas.orders("shared"), 5);
    all.iter().for_each(|name| host.is_as_before(name, &before[*name]));
    host.certbot_lists_all();
}

#[test]
fn a_name_of_many_lineages_is_never_tried_into_the_limit_by_one_run() {
    let cas = Cas::start(fails);
    let Some(host) = Host::start(&cas) else { return };
    let all: Vec<String> = (1..=9).map(|number| format!("n{number}")).collect();
    all.iter().for_each(|name| host.add_at(name, "shared", "shared.test"));
    // A name that many have is no hindrance where it is well.
    let well: Vec<String> = (1..=9).map(|number| format!("w{number}")).collect();
    well.iter().for_each(|name| host.add_at(name, "well", "shared.test"));
    let report = host.renew(&[]);
    let of = |names: &[String]| -> Vec<String> {
        let mut all: Vec<String> = names.iter().map(|name| said(&report, name).0.to_owned()).collect();
        all.sort();
        all
    };
    assert_eq!((of(&well), cas.orders("well")), (vec!["renewed".to_owned(); 9], 9));
    assert_eq!(of(&all), [vec!["failed"; 4], vec!["held-back"; 5]].concat());
    assert_eq!(cas.orders("shared"), 4);
    host.nothing_is_left();
}

#[test]
fn a_limit_is_waited_for_as_the_ca_says_and_force_tries_now() {
    let cas = Cas::start(script);
    let Some(host) = Host::start(&cas) else { return };
    let moods: Vec<&str> = MOODS.iter().map(|(mood, ..)| *mood).collect();
    moods.iter().for_each(|mood| host.add(mood));
    let before = host.keep_all(&moods);
    let report = host.renew(&[]);
    let words: Vec<(&str, &str)> = MOODS.iter().map(|(mood, words, _)| (*mood, *words)).collect();
    fail_as(&host, &report, &words, &before);
    host.nothing_is_left();

    let asked = cas.server.asked().len();
    let names: Vec<String> = moods.iter().map(|mood| format!("{mood}.test")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let report = host.renew(&names);
    assert_eq!(report.code, Some(2));
    for (mood, words, hours) in MOODS {
        let (outcome, because, one) = said(&report, mood);
        assert!(outcome == "held-back" && because.contains(words), "{mood}: {outcome}: {because}");
        let at: jiff::Timestamp = one["at"].as_str().expect("a time").parse().expect("a time");
        let minutes = at.duration_since(jiff::Timestamp::now()).as_mins();
        assert!((hours * 60 - 3..=hours * 60 + 1).contains(&minutes), "{mood}: {minutes}");
    }
    assert_eq!(cas.server.asked().len(), asked, "nothing is asked of them");
    let (told, _) = host.told(&["seconds.test", "untold.test"]);
    for words in [
        "(the CA said so), from 20",
        "(the CA's limit, for which it names no time), from 20",
        "--force tries now",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // When the time is over, it is tried again.
    host.renew_at("+119m", &["date.test"]).assert(&["held-back"], 2);
    host.renew_at("+121m", &["date.test"]).assert(&["failed"], 2);
    assert_eq!(cas.orders("date"), 2);
    host.renew(&["--force", "seconds.test"]).assert(&["failed"], 2);
    assert_eq!(cas.orders("seconds"), 2);
    // The order that could not be finalized is, and nothing is ordered anew.
    host.renew(&["--force", "end.test"]).assert(&["failed"], 2);
    assert_eq!(cas.orders("end"), 1);
    moods.iter().for_each(|mood| host.is_as_before(mood, &before[*mood]));
    host.certbot_lists_all();
}
