//! The walk of an HTTP-01 validation against real sockets on loopback.

use std::time::{Duration, Instant};

use acme_audit::facts::net::{Fault, Walk};
use acme_audit::gather::net::http01::{Ask, Options, walk};
use tokio::task::JoinSet;

use crate::http01::place::{Names, Place};
use crate::http01::script::{Script, answer, ok, redirect};
use crate::http01::server::{Listen, Server};
use crate::http01::{ALL, BOTH, HTTP, cases, right, via};

const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
const THUMBPRINT: &str = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const EXPECTED: &str =
    "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const PATH: &str = "/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
const ZONE: &str = "example.com";

fn options(place: Place) -> Options {
    Options {
        http_port: place.http,
        https_port: place.https,
        allow_private: true,
        dial_timeout: Duration::from_millis(700),
        tls_timeout: Duration::from_millis(700),
        total: Duration::from_secs(3),
    }
}

async fn at(
    place: Place,
    identifier: &str,
    listen: &[Listen],
    script: Script,
    expected: Option<&str>,
) -> Walk {
    let _server = Server::start(place, THUMBPRINT, listen, script).await;
    let options = options(place);
    walk(&Ask { identifier, token: TOKEN, expected, options: &options }, &Names(place)).await
}

async fn run(identifier: &str, listen: &[Listen], script: Script, expected: Option<&str>) -> Walk {
    at(Place::free(), identifier, listen, script, expected).await
}

/// All behaviours, all of them at once; tells every one that ends otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behaviours() {
    let mut running = JoinSet::new();
    for case in cases() {
        let place = Place::free();
        running.spawn(async move {
            let started = Instant::now();
            let identifier = case.identifier(ZONE, place);
            let walk = at(place, &identifier, case.listen, case.script, Some(EXPECTED)).await;
            let said = walk.fault.as_ref().map(Fault::to_string).unwrap_or_default();
            let slow = started.elapsed() > Duration::from_secs(9);
            let fits = case.says(&said, &walk.url, ZONE, place.other) && !slow;
            (!fits).then(|| format!("{}: said {said:?}, not {:?}: {:#?}", case.name, case.rule, walk.hops))
        });
    }
    let wrong: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_request_is_the_ca_s() {
    let walk =
        run("one.example.com", HTTP, |r| ok(r.head.lines().nth(1).unwrap_or_default().as_bytes()), None)
            .await;
    assert_eq!(walk.hops[0].body.as_deref(), Some("host: one.example.com"));
    let script: Script = |request| {
        let head = request.head.to_ascii_lowercase();
        let wanted =
            ["accept: */*\r\n", "connection: close\r\n", "user-agent: mozilla/5.0 (compatible; acme-audit/"];
        let first = head.starts_with(&format!("get {} http/1.1\r\n", PATH.to_ascii_lowercase()));
        if first && wanted.iter().all(|header| head.contains(header)) { right(request) } else { ok(b"no") }
    };
    assert_eq!(run("one.example.com", HTTP, script, Some(EXPECTED)).await.fault, None);
}

#[tokio::test]
async fn every_hop_is_recorded() {
    let walk =
        run("one.example.com", BOTH, |r| via(r, 301, "https://www.example.com/x?y"), Some(EXPECTED)).await;
    let [first, second] = walk.hops.as_slice() else { panic!("{walk:#?}") };
    assert_eq!(first.url, format!("http://one.example.com{PATH}"));
    assert_eq!(
        (first.status, first.location.as_deref()),
        (Some(301), Some(&*format!("https://www.example.com/x?y/{TOKEN}")))
    );
    assert_eq!((first.tls.as_deref(), second.tls.as_deref()), (None, Some("TLS 1.3")));
    assert_eq!((second.host.as_str(), second.body.as_deref()), ("www.example.com", Some(EXPECTED)));
    assert_eq!(second.used.map(|a| a.to_string()).as_deref(), Some("127.0.0.1"));
    let text = serde_json::to_string(&walk).expect("it is plain data");
    assert_eq!(serde_json::from_str::<Walk>(&text).expect("and comes back"), walk);
}

#[tokio::test]
async fn a_password_in_a_redirect_is_sent_and_not_kept() {
    let script: Script = |request| match request.head.contains("Basic dTpzZWNyZXQ=") {
        true => right(request),
        false => redirect(302, &format!("http://u:secret@one.example.com/x/{}", request.token())),
    };
    let walk = run("one.example.com", HTTP, script, Some(EXPECTED)).await;
    assert_eq!(walk.fault, None);
    assert!(!serde_json::to_string(&walk).expect("it is plain data").contains("secret"));
}

#[tokio::test]
async fn the_other_family_is_walked_as_well() {
    let script: Script = |r| if r.v6 { answer("404 No", "", b"") } else { right(r) };
    let walk = run("dual.example.com", ALL, script, Some(EXPECTED)).await;
    assert!(matches!(walk.fault, Some(Fault::Status { status: 404, .. })));
    let other = walk.other.expect("a walk over IPv4");
    assert_eq!((other.fault.as_ref(), other.hops.len()), (None, 1));
    assert_eq!(run("one.example.com", ALL, script, None).await.other, None);
    let fell_back = run("dual.example.com", HTTP, right, Some(EXPECTED)).await;
    assert!(fell_back.fell_back() && fell_back.other.is_none());
}

#[tokio::test]
async fn the_ca_s_words_have_the_address_and_the_url() {
    for (listen, script, words) in [
        (HTTP, (|_| answer("404 No", "", b"")) as Script, "127.0.0.1: Invalid response from URL: 404"),
        (&[], right as Script, "127.0.0.1: Fetching URL: Connection refused"),
        (HTTP, |_| redirect(303, "/x"), "127.0.0.1: Fetching /x: received disallowed redirect status code"),
        (HTTP, |_| redirect(301, "http://a b/"), "127.0.0.1: Fetching URL: Error getting validation data"),
    ] {
        let walk = run("one.example.com", listen, script, Some(EXPECTED)).await;
        assert_eq!(walk.words(), Some(words.replace("URL", &walk.url)));
    }
}

#[tokio::test]
async fn reserved_addresses_are_not_dialled() {
    let place = Place::free();
    let _server = Server::start(place, THUMBPRINT, HTTP, right).await;
    let strict = Options { allow_private: false, ..options(place) };
    for (identifier, block) in [
        ("lan.example.com", "10.0.0.0/8"),
        ("one.example.com", "127.0.0.0/8"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("::1", "::1"),
    ] {
        let ask = Ask { identifier, token: TOKEN, expected: None, options: &strict };
        let walk = walk(&ask, &Names(place)).await;
        let Some(Fault::Reserved { block: found, .. }) = &walk.fault else { panic!("{walk:#?}") };
        assert!(found.starts_with(block), "{found}");
        assert_eq!(walk.last().and_then(|hop| hop.used), None);
    }
}
