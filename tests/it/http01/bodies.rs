//! The body of a 200.

use super::script::{Reply, Request, ok};
use super::{
    CONTENT, Case, HTTP, LONG, Peer, READS_ALL, TRIMS_BOTH_ENDS, TRIMS_THREE, WAITS, WRONG, around, case,
    right,
};

/// The right answer with empty lines behind it, to that length.
fn filled(request: &Request, length: usize) -> Reply {
    around(request, b"", &vec![b'\n'; length - request.right.len()])
}

pub const CASES: &[Case] = &[
    case("exact", "one", HTTP, right, CONTENT),
    case("a newline at the end", "one", HTTP, |r| around(r, b"", b"\n"), CONTENT),
    case("lines and tabs at the end", "one", HTTP, |r| around(r, b"", b"\t\r\n\n"), CONTENT),
    case("a blank at the end", "one", HTTP, |r| around(r, b"", b" "), CONTENT).pebble(Peer::No(TRIMS_THREE)),
    case("rarer white space at the end", "one", HTTP, |r| around(r, b"", b"\x0b\x0c"), CONTENT)
        .pebble(Peer::No(TRIMS_THREE)),
    case("a no-break space at the end", "one", HTTP, |r| around(r, b"", "\u{a0}".as_bytes()), CONTENT)
        .pebble(Peer::No(TRIMS_THREE)),
    case("a blank at the start", "one", HTTP, |r| around(r, b" ", b""), WRONG)
        .caddy(Peer::Yes(TRIMS_BOTH_ENDS)),
    case("a newline at the start", "one", HTTP, |r| around(r, b"\r\n", b""), WRONG)
        .caddy(Peer::Yes(TRIMS_BOTH_ENDS)),
    case("a byte-order mark", "one", HTTP, |r| around(r, b"\xef\xbb\xbf", b""), WRONG),
    case("a NUL at the end", "one", HTTP, |r| around(r, b"", b"\0"), WRONG),
    case("127 bytes", "one", HTTP, |r| filled(r, 127), CONTENT),
    case("128 bytes", "one", HTTP, |r| filled(r, 128), LONG).both(Peer::Yes(READS_ALL)),
    case("129 bytes", "one", HTTP, |r| filled(r, 129), LONG).both(Peer::Yes(READS_ALL)),
    case("a megabyte", "one", HTTP, |r| filled(r, 1 << 20), LONG).both(Peer::Yes(READS_ALL)),
    case(
        "an endless body",
        "one",
        HTTP,
        |_| Reply::Then([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; 4096]].concat()),
        LONG,
    )
    .caddy(Peer::NotAsked(WAITS)),
    case("short HTML", "one", HTTP, |_| ok(b"<html>hello</html>"), WRONG),
    case("HTML around it", "one", HTTP, |r| around(r, b"<p>", b"</p>"), WRONG),
    case("long HTML", "one", HTTP, |_| ok(&b"<!doctype html>".repeat(20)), LONG),
    case("nothing", "one", HTTP, |_| ok(b""), WRONG),
    case("the token alone", "one", HTTP, |r| ok(r.token().as_bytes()), WRONG),
    case("another token", "one", HTTP, |r| ok(r.right.replacen(r.token(), "other", 1).as_bytes()), WRONG),
    case("another account", "one", HTTP, |r| ok(format!("{}.other", r.token()).as_bytes()), WRONG),
    case("in upper case", "one", HTTP, |r| ok(r.right.to_uppercase().as_bytes()), WRONG),
    case("bytes that are no text", "one", HTTP, |_| ok(&[0xff, 0xfe, 0x80]), WRONG),
    case(
        "chunks",
        "one",
        HTTP,
        |r| {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            Reply::Bytes(format!("{head}{:x}\r\n{}\r\n0\r\n\r\n", r.right.len(), r.right).into())
        },
        CONTENT,
    ),
    case(
        "an end by closing",
        "one",
        HTTP,
        |r| Reply::Bytes(format!("HTTP/1.0 200 OK\r\n\r\n{}", r.right).into()),
        CONTENT,
    ),
    case(
        "a body that is cut",
        "one",
        HTTP,
        |_| Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "Error reading HTTP response body: unexpected EOF",
    ),
    case(
        "a reset after the headers",
        "one",
        HTTP,
        |_| Reply::Reset(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "Error reading HTTP response body: …",
    ),
    case(
        "a body that stops",
        "one",
        HTTP,
        |_| Reply::Then(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec()),
        "Error reading HTTP response body: context deadline exceeded",
    )
    .caddy(Peer::NotAsked(WAITS)),
    case(
        "a slow body",
        "one",
        HTTP,
        |r| Reply::Slowly(format!("HTTP/1.1 200 OK\r\n\r\n{}", r.right).into()),
        CONTENT,
    ),
];
