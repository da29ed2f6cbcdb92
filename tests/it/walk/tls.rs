//! What comes of a redirect to https.

use super::*;

/// A redirect to https, and the right answer there.
fn secured(request: &Request) -> Reply {
    if request.tls { right(request) } else { redirect(301, "https://example.com/x") }
}

/// An alert that ends the handshake.
macro_rules! alert {
    ($number:expr) => {
        &[Http4, Says443(&[21, 3, 3, 0, 2, 2, $number])]
    };
}

pub(super) const TLS: &[Case] = &[
    ("TLS", "example.com", BOTH, secured, CONTENT),
    ("only 1.2", "example.com", &[Http4, Listen::Tls(Tls::V12)], secured, CONTENT),
    ("only 1.3", "example.com", &[Http4, Listen::Tls(Tls::V13)], secured, CONTENT),
    ("HTTP/2 by ALPN as well", "example.com", &[Http4, Listen::Tls(Tls::Alpn)], secured, CONTENT),
    ("a certificate is asked for", "example.com", &[Http4, Listen::Tls(Tls::Asks)], secured, CONTENT),
    (
        "a certificate is wanted",
        "example.com",
        &[Http4, Listen::Tls(Tls::Insists)],
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: certificate required",
    ),
    (
        "a certificate is wanted in 1.2",
        "example.com",
        &[Http4, Listen::Tls(Tls::Insists12)],
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: certificate required",
    ),
    (
        "no farewell",
        "example.com",
        &[Http4, Listen::Tls(Tls::Rude)],
        |r| if r.tls { raw("HTTP/1.1 200 OK\r\n\r\nKA") } else { secured(r) },
        CONTENT,
    ),
    (
        "no farewell in a head",
        "example.com",
        &[Http4, Listen::Tls(Tls::Rude)],
        |r| if r.tls { raw("HTTP/1.1 200 OK\r\n") } else { secured(r) },
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "no farewell in a body",
        "example.com",
        &[Http4, Listen::Tls(Tls::Rude)],
        |r| if r.tls { raw("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nKA") } else { secured(r) },
        "127.0.0.1: Error reading HTTP response body: unexpected EOF",
    ),
    (
        "a warning that the name is unknown",
        "example.com",
        &[Http4, Listen::Tls(Tls::Warns)],
        secured,
        CONTENT,
    ),
    (
        "the name in the handshake",
        "example.com",
        BOTH,
        |r| {
            if r.sni.as_deref() == Some("www.example.org") {
                right(r)
            } else {
                redirect(301, "https://WWW.example.org/x")
            }
        },
        CONTENT,
    ),
    (
        "a name with an underscore in the handshake",
        "example.com",
        BOTH,
        |r| {
            if r.sni.as_deref() == Some("a_b.example.org") {
                right(r)
            } else {
                redirect(301, "https://a_b.example.org/x")
            }
        },
        CONTENT,
    ),
    (
        "an address in the handshake",
        "example.com",
        BOTH,
        |r| if r.tls && r.sni.is_none() { right(r) } else { redirect(301, "https://127.0.0.1/x") },
        CONTENT,
    ),
    (
        "TLS that is too old",
        "example.com",
        &[Http4, Says443(&[21, 3, 1, 0, 2, 2, 70])],
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: protocol version not supported",
    ),
    (
        "a server that chooses TLS 1.1",
        "example.com",
        &[Http4, Hello11],
        secured,
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "no common cipher",
        "example.com",
        alert!(40),
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: handshake failure",
    ),
    (
        "the name is not known",
        "example.com",
        alert!(112),
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: unrecognized name",
    ),
    (
        "an internal error",
        "example.com",
        alert!(80),
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: internal error",
    ),
    (
        "access denied",
        "example.com",
        alert!(49),
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: access denied",
    ),
    (
        "an unknown authority",
        "example.com",
        alert!(48),
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: unknown certificate authority",
    ),
    (
        "too little security",
        "example.com",
        alert!(71),
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: insufficient security level",
    ),
    (
        "an alert without a name",
        "example.com",
        alert!(200),
        secured,
        "127.0.0.1: Fetching https://example.com/x: remote error: tls: alert(200)",
    ),
    (
        "a farewell instead of a handshake",
        "example.com",
        &[Http4, Says443(&[21, 3, 3, 0, 2, 1, 0])],
        secured,
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "plain HTTP on the TLS port",
        "example.com",
        &[Http4, Says443(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")],
        secured,
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "HTML on the TLS port",
        "example.com",
        &[
            Http4,
            Says443(
                b"<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>",
            ),
        ],
        secured,
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "SSH on the TLS port",
        "example.com",
        &[Http4, Greets443(b"SSH-2.0-OpenSSH_9.9\r\n")],
        secured,
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "little on the TLS port",
        "example.com",
        &[Http4, Says443(b"no")],
        secured,
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "nothing on the TLS port",
        "example.com",
        &[Http4, Says443(b"")],
        secured,
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "a mute TLS port",
        "example.com",
        &[Http4, Mute443],
        secured,
        "127.0.0.1: Fetching https://example.com/x: Timeout after connect (your server may be slow or overloaded)",
    ),
    (
        "a TLS port that resets",
        "example.com",
        &[Http4, Reset443],
        secured,
        "127.0.0.1: Fetching https://example.com/x: Connection reset by peer",
    ),
    (
        "a closed TLS port",
        "example.com",
        HTTP,
        secured,
        "127.0.0.1: Fetching https://example.com/x: Connection refused",
    ),
    (
        "TLS on the http port",
        "example.com",
        BOTH,
        |r| via(r, 301, "http://example.com:443/"),
        "127.0.0.1: Fetching http://example.com:443/: Error getting validation data",
    ),
    (
        "a reset after the handshake",
        "example.com",
        BOTH,
        |r| if r.tls { Reply::Cut(Vec::new()) } else { secured(r) },
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "silence after the handshake",
        "example.com",
        BOTH,
        |r| if r.tls { Reply::Then(Vec::new()) } else { secured(r) },
        "127.0.0.1: Fetching https://example.com/x: Timeout after connect (your server may be slow or overloaded)",
    ),
    (
        "an end after the handshake",
        "example.com",
        BOTH,
        |r| if r.tls { raw("") } else { secured(r) },
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
    (
        "a body that stops over TLS",
        "example.com",
        BOTH,
        |r| {
            if r.tls {
                Reply::Then(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx".to_vec())
            } else {
                secured(r)
            }
        },
        "127.0.0.1: Error reading HTTP response body: context deadline exceeded",
    ),
    (
        "no HTTP over TLS",
        "example.com",
        BOTH,
        |r| if r.tls { raw("220 smtp\r\n") } else { secured(r) },
        "127.0.0.1: Fetching https://example.com/x: Error getting validation data",
    ),
];
