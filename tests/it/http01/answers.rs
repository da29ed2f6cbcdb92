//! Answers that are neither a redirect nor a 200 with a whole body.

use super::script::{Reply, Request, answer, redirect};
use super::{BELOW_400, CONTENT, Case, HTTP, Peer, SLOW, WAITS, case};

/// The right body with another status.
fn with(request: &Request, status: &str) -> Reply {
    answer(status, "", request.right.as_bytes())
}

pub const CASES: &[Case] = &[
    case("201", "one", HTTP, |r| with(r, "201 Created"), "Invalid response from URL: 201")
        .caddy(Peer::Yes(BELOW_400)),
    case("203", "one", HTTP, |r| with(r, "203 Told"), "Invalid response from URL: 203")
        .caddy(Peer::Yes(BELOW_400)),
    case(
        "204",
        "one",
        HTTP,
        |_| Reply::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        "Invalid response from URL: 204",
    ),
    case("206", "one", HTTP, |r| with(r, "206 Partial"), "Invalid response from URL: 206")
        .caddy(Peer::Yes(BELOW_400)),
    case("300", "one", HTTP, |_| redirect(300, "/x"), "Invalid response from URL: 300"),
    case(
        "304",
        "one",
        HTTP,
        |_| Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()),
        "Invalid response from URL: 304",
    ),
    case("302 to nowhere", "one", HTTP, |_| answer("302 Found", "", b""), "Invalid response from URL: 302"),
    case("400", "one", HTTP, |r| with(r, "400 Bad Request"), "Invalid response from URL: 400"),
    case(
        "401",
        "one",
        HTTP,
        |_| answer("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", b""),
        "Invalid response from URL: 401",
    ),
    case("403", "one", HTTP, |_| answer("403 Forbidden", "", b""), "Invalid response from URL: 403"),
    case("404", "one", HTTP, |_| answer("404 Not Found", "", b"no"), "Invalid response from URL: 404"),
    case(
        "404 with the right body",
        "one",
        HTTP,
        |r| with(r, "404 Not Found"),
        "Invalid response from URL: 404",
    ),
    case(
        "404 that never ends",
        "one",
        HTTP,
        |_| Reply::Then(b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\nno".to_vec()),
        "Invalid response from URL: 404",
    ),
    case("410", "one", HTTP, |_| answer("410 Gone", "", b""), "Invalid response from URL: 410"),
    case("500", "one", HTTP, |_| answer("500 Oops", "", b""), "Invalid response from URL: 500"),
    case("503", "one", HTTP, |r| with(r, "503 Busy"), "Invalid response from URL: 503"),
    case(
        "100 before 200",
        "one",
        HTTP,
        |r| {
            let head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: ";
            Reply::Bytes(format!("{head}{}\r\n\r\n{}", r.right.len(), r.right).into())
        },
        CONTENT,
    ),
    case(
        "no status line",
        "one",
        HTTP,
        |_| Reply::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        "Error getting validation data",
    ),
    case("closed without a word", "one", HTTP, |_| Reply::Bytes(Vec::new()), "Error getting validation data"),
    case("reset", "one", HTTP, |_| Reply::Reset(Vec::new()), "Connection reset by peer"),
    case("silence", "one", HTTP, |_| Reply::Then(Vec::new()), SLOW).caddy(Peer::NotAsked(WAITS)),
    case("half a head", "one", HTTP, |_| Reply::Then(b"HTTP/1.1 200 OK\r\nX-A: b\r\n".to_vec()), SLOW)
        .caddy(Peer::NotAsked(WAITS)),
    case(
        "a head drop by drop",
        "one",
        HTTP,
        |_| Reply::Drip(b"HTTP/1.1 200 OK\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec()),
        SLOW,
    )
    .caddy(Peer::NotAsked(WAITS)),
    case("a head without an end", "one", HTTP, |_| Reply::Flood, "Error getting validation data"),
    case(
        "HTTP/2 without TLS",
        "one",
        HTTP,
        |_| {
            Reply::Bytes(vec![
                0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0, 0, 5, 0, 255, 255, 255,
            ])
        },
        "Server is speaking HTTP/2 over HTTP",
    ),
];
