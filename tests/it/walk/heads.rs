//! The fields of an answer's head: what is let pass and what is not.

use super::*;

/// An answer that is right, with these fields.
fn with(fields: &str) -> Reply {
    raw(&format!("HTTP/1.1 200 OK\r\n{fields}\r\nKA"))
}

/// A redirect with these fields, and the right answer to `/x`.
fn moved(request: &Request, fields: &str) -> Reply {
    match request.target.as_str() {
        "/x" => right(request),
        PATH => raw(&format!("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n{fields}\r\n")),
        other => ok(other.as_bytes()),
    }
}

pub(super) const HEADS: &[Case] = &[
    ("bare newlines", "example.com", HTTP, |_| raw("HTTP/1.1 200 OK\nContent-Length: 87\n\nKA"), CONTENT),
    (
        "carriage returns alone",
        "example.com",
        HTTP,
        |_| raw("HTTP/1.1 200 OK\rContent-Length: 87\r\rKA"),
        GENERIC,
    ),
    ("two carriage returns", "example.com", HTTP, |_| with("X: y\r\r\n"), GENERIC),
    ("a field without a colon", "example.com", HTTP, |_| with("X\r\n"), GENERIC),
    ("a field without a name", "example.com", HTTP, |_| with(": y\r\n"), GENERIC),
    ("a field without a value", "example.com", HTTP, |_| with("X:\r\n"), CONTENT),
    ("a blank before a colon", "example.com", HTTP, |_| with("X : y\r\n"), CONTENT),
    ("a tab before a colon", "example.com", HTTP, |_| with("X\t: y\r\n"), GENERIC),
    (
        "a length with a blank before the colon",
        "example.com",
        HTTP,
        |_| with("Content-Length : 3\r\n"),
        CONTENT,
    ),
    ("a name of two words", "example.com", HTTP, |_| with("Powered by: PHP\r\n"), CONTENT),
    ("a name with an umlaut", "example.com", HTTP, |_| with("Größe: 1\r\n"), GENERIC),
    ("a name with a bracket", "example.com", HTTP, |_| with("X(y): 1\r\n"), GENERIC),
    ("a name with odd but good characters", "example.com", HTTP, |_| with("!#$%&'*+-.^_`|~: 1\r\n"), CONTENT),
    ("a value with an umlaut", "example.com", HTTP, |_| with("X: Größe\r\n"), CONTENT),
    ("a value with a tab", "example.com", HTTP, |_| with("X: a\tb\t\r\n"), CONTENT),
    ("a value with a NUL", "example.com", HTTP, |_| with("X: a\0b\r\n"), GENERIC),
    ("a value with a bell", "example.com", HTTP, |_| with("X: a\x07b\r\n"), GENERIC),
    ("a value with a DEL", "example.com", HTTP, |_| with("X: a\x7fb\r\n"), GENERIC),
    ("a value with a carriage return", "example.com", HTTP, |_| with("X: a\rb\r\n"), GENERIC),
    ("a blank before the first field", "example.com", HTTP, |_| with(" X: y\r\n"), GENERIC),
    ("a folded field", "example.com", HTTP, |_| with("X: a\r\n\tb\r\n  c\r\nY: d\r\n"), CONTENT),
    ("a fold that is blank", "example.com", HTTP, |_| with("X: a\r\n \r\nY: d\r\n"), CONTENT),
    ("a fold without a colon before it", "example.com", HTTP, |_| with("X\r\n : y\r\n"), GENERIC),
    ("a fold that ends the head", "example.com", HTTP, |_| raw("HTTP/1.1 200 OK\r\nX: y\r\n z"), GENERIC),
    (
        "100 kB of fields",
        "example.com",
        HTTP,
        |_| with(&format!("X: {}\r\n", "y".repeat(1000)).repeat(100)),
        CONTENT,
    ),
    (
        "one field of 100 kB",
        "example.com",
        HTTP,
        |_| with(&format!("X: {}\r\n", "y".repeat(100_000))),
        CONTENT,
    ),
    ("5000 fields", "example.com", HTTP, |_| with(&"X: y\r\n".repeat(5000)), CONTENT),
    (
        "a head in packets",
        "example.com",
        HTTP,
        |_| {
            Reply::Parts(vec![
                b"HTTP/1.1 2".to_vec(),
                b"00 OK\r\nX: a\r".to_vec(),
                b"\n\r\n".to_vec(),
                EXPECTED.into(),
            ])
        },
        CONTENT,
    ),
    // Where a redirect leads.
    ("a place in small letters", "example.com", HTTP, |r| moved(r, "location:/x\r\n"), CONTENT),
    ("a place in capitals", "example.com", HTTP, |r| moved(r, "LOCATION:\t /x \t\r\n"), CONTENT),
    (
        "a place with a blank before the colon",
        "example.com",
        HTTP,
        |r| moved(r, "Location : /x\r\n"),
        "127.0.0.1: Invalid response from URL: 302",
    ),
    ("two places", "example.com", HTTP, |r| moved(r, "Location: /x\r\nLocation: /y\r\n"), CONTENT),
    (
        "an empty place and another",
        "example.com",
        HTTP,
        |r| moved(r, "Location:\r\nLocation: /x\r\n"),
        "127.0.0.1: Invalid response from URL: 302",
    ),
    ("a folded place", "example.com", HTTP, |r| moved(r, "Location:\r\n /x\r\n"), CONTENT),
    ("a place folded in two", "example.com", HTTP, |r| moved(r, "Location: /x\r\n y\r\n"), "got \"/x%20y\""),
    ("a place beside a malformed field", "example.com", HTTP, |r| moved(r, "Location: /x\r\nX\r\n"), GENERIC),
    (
        "a place in quotes",
        "example.com",
        HTTP,
        |r| moved(r, "Location: \"/x\"\r\n"),
        "got \"/.well-known/acme-challenge/%22/x%22\"",
    ),
    (
        "a refresh",
        "example.com",
        HTTP,
        |_| answer("200 OK", "Refresh: 0; url=/x\r\n", b"wait"),
        "got \"wait\"",
    ),
];
