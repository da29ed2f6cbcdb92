//! Redirects that are followed, and those that are not.

use super::*;

/// A redirect with this body, not closed after it, and the right answer to the next request.
fn led(request: &Request, head: &str) -> Reply {
    match request.before {
        0 => Reply::Then(format!("HTTP/1.1 301 Moved\r\nLocation: http://example.org/x\r\n{head}").into()),
        _ => right(request),
    }
}

/// The right answer if the request tells this of where it came from.
fn from(request: &Request, location: &str, referer: Option<&str>) -> Reply {
    let told = request.head.lines().find_map(|line| line.strip_prefix("Referer: "));
    match request.before {
        0 => redirect(301, location),
        1 if location.starts_with("https") && request.target == "/back" => {
            redirect(301, "http://example.com/x")
        }
        _ if told == referer => right(request),
        _ => ok(told.unwrap_or_default().as_bytes()),
    }
}

pub(super) const REDIRECTS: &[Case] = &[
    ("301", "example.com", HTTP, |r| via(r, 301, "/x"), CONTENT),
    ("302", "example.com", HTTP, |r| via(r, 302, "/x"), CONTENT),
    ("307", "example.com", HTTP, |r| via(r, 307, "/x"), CONTENT),
    ("308", "example.com", HTTP, |r| via(r, 308, "/x"), CONTENT),
    (
        "303",
        "example.com",
        HTTP,
        |r| via(r, 303, "/x"),
        "127.0.0.1: Fetching /x: received disallowed redirect status code",
    ),
    (
        "303 to a port that is refused",
        "example.com",
        HTTP,
        |r| via(r, 303, "http://example.com:81/x"),
        "127.0.0.1: Fetching http://example.com:81/x: received disallowed redirect status code",
    ),
    (
        "https, expired and for another name",
        "example.com",
        BOTH,
        |r| via(r, 301, &format!("https://example.com{PATH}")),
        CONTENT,
    ),
    ("another host", "example.com", BOTH, |r| via(r, 301, "https://www.example.org/x"), CONTENT),
    (
        "another port",
        "example.com",
        HTTP,
        |r| via(r, 301, "https://example.com:10443/"),
        "127.0.0.1: Fetching https://example.com:10443/: Invalid port in redirect target. Only ports 80 and 443 are supported, not 10443",
    ),
    (
        "a missing slash",
        "example.com",
        HTTP,
        |r| via(r, 301, "https://example.com.well-known/acme-challenge/t"),
        "127.0.0.1: Fetching https://example.com.well-known/acme-challenge/t: Invalid host in redirect target \"example.com.well-known\". Check webserver config for missing '/' in redirect target.",
    ),
    (
        "a missing slash and another port",
        "example.com",
        HTTP,
        |r| via(r, 301, "https://example.com.well-known:8080/x"),
        "127.0.0.1: Fetching https://example.com.well-known:8080/x: Invalid port in redirect target. Only ports 80 and 443 are supported, not 8080",
    ),
    (
        "another scheme",
        "example.com",
        HTTP,
        |r| via(r, 301, "ftp://example.com/"),
        "127.0.0.1: Fetching ftp://example.com/: Invalid protocol scheme in redirect target. Only \"http\" and \"https\" protocol schemes are supported, not \"ftp\"",
    ),
    (
        "another scheme and another port",
        "example.com",
        HTTP,
        |r| via(r, 301, "gopher://example.com:70/"),
        "127.0.0.1: Fetching gopher://example.com:70/: Invalid protocol scheme in redirect target. Only \"http\" and \"https\" protocol schemes are supported, not \"gopher\"",
    ),
    (
        "an application's scheme",
        "example.com",
        HTTP,
        |r| via(r, 301, "mailto:hostmaster@example.com"),
        "127.0.0.1: Fetching mailto:hostmaster@example.com: Invalid protocol scheme in redirect target. Only \"http\" and \"https\" protocol schemes are supported, not \"mailto\"",
    ),
    (
        "a scheme with a dash",
        "example.com",
        HTTP,
        |r| via(r, 301, "web+x-y.z://example.com/"),
        "127.0.0.1: Fetching web+x-y.z://example.com/: Invalid protocol scheme in redirect target. Only \"http\" and \"https\" protocol schemes are supported, not \"web+x-y.z\"",
    ),
    (
        "no host",
        "example.com",
        HTTP,
        |r| via(r, 301, "http:///x"),
        "127.0.0.1: Fetching http:///x: Invalid empty host in redirect target",
    ),
    (
        "a name of the local network",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://nas.local/"),
        "127.0.0.1: Fetching http://nas.local/: Invalid host in redirect target, must end in IANA registered TLD",
    ),
    (
        "this host",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://localhost/"),
        "127.0.0.1: Fetching http://localhost/: Invalid host in redirect target, must end in IANA registered TLD",
    ),
    (
        "a name without addresses",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://none.example.com/"),
        "127.0.0.1: Fetching http://none.example.com/: no valid A records found for none.example.com; no valid AAAA records found for none.example.com",
    ),
    (
        "a name that is not there",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://nx.example.com/x"),
        "127.0.0.1: Fetching http://nx.example.com/x: DNS problem: NXDOMAIN looking up A for nx.example.com - check that a DNS record exists for this domain; DNS problem: NXDOMAIN looking up AAAA for nx.example.com - check that a DNS record exists for this domain",
    ),
    (
        "a name that cannot be asked for",
        "example.com",
        HTTP,
        |r| via(r, 301, "http://broken.example.com/x"),
        "127.0.0.1: Fetching http://broken.example.com/x: DNS problem: SERVFAIL looking up A for broken.example.com - the domain's nameservers may be malfunctioning; DNS problem: SERVFAIL looking up AAAA for broken.example.com - the domain's nameservers may be malfunctioning",
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
        "127.0.0.1: Fetching /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: Redirect target too long",
    ),
    (
        "a path of 2000 bytes in escapes",
        "example.com",
        HTTP,
        |r| via(r, 301, &format!("/{}", "%20".repeat(1999))),
        CONTENT,
    ),
    ("a long query", "example.com", HTTP, |r| via(r, 301, &format!("/x?{}", "a".repeat(3000))), CONTENT),
    (
        "to itself",
        "example.com",
        HTTP,
        |r| redirect(301, &r.target),
        "127.0.0.1: Fetching /.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0: Redirect loop detected",
    ),
    (
        "to itself with a query each time",
        "example.com",
        HTTP,
        |r| via(r, 301, &format!("{}?1", r.target)),
        CONTENT,
    ),
    ("to itself with a fragment", "example.com", HTTP, |r| via(r, 301, &format!("{}#1", r.target)), CONTENT),
    (
        "to itself with its port",
        "example.com",
        HTTP,
        |_| redirect(301, &format!("http://example.com:80{PATH}")),
        "127.0.0.1: Fetching http://example.com:80/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0: Redirect loop detected",
    ),
    (
        "to itself in capitals",
        "example.com",
        HTTP,
        |_| redirect(301, &format!("HTTP://EXAMPLE.COM{PATH}")),
        "127.0.0.1: Fetching HTTP://EXAMPLE.COM/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0: Redirect loop detected",
    ),
    (
        "there and back",
        "example.com",
        BOTH,
        |r| redirect(301, &format!("{}://example.com{PATH}", if r.tls { "http" } else { "https" })),
        "127.0.0.1: Fetching URL: Redirect loop detected",
    ),
    ("11 redirects", "example.com", HTTP, |r| chain(r, 11), CONTENT),
    (
        "12 redirects",
        "example.com",
        HTTP,
        |r| chain(r, 12),
        "127.0.0.1: Fetching /hop/11: Too many redirects",
    ),
    (
        "a twelfth redirect of another kind",
        "example.com",
        HTTP,
        |r| if r.before < 11 { chain(r, 11) } else { redirect(303, "/x") },
        "127.0.0.1: Fetching /x: Too many redirects",
    ),
    (
        "a twelfth redirect that is no URL",
        "example.com",
        HTTP,
        |r| if r.before < 11 { chain(r, 11) } else { redirect(302, "http://a b/") },
        "127.0.0.1: Fetching http://example.com/hop/10: Error getting validation data",
    ),
    (
        "a redirect to a 404",
        "example.com",
        BOTH,
        |r| if r.tls { answer("404 No", "", b"") } else { redirect(301, "https://example.com/x") },
        "127.0.0.1: Invalid response from https://example.com/x: 404",
    ),
    (
        "a redirect to a wrong body",
        "example.com",
        BOTH,
        |r| if r.tls { ok(b"x") } else { redirect(301, "https://example.com/x") },
        "got \"x\"",
    ),
    (
        "a redirect to a long body",
        "example.com",
        BOTH,
        |r| if r.tls { ok(&[b'x'; 200]) } else { redirect(301, "https://example.com/x") },
        "127.0.0.1: Invalid response from https://example.com/x: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
    ),
    (
        "a redirect with the right body",
        "example.com",
        HTTP,
        |r| {
            if r.before == 0 {
                answer("302 Found", "Location: /x\r\n", EXPECTED.as_bytes())
            } else {
                ok(b"no")
            }
        },
        "got \"no\"",
    ),
    // What follows the head of a redirect.
    (
        "a short body that stops",
        "example.com",
        HTTP,
        |r| led(r, "Content-Length: 9\r\n\r\nmoved"),
        "127.0.0.1: Fetching http://example.org/x: Timeout after connect (your server may be slow or overloaded)",
    ),
    (
        "a short body that stops, after a bad target",
        "example.com",
        HTTP,
        |r| {
            if r.before == 0 {
                Reply::Then(
                    b"HTTP/1.1 301 Moved\r\nLocation: http://nas.local/\r\nContent-Length: 9\r\n\r\nmoved"
                        .to_vec(),
                )
            } else {
                right(r)
            }
        },
        "127.0.0.1: Fetching http://nas.local/: Invalid host in redirect target, must end in IANA registered TLD",
    ),
    (
        "a body of 2048 bytes that stops",
        "example.com",
        HTTP,
        |r| led(r, "Content-Length: 2048\r\n\r\nmoved"),
        "127.0.0.1: Fetching http://example.org/x: Timeout after connect (your server may be slow or overloaded)",
    ),
    (
        "a body of 2049 bytes that stops",
        "example.com",
        HTTP,
        |r| led(r, "Content-Length: 2049\r\n\r\nmoved"),
        CONTENT,
    ),
    (
        "a body without a length that stops",
        "example.com",
        HTTP,
        |r| led(r, "\r\nmoved"),
        "127.0.0.1: Fetching http://example.org/x: Timeout after connect (your server may be slow or overloaded)",
    ),
    (
        "a long body without a length that stops",
        "example.com",
        HTTP,
        |r| led(r, &format!("\r\n{}", "x".repeat(2048))),
        CONTENT,
    ),
    (
        "chunks that stop after a redirect",
        "example.com",
        HTTP,
        |r| led(r, "Transfer-Encoding: chunked\r\n\r\n5\r\nmoved\r\n"),
        "127.0.0.1: Fetching http://example.org/x: Timeout after connect (your server may be slow or overloaded)",
    ),
    (
        "malformed chunks after a redirect",
        "example.com",
        HTTP,
        |r| led(r, "Transfer-Encoding: chunked\r\n\r\nz\r\n"),
        CONTENT,
    ),
    (
        "a redirect whose body is cut",
        "example.com",
        HTTP,
        |r| {
            if r.before == 0 {
                raw("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 9\r\n\r\nmov")
            } else {
                right(r)
            }
        },
        CONTENT,
    ),
    (
        "a redirect whose body is reset",
        "example.com",
        HTTP,
        |r| {
            if r.before == 0 {
                Reply::Cut(b"HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 9\r\n\r\nmov".to_vec())
            } else {
                right(r)
            }
        },
        CONTENT,
    ),
    (
        "a redirect with a bad encoding",
        "example.com",
        HTTP,
        |r| {
            if r.before == 0 {
                raw("HTTP/1.1 301 Moved\r\nLocation: /x\r\nTransfer-Encoding: x\r\n\r\n")
            } else {
                right(r)
            }
        },
        GENERIC,
    ),
    (
        "a redirect in gzip that is none",
        "example.com",
        HTTP,
        |r| {
            if r.before == 0 {
                answer("301 Moved", "Location: /x\r\nContent-Encoding: gzip\r\n", b"moved")
            } else {
                right(r)
            }
        },
        CONTENT,
    ),
    // Where it came from.
    (
        "where one came from",
        "example.com",
        HTTP,
        |r| from(r, "/x", Some(&format!("http://example.com{PATH}"))),
        CONTENT,
    ),
    (
        "where one came from, over TLS",
        "example.com",
        BOTH,
        |r| from(r, "https://example.org/x", Some(&format!("http://example.com{PATH}"))),
        CONTENT,
    ),
    (
        "where one came from, back from TLS",
        "example.com",
        BOTH,
        |r| from(r, "https://example.org/back", None),
        CONTENT,
    ),
];
