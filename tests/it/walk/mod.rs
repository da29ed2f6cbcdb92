//! The walk of an HTTP-01 validation against real sockets: a table of what servers do and what the CA would say.

mod server;

use std::time::{Duration, Instant};

use acme_audit::facts::net::{Fault, Walk};
use acme_audit::gather::net::http01::{Ask, Options, walk};

use server::Listen::{Full4, Full6, Hello11, Http4, Http6, Https4, Https6, Mute443, Old443, Plain443};
use server::{Listen, Names, Reply, Request, Script, Server, answer, ok, redirect};

const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
const EXPECTED: &str =
    "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const PATH: &str = "/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

const HTTP: &[Listen] = &[Http4];
const BOTH: &[Listen] = &[Http4, Https4];
const ALL: &[Listen] = &[Http4, Http6, Https4, Https6];

/// A behaviour: its name, the identifier, what listens, the script, and what the CA says. `URL` is the first URL, an
/// empty end is a success.
type Case = (&'static str, &'static str, &'static [Listen], Script, &'static str);

const CONTENT: &str = "";
const WRONG: &str = "The key authorization file from the server did not match this challenge. Expected";
const SLOW: &str = "Timeout after connect (your server may be slow or overloaded)";
const LONG: &str = "Invalid response from URL: \"";

fn right(_: &Request) -> Reply {
    ok(EXPECTED.as_bytes())
}

/// What the CA wants, with something around it.
fn around(before: &[u8], after: &[u8]) -> Reply {
    ok(&[before, EXPECTED.as_bytes(), after].concat())
}

/// A redirect from the first request, the right answer to the second.
fn via(request: &Request, status: u16, location: &str) -> Reply {
    if request.before == 0 { redirect(status, location) } else { right(request) }
}

/// A chain of so many redirects.
fn chain(request: &Request, length: usize) -> Reply {
    match request.before < length {
        true => redirect(302, &format!("/hop/{}", request.before)),
        false => right(request),
    }
}

const BODIES: &[Case] = &[
    ("exact", "example.com", HTTP, right, CONTENT),
    ("a newline at the end", "example.com", HTTP, |_| around(b"", b"\n"), CONTENT),
    ("blanks at the end", "example.com", HTTP, |_| around(b"", b" \t\r\n\x0b\x0c \n"), CONTENT),
    ("a no-break space at the end", "example.com", HTTP, |_| around(b"", "\u{a0}".as_bytes()), CONTENT),
    ("a blank at the start", "example.com", HTTP, |_| around(b" ", b""), WRONG),
    ("a byte-order mark", "example.com", HTTP, |_| around(b"\xef\xbb\xbf", b""), WRONG),
    ("a NUL at the end", "example.com", HTTP, |_| around(b"", b"\0"), WRONG),
    ("127 bytes", "example.com", HTTP, |_| around(b"", &[b' '; 40]), CONTENT),
    ("128 bytes", "example.com", HTTP, |_| around(b"", &[b' '; 41]), LONG),
    ("129 bytes", "example.com", HTTP, |_| around(b"", &[b' '; 42]), LONG),
    (
        "an endless body",
        "example.com",
        HTTP,
        |_| Reply::Then([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; 4096]].concat()),
        LONG,
    ),
    ("short HTML", "example.com", HTTP, |_| ok(b"<html>hello</html>"), WRONG),
    ("long HTML", "example.com", HTTP, |_| ok(&b"<!doctype html>".repeat(20)), LONG),
    ("nothing", "example.com", HTTP, |_| ok(b""), WRONG),
    ("bytes that are no text", "example.com", HTTP, |_| ok(&[0xff, 0xfe, 0x80]), WRONG),
    (
        "chunks",
        "example.com",
        HTTP,
        |_| {
            Reply::Bytes(
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n57\r\n{EXPECTED}\r\n0\r\n\r\n")
                    .into(),
            )
        },
        CONTENT,
    ),
    (
        "an end by closing",
        "example.com",
        HTTP,
        |_| Reply::Bytes(format!("HTTP/1.0 200 OK\r\n\r\n{EXPECTED}").into()),
        CONTENT,
    ),
    (
        "a body that is cut",
        "example.com",
        HTTP,
        |_| Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "Error reading HTTP response body: unexpected EOF",
    ),
    (
        "a body that stops",
        "example.com",
        HTTP,
        |_| Reply::Then(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "Error reading HTTP response body: context deadline exceeded",
    ),
];

const ANSWERS: &[Case] = &[
    ("404", "example.com", HTTP, |_| answer("404 Not Found", "", b"no"), "Invalid response from URL: 404"),
    (
        "404 that never ends",
        "example.com",
        HTTP,
        |_| Reply::Then(b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nno".to_vec()),
        "Invalid response from URL: 404",
    ),
    (
        "401",
        "example.com",
        HTTP,
        |_| answer("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", b""),
        "Invalid response from URL: 401",
    ),
    ("403", "example.com", HTTP, |_| answer("403 Forbidden", "", b""), "Invalid response from URL: 403"),
    ("500", "example.com", HTTP, |_| answer("500 Oops", "", b""), "Invalid response from URL: 500"),
    ("503", "example.com", HTTP, |_| answer("503 Busy", "", b""), "Invalid response from URL: 503"),
    (
        "the right body with 201",
        "example.com",
        HTTP,
        |_| answer("201 Created", "", EXPECTED.as_bytes()),
        "Invalid response from URL: 201",
    ),
    (
        "204",
        "example.com",
        HTTP,
        |_| Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        "Invalid response from URL: 204",
    ),
    (
        "206 with the right body",
        "example.com",
        HTTP,
        |_| answer("206 Partial", "", EXPECTED.as_bytes()),
        "Invalid response from URL: 206",
    ),
    (
        "100 before 200",
        "example.com",
        HTTP,
        |_| {
            Reply::Bytes(
                format!(
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 87\r\n\r\n{EXPECTED}"
                )
                .into(),
            )
        },
        CONTENT,
    ),
    ("300", "example.com", HTTP, |_| redirect(300, "/x"), "Invalid response from URL: 300"),
    (
        "304",
        "example.com",
        HTTP,
        |_| Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()),
        "Invalid response from URL: 304",
    ),
    (
        "302 to nowhere",
        "example.com",
        HTTP,
        |_| answer("302 Found", "", b""),
        "Invalid response from URL: 302",
    ),
    (
        "no status line",
        "example.com",
        HTTP,
        |_| Reply::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        "Error getting validation data",
    ),
    (
        "closed without a word",
        "example.com",
        HTTP,
        |_| Reply::Bytes(Vec::new()),
        "Error getting validation data",
    ),
    ("reset", "example.com", HTTP, |_| Reply::Reset, "Connection reset by peer"),
    ("silence", "example.com", HTTP, |_| Reply::Then(Vec::new()), SLOW),
    ("half a head", "example.com", HTTP, |_| Reply::Then(b"HTTP/1.1 200 OK\r\nX-A: b\r\n".to_vec()), SLOW),
    (
        "a head drop by drop",
        "example.com",
        HTTP,
        |_| Reply::Drip(b"HTTP/1.1 200 OK\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec()),
        SLOW,
    ),
    ("a head without an end", "example.com", HTTP, |_| Reply::Flood, "Error getting validation data"),
    (
        "HTTP/2 without TLS",
        "example.com",
        HTTP,
        |_| {
            Reply::Bytes(vec![
                0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0, 0, 5, 0, 255, 255, 255,
            ])
        },
        "Server is speaking HTTP/2 over HTTP",
    ),
];

const REDIRECTS: &[Case] = &[
    ("301", "example.com", HTTP, |r| via(r, 301, "/x"), CONTENT),
    ("302", "example.com", HTTP, |r| via(r, 302, "/x"), CONTENT),
    ("307", "example.com", HTTP, |r| via(r, 307, "/x"), CONTENT),
    ("308", "example.com", HTTP, |r| via(r, 308, "/x"), CONTENT),
    ("303", "example.com", HTTP, |r| via(r, 303, "/x"), "received disallowed redirect status code"),
    (
        "https, expired and for another name",
        "example.com",
        BOTH,
        |r| via(r, 301, &format!("https://example.com{PATH}")),
        CONTENT,
    ),
    ("another host", "example.com", BOTH, |r| via(r, 301, "https://www.example.org/x"), CONTENT),
    ("an upper-case host", "example.com", HTTP, |r| via(r, 301, "http://WWW.EXAMPLE.COM/x"), CONTENT),
    ("a host alone", "example.com", HTTP, |r| via(r, 301, "http://www.example.com"), CONTENT),
    (
        "a relative path with dots",
        "example.com",
        HTTP,
        |r| if r.target == "/.well-known/x" { right(r) } else { redirect(302, ".././x") },
        CONTENT,
    ),
    (
        "a blank in the path",
        "example.com",
        HTTP,
        |r| if r.target == "/a%20b" { right(r) } else { redirect(302, "/a b") },
        CONTENT,
    ),
    (
        "a query",
        "example.com",
        HTTP,
        |r| if r.target == "/x?a=b&c" { right(r) } else { redirect(302, "/x?a=b&c") },
        CONTENT,
    ),
    (
        "a fragment",
        "example.com",
        HTTP,
        |r| if r.target == "/x" { right(r) } else { redirect(302, "/x#top") },
        CONTENT,
    ),
    ("port 80 in words", "example.com", HTTP, |r| via(r, 301, "http://example.com:80/x"), CONTENT),
    ("an address", "example.com", HTTP, |r| via(r, 301, "http://127.0.0.1/x"), CONTENT),
    (
        "another port",
        "example.com",
        HTTP,
        |r| via(r, 301, "https://example.com:10443/"),
        "Invalid port in redirect target. Only ports 80 and 443 are supported, not 10443",
    ),
    (
        "a missing slash",
        "example.com",
        HTTP,
        |r| via(r, 301, "https://example.com.well-known/acme-challenge/t"),
        "Invalid host in redirect target \"example.com.well-known\". Check webserver config for missing '/' in redirect target.",
    ),
    (
        "another scheme",
        "example.com",
        HTTP,
        |r| via(r, 301, "ftp://example.com/"),
        "Invalid protocol scheme in redirect target. Only \"http\" and \"https\" protocol schemes are supported, not \"ftp\"",
    ),
    ("no host", "example.com", HTTP, |r| via(r, 301, "http:///x"), "Invalid empty host in redirect target"),
    (
        "a name of the local network",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://nas.local/"),
        "Invalid host in redirect target, must end in IANA registered TLD",
    ),
    ("no URL", "example.com", HTTP, |r| via(r, 301, "http://exa mple.com/"), "Error getting validation data"),
    (
        "a scoped address",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://[fe80::1%25eth0]/"),
        "Invalid host in redirect target \"fe80::1%eth0\": scoped addresses are not supported",
    ),
    (
        "a name without addresses",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://none.example.com/"),
        "no valid A records found for none.example.com; no valid AAAA records found for none.example.com",
    ),
    (
        "a path of 2000 bytes",
        "example.com",
        HTTP,
        |r| via(r, 301, &format!("/{}", "a".repeat(1999))),
        CONTENT,
    ),
    (
        "a path of 2001 bytes",
        "example.com",
        HTTP,
        |r| via(r, 301, &format!("/{}", "a".repeat(2000))),
        "Redirect target too long",
    ),
    ("to itself", "example.com", HTTP, |r| redirect(301, &r.target), "Redirect loop detected"),
    (
        "there and back",
        "example.com",
        BOTH,
        |r| redirect(301, &format!("{}://example.com{PATH}", if r.tls { "http" } else { "https" })),
        "Redirect loop detected",
    ),
    ("11 redirects", "example.com", HTTP, |r| chain(r, 11), CONTENT),
    ("12 redirects", "example.com", HTTP, |r| chain(r, 12), "Too many redirects"),
    (
        "a redirect to a 404",
        "example.com",
        BOTH,
        |r| if r.tls { answer("404 No", "", b"") } else { redirect(301, "https://example.com/x") },
        "Invalid response from https://example.com/x: 404",
    ),
    (
        "TLS that is too old",
        "example.com",
        &[Http4, Old443],
        |r| via(r, 301, "https://example.com/"),
        "validation attempt was redirected to an HTTPS server that doesn't support TLSv1.2 or better",
    ),
    (
        "a server that chooses TLS 1.1",
        "example.com",
        &[Http4, Hello11],
        |r| via(r, 301, "https://example.com/"),
        "validation attempt was redirected to an HTTPS server that doesn't support TLSv1.2 or better",
    ),
    (
        "plain HTTP on the TLS port",
        "example.com",
        &[Http4, Plain443],
        |r| via(r, 301, "https://example.com/"),
        "Server only speaks HTTP, not TLS",
    ),
    ("a mute TLS port", "example.com", &[Http4, Mute443], |r| via(r, 301, "https://example.com/"), SLOW),
    ("a closed TLS port", "example.com", HTTP, |r| via(r, 301, "https://example.com/"), "Connection refused"),
    (
        "TLS on the http port",
        "example.com",
        BOTH,
        |r| via(r, 301, "http://example.com:443/"),
        "Error getting validation data",
    ),
];

const FAMILIES: &[Case] = &[
    ("nothing listens", "example.com", &[], right, "Connection refused"),
    (
        "no answer to the connection",
        "example.com",
        &[Full4],
        right,
        "Timeout during connect (likely firewall problem)",
    ),
    (
        "IPv6 first",
        "dual.example.com",
        ALL,
        |r| if r.v6 { right(r) } else { answer("404 No", "", b"") },
        CONTENT,
    ),
    ("IPv6 refused", "dual.example.com", HTTP, right, CONTENT),
    ("IPv6 without an answer to the connection", "dual.example.com", &[Http4, Full6], right, CONTENT),
    (
        "404 over IPv6",
        "dual.example.com",
        ALL,
        |r| if r.v6 { answer("404 No", "", b"") } else { right(r) },
        "Invalid response from URL: 404",
    ),
    (
        "a reset over IPv6",
        "dual.example.com",
        ALL,
        |r| if r.v6 { Reply::Reset } else { right(r) },
        "Connection reset by peer",
    ),
    (
        "silence over IPv6",
        "dual.example.com",
        ALL,
        |r| if r.v6 { Reply::Then(vec![]) } else { right(r) },
        SLOW,
    ),
    ("both refused", "dual.example.com", &[], right, "Connection refused"),
    ("IPv6 alone", "six.example.com", ALL, right, CONTENT),
    ("IPv6 alone and refused", "six.example.com", &[Http4], right, "Connection refused"),
    (
        "to https, whose IPv6 is dead",
        "dual.example.com",
        &[Http4, Http6, Https4],
        |r| if r.tls { right(r) } else { redirect(301, &format!("https://dual.example.com{PATH}")) },
        "Redirect loop detected",
    ),
    (
        "to another https host, whose IPv6 is dead, over IPv4 straight",
        "dual.example.com",
        &[Http4, Http6, Https4],
        |r| if r.v6 { redirect(301, "https://six.example.com/") } else { right(r) },
        CONTENT,
    ),
    (
        "a redirect's host without IPv4 has no fallback of its own",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://six.example.com/"),
        "Connection refused",
    ),
    ("an IPv4 identifier", "127.0.0.1", HTTP, right, CONTENT),
    (
        "an IPv6 identifier",
        "::1",
        ALL,
        |r| if r.host == "[::1]" { right(r) } else { answer("404 No", "", b"") },
        CONTENT,
    ),
    (
        "an upper-case identifier",
        "EXAMPLE.com",
        HTTP,
        |r| if r.host == "example.com" { right(r) } else { answer("404 No", "", b"") },
        CONTENT,
    ),
    ("no such name", "nx.example.com", HTTP, right, "DNS problem: NXDOMAIN looking up A for nx.example.com"),
    (
        "no address",
        "none.example.com",
        HTTP,
        right,
        "no valid A records found for none.example.com; no valid AAAA records found for none.example.com",
    ),
    (
        "a resolver that says nothing",
        "stuck.example.com",
        HTTP,
        right,
        "DNS problem: query timed out looking up A for stuck.example.com",
    ),
];

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

/// Runs a table, all of it at once, and tells every case that ends otherwise.
async fn table(cases: &'static [Case]) {
    let mut running = tokio::task::JoinSet::new();
    for (name, identifier, listen, script, end) in cases {
        running.spawn(async move {
            let started = Instant::now();
            let walk = run(identifier, listen, *script, Some(EXPECTED)).await;
            let end = end.replace("URL", &walk.url);
            let said = walk.fault.as_ref().map(Fault::to_string).unwrap_or_default();
            let fits = match end.as_str() {
                // The rest is the body.
                end if end == WRONG || end.ends_with('"') => said.starts_with(end),
                end => said == end,
            };
            let slow = started.elapsed() > Duration::from_secs(9);
            (!fits || slow).then(|| format!("{name}: said {said:?}, not {end:?}: {:#?}", walk.hops))
        });
    }
    let wrong: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies() {
    table(BODIES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers() {
    table(ANSWERS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects() {
    table(REDIRECTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn families() {
    table(FAMILIES).await;
}

#[tokio::test]
async fn the_request_is_the_ca_s() {
    let walk =
        run("example.com", HTTP, |r| ok(r.head.lines().nth(1).unwrap_or_default().as_bytes()), None).await;
    assert_eq!(walk.hops[0].body.as_deref(), Some("host: example.com"));
    let script: Script = |request| {
        let head = request.head.to_ascii_lowercase();
        let wanted =
            ["accept: */*\r\n", "connection: close\r\n", "user-agent: mozilla/5.0 (compatible; acme-audit/"];
        let first = head.starts_with(&format!("get {} http/1.1\r\n", PATH.to_ascii_lowercase()));
        if first && wanted.iter().all(|header| head.contains(header)) { right(request) } else { ok(b"no") }
    };
    assert_eq!(run("example.com", HTTP, script, Some(EXPECTED)).await.fault, None);
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
    for (identifier, block) in [
        ("lan.example.com", "10.0.0.0/8"),
        ("example.com", "127.0.0.0/8"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("::1", "::1"),
    ] {
        let ask = Ask { identifier, token: TOKEN, expected: None, options: &strict };
        let walk = walk(&ask, &Names).await;
        let Some(Fault::Reserved { block: found, .. }) = &walk.fault else { panic!("{walk:#?}") };
        assert!(found.starts_with(block), "{found}");
        assert_eq!(walk.last().and_then(|hop| hop.used), None);
    }
}
