//! Names, their addresses, and which of them is used.

use super::*;

/// What is asked for, but for who asks: the CA tells another name.
const ASKED: &str = "GET /.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0 HTTP/1.1\r\n\
    Host: example.com\r\nUser-Agent: Mozilla/5.0 (compatible; …)\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\
    Connection: close\r\n\r\n";

pub(super) const FAMILIES: &[Case] = &[
    ("nothing listens", "example.com", &[], right, REFUSED),
    (
        "no answer to the connection",
        "example.com",
        &[Full4],
        right,
        "127.0.0.1: Fetching URL: Timeout during connect (likely firewall problem)",
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
    ("IPv6 without an answer and IPv4 refused", "dual.example.com", &[Full6], right, REFUSED),
    (
        "404 over IPv6",
        "dual.example.com",
        ALL,
        |r| if r.v6 { answer("404 No", "", b"") } else { right(r) },
        "::1: Invalid response from URL: 404",
    ),
    (
        "a reset over IPv6",
        "dual.example.com",
        ALL,
        |r| if r.v6 { Reply::Reset } else { right(r) },
        "::1: Fetching URL: Connection reset by peer",
    ),
    (
        "silence over IPv6",
        "dual.example.com",
        ALL,
        |r| if r.v6 { Reply::Then(vec![]) } else { right(r) },
        "::1: Fetching URL: Timeout after connect (your server may be slow or overloaded)",
    ),
    (
        "an end over IPv6",
        "dual.example.com",
        ALL,
        |r| if r.v6 { raw("") } else { right(r) },
        "::1: Fetching URL: Error getting validation data",
    ),
    (
        "another body over IPv6",
        "dual.example.com",
        ALL,
        |r| if r.v6 { ok(b"v6") } else { right(r) },
        "got \"v6\"",
    ),
    ("both refused", "dual.example.com", &[], right, REFUSED),
    (
        "404 after IPv6 was refused",
        "dual.example.com",
        HTTP,
        |_| answer("404 No", "", b""),
        "127.0.0.1: Invalid response from URL: 404",
    ),
    ("a reset after IPv6 was refused", "dual.example.com", HTTP, |_| Reply::Reset, RESET),
    ("IPv6 alone", "six.example.com", ALL, right, CONTENT),
    ("IPv6 alone and refused", "six.example.com", &[Http4], right, "::1: Fetching URL: Connection refused"),
    (
        "to https, whose IPv6 is dead",
        "dual.example.com",
        &[Http4, Http6, Https4],
        |r| if r.tls { right(r) } else { redirect(301, &format!("https://dual.example.com{PATH}")) },
        "127.0.0.1: Fetching https://dual.example.com/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0: Redirect loop detected",
    ),
    (
        "to another https host, whose IPv6 is dead, over IPv4 straight",
        "dual.example.com",
        &[Http4, Http6, Https4],
        |r| if r.v6 { redirect(301, "https://six.example.com/") } else { right(r) },
        CONTENT,
    ),
    (
        "to another host whose IPv6 is dead, from a name without IPv6",
        "example.com",
        &[Http4, Https4],
        |r| if r.tls { right(r) } else { redirect(301, "https://dual.example.com/") },
        "::1: Fetching https://dual.example.com/: Connection refused",
    ),
    (
        "to https, which is dead altogether",
        "dual.example.com",
        &[Http4, Http6],
        |r| {
            if r.v6 {
                redirect(301, "https://dual.example.com/a")
            } else {
                redirect(301, "https://dual.example.com/b")
            }
        },
        "::1: Fetching https://dual.example.com/b: Connection refused",
    ),
    (
        "to https, which does not answer over IPv4",
        "example.com",
        &[Http4, Full443],
        |_| redirect(301, "https://example.com/"),
        "127.0.0.1: Fetching https://example.com/: Timeout during connect (likely firewall problem)",
    ),
    (
        "a second start that meets its own way again",
        "dual.example.com",
        &[Http4, Http6, Https4],
        |r| match (r.v6, r.before) {
            (true, 0..6) => redirect(301, &format!("/v6/{}", r.before)),
            (true, _) => redirect(301, "https://six.example.com/"),
            (false, n @ 0..12) => redirect(301, &format!("/v4/{n}")),
            (false, _) => right(r),
        },
        "::1: Fetching https://six.example.com/: Redirect loop detected",
    ),
    (
        "a second start counts on",
        "dual.example.com",
        &[Http4, Http6, Https4],
        |r| match (r.v6, r.before) {
            (true, 0..5) => redirect(301, &format!("/v6/{}", r.before)),
            (true, _) => redirect(301, "https://six.example.com/"),
            (false, n) => redirect(301, &format!("http://example.com/v4/{n}")),
        },
        "127.0.0.1: Fetching http://example.com/v4/11: Too many redirects",
    ),
    (
        "a redirect back to the start after a second start",
        "dual.example.com",
        &[Http4],
        |_| redirect(301, &format!("http://dual.example.com{PATH}")),
        "127.0.0.1: Fetching URL: Redirect loop detected",
    ),
    (
        "a redirect's host without IPv4 has no fallback of its own",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://six.example.com/"),
        "::1: Fetching http://six.example.com/: Connection refused",
    ),
    ("an IPv4 identifier", "127.0.0.1", HTTP, right, CONTENT),
    ("an IPv4 identifier, refused", "127.0.0.1", &[], right, REFUSED),
    (
        "an IPv6 identifier",
        "::1",
        ALL,
        |r| if r.host == "[::1]" { right(r) } else { answer("404 No", "", b"") },
        CONTENT,
    ),
    ("an IPv6 identifier, refused", "::1", &[], right, "::1: Fetching URL: Connection refused"),
    (
        "an IPv4 identifier to https",
        "127.0.0.1",
        BOTH,
        |r| if r.tls && r.sni.is_none() { right(r) } else { redirect(301, "https://127.0.0.1/x") },
        CONTENT,
    ),
    (
        "an upper-case identifier",
        "EXAMPLE.com",
        HTTP,
        |r| if r.host == "example.com" { right(r) } else { answer("404 No", "", b"") },
        CONTENT,
    ),
    (
        "the request",
        "example.com",
        HTTP,
        |r| match ASKED.split_once('…') {
            Some((start, end)) if r.head.starts_with(start) && r.head.ends_with(end) => right(r),
            _ => ok(r.head.as_bytes()),
        },
        CONTENT,
    ),
    // Names.
    (
        "no such name",
        "nx.example.com",
        HTTP,
        right,
        "DNS problem: NXDOMAIN looking up A for nx.example.com - check that a DNS record exists for this domain; DNS problem: NXDOMAIN looking up AAAA for nx.example.com - check that a DNS record exists for this domain",
    ),
    (
        "no address",
        "none.example.com",
        HTTP,
        right,
        "no valid A records found for none.example.com; no valid AAAA records found for none.example.com",
    ),
    (
        "a zone that is broken",
        "broken.example.com",
        HTTP,
        right,
        "DNS problem: SERVFAIL looking up A for broken.example.com - the domain's nameservers may be malfunctioning; DNS problem: SERVFAIL looking up AAAA for broken.example.com - the domain's nameservers may be malfunctioning",
    ),
    (
        "a zone that refuses",
        "refused.example.com",
        HTTP,
        right,
        "DNS problem: REFUSED looking up A for refused.example.com; DNS problem: REFUSED looking up AAAA for refused.example.com",
    ),
    ("IPv4 and a failure", "half.example.com", HTTP, right, CONTENT),
    ("IPv6 and a failure", "halfsix.example.com", ALL, right, CONTENT),
    (
        "no IPv4 and a failure",
        "halfnone.example.com",
        HTTP,
        right,
        "no valid A records found for halfnone.example.com; DNS problem: SERVFAIL looking up AAAA for halfnone.example.com - the domain's nameservers may be malfunctioning",
    ),
    (
        "a resolver that says nothing",
        "stuck.example.com",
        HTTP,
        right,
        "DNS problem: query timed out looking up A for stuck.example.com; DNS problem: query timed out looking up AAAA for stuck.example.com",
    ),
    (
        "a resolver that says nothing of the target",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://stuck.example.com/"),
        "127.0.0.1: Fetching http://stuck.example.com/: DNS problem: query timed out looking up A for stuck.example.com; DNS problem: query timed out looking up AAAA for stuck.example.com",
    ),
];
