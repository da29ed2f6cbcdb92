//! The walk of an HTTP-01 validation against real sockets: tables of what servers do and what the CA would say.
//!
//! Every row was also played to Let's Encrypt's own validation authority (Boulder at commit 2d00c8e27, built with Go 1.27),
//! which gave the same verdict in the same words.

mod answers;
mod bodies;
mod families;
mod heads;
mod names;
mod openssl;
mod redirects;
mod server;
mod targets;
mod tls;

use std::time::{Duration, Instant};

use acme_audit::facts::net::{Fault, Walk};
use acme_audit::gather::net::http01::{Ask, Options, walk};

use names::Names;
use server::Listen::{
    Full4, Full6, Full443, Greets443, Hello11, Http4, Http6, Https4, Https6, Mute443, Reset80, Reset443,
    Says443,
};
use server::{Listen, Reply, Request, Script, Server, Tls, answer, ok, redirect};

const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
const EXPECTED: &str =
    "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const PATH: &str = "/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

const HTTP: &[Listen] = &[Http4];
const BOTH: &[Listen] = &[Http4, Https4];
const ALL: &[Listen] = &[Http4, Http6, Https4, Https6];

/// A behaviour: its name, the identifier, what listens, the script, and the CA's words, empty where it is content. `URL` is
/// the first URL, `KA` what is expected, `…` anything, and what begins with `got` is the rest of a wrong body's fault.
type Case = (&'static str, &'static str, &'static [Listen], Script, &'static str);

const CONTENT: &str = "";

/// Words that many rows end with.
const GENERIC: &str = "127.0.0.1: Fetching URL: Error getting validation data";
const SLOW: &str = "127.0.0.1: Fetching URL: Timeout after connect (your server may be slow or overloaded)";
const RESET: &str = "127.0.0.1: Fetching URL: Connection reset by peer";
const REFUSED: &str = "127.0.0.1: Fetching URL: Connection refused";

fn right(_: &Request) -> Reply {
    ok(EXPECTED.as_bytes())
}

/// What the CA wants, with something around it.
fn around(before: &[u8], after: &[u8]) -> Reply {
    ok(&[before, EXPECTED.as_bytes(), after].concat())
}

/// These bytes and the end, with `KA` for what is expected.
fn raw(text: &str) -> Reply {
    Reply::Bytes(text.replace("KA", EXPECTED).into())
}

/// A redirect from the first request, the right answer to the second.
fn via(request: &Request, status: u16, location: &str) -> Reply {
    if request.before == 0 { redirect(status, location) } else { right(request) }
}

/// A redirect from the first request, the right answer to the second if that asks for this.
fn to(request: &Request, location: &str, target: &str) -> Reply {
    match request.before {
        0 => redirect(301, location),
        _ if request.target == target => right(request),
        _ => ok(request.target.as_bytes()),
    }
}

/// A chain of so many redirects.
fn chain(request: &Request, length: usize) -> Reply {
    match request.before < length {
        true => redirect(302, &format!("/hop/{}", request.before)),
        false => right(request),
    }
}

fn options(server: &Server) -> Options {
    Options {
        http_port: server.http,
        https_port: server.https,
        allow_private: true,
        dial_timeout: Duration::from_millis(700),
        tls_timeout: Duration::from_millis(700),
        total: Duration::from_secs(3),
    }
}

async fn run(identifier: &str, listen: &'static [Listen], script: Script, expected: Option<&str>) -> Walk {
    let server = Server::start(listen, script).await;
    let options = options(&server);
    walk(&Ask { identifier, token: TOKEN, expected, options: &options }, &Names).await
}

/// Whether the CA's words are these.
fn fits(said: &str, end: &str, url: &str) -> bool {
    let end = match end.strip_prefix("got ") {
        Some(got) => format!(
            "The key authorization file from the server did not match this challenge. Expected \"KA\" (got {got})"
        ),
        None => end.replace("URL", url),
    };
    let end = end.replace("KA", EXPECTED);
    match end.split_once('…') {
        Some((start, end)) => said.starts_with(start) && said.ends_with(end),
        None => said == end,
    }
}

/// Runs a table, all of it at once, and tells every case that ends otherwise.
async fn table(cases: &'static [Case]) {
    let mut running = tokio::task::JoinSet::new();
    for (name, identifier, listen, script, end) in cases {
        running.spawn(async move {
            let started = Instant::now();
            let walk = run(identifier, listen, *script, Some(EXPECTED)).await;
            let said = walk.words().unwrap_or_default();
            let slow = started.elapsed() > Duration::from_secs(9);
            let wrong = !fits(&said, end, &walk.url) || slow;
            wrong.then(|| format!("{name}: said {said:?}, not {end:?}: {:#?}", walk.hops))
        });
    }
    let wrong: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies() {
    table(bodies::BODIES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers() {
    table(answers::ANSWERS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads() {
    table(heads::HEADS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects() {
    table(redirects::REDIRECTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn targets() {
    table(targets::TARGETS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn families() {
    table(families::FAMILIES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls() {
    table(tls::TLS).await;
}

#[tokio::test]
async fn every_hop_is_recorded() {
    let walk = run("example.com", BOTH, |r| via(r, 301, "https://www.example.com/x?y"), Some(EXPECTED)).await;
    let [first, second] = walk.hops.as_slice() else { panic!("{walk:#?}") };
    assert_eq!(first.url, format!("http://example.com{PATH}"));
    assert_eq!((first.status, first.location.as_deref()), (Some(301), Some("https://www.example.com/x?y")));
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
        false => redirect(302, "http://u:secret@example.com/x"),
    };
    let walk = run("example.com", HTTP, script, Some(EXPECTED)).await;
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
    assert_eq!(run("example.com", ALL, script, None).await.other, None);
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
        let walk = run("example.com", listen, script, Some(EXPECTED)).await;
        assert_eq!(walk.words(), Some(words.replace("URL", &walk.url)));
    }
}

#[tokio::test]
async fn reserved_addresses_are_not_dialled() {
    let server = Server::start(HTTP, |r| via(r, 302, "http://lan.example.com/")).await;
    let strict = Options { allow_private: false, ..options(&server) };
    for (identifier, block, words) in [
        (
            "lan.example.com",
            "10.0.0.0/8",
            "no valid A records found for lan.example.com; no valid AAAA records found for lan.example.com",
        ),
        (
            "example.com",
            "127.0.0.0/8",
            "no valid A records found for example.com; no valid AAAA records found for example.com",
        ),
        ("10.1.2.3", "10.0.0.0/8", "10.1.2.3: Error getting validation data"),
        ("::1", "::1", "::1: Error getting validation data"),
    ] {
        let ask = Ask { identifier, token: TOKEN, expected: None, options: &strict };
        let walk = walk(&ask, &Names).await;
        let Some(Fault::Reserved { block: found, .. }) = &walk.fault else { panic!("{walk:#?}") };
        assert!(found.starts_with(block), "{found}");
        assert_eq!(walk.last().and_then(|hop| hop.used), None);
        assert_eq!(walk.words().as_deref(), Some(words));
    }
}
