//! Redirects: of which kind, where to, and how many.

use super::script::{Reply, Request, answer, ok, redirect};
use super::server::Listen;
use super::{
    BOTH, CONTENT, Case, FOLLOWS_ALL, HTTP, NINE, Peer, SLOW, WAITS, WRONG, case, chain, right, to, to_https,
    via,
};

const HOST: &str = "Invalid host in redirect target, must end in IANA registered TLD";

/// The right answer at a target that ends in the token, and a redirect to `location` and the token elsewhere.
fn at(request: &Request, target: &str, location: &str) -> Reply {
    let token = request.token();
    match request.target == format!("{target}{token}") {
        true => right(request),
        false => redirect(302, &location.replace("TOKEN", token)),
    }
}

/// A redirect to a path of this length.
fn long(request: &Request, length: usize) -> Reply {
    via(request, 301, &format!("/{}", "a".repeat(length - request.token().len() - 2)))
}

pub const CASES: &[Case] = &[
    case("301", "one", HTTP, |r| via(r, 301, "/x"), CONTENT),
    case("302", "one", HTTP, |r| via(r, 302, "/x"), CONTENT),
    case("307", "one", HTTP, |r| via(r, 307, "/x"), CONTENT),
    case("308", "one", HTTP, |r| via(r, 308, "/x"), CONTENT),
    case("303", "one", HTTP, |r| via(r, 303, "/x"), "received disallowed redirect status code")
        .both(Peer::Yes(FOLLOWS_ALL)),
    case("https, expired and for another name", "one", BOTH, to_https, CONTENT),
    case("another host over https", "one", BOTH, |r| to(r, "https", "www"), CONTENT),
    case("an upper-case host", "one", HTTP, |r| to(r, "HTTP", "WWW"), CONTENT),
    case(
        "a host without a path",
        "one",
        HTTP,
        |r| match r.is_first() {
            true => redirect(301, &format!("http://www.{}?{}", r.zone(), r.token())),
            false => right(r),
        },
        CONTENT,
    ),
    case("no scheme", "one", HTTP, |r| via(r, 301, &format!("//www.{}", r.zone())), CONTENT),
    case("a relative path with dots", "one", HTTP, |r| at(r, "/.well-known/x/", ".././x/TOKEN"), CONTENT),
    case("a blank in the path", "one", HTTP, |r| at(r, "/a%20b/", "/a b/TOKEN"), CONTENT),
    case("a query", "one", HTTP, |r| at(r, "/x?a=b&c=", "/x?a=b&c=TOKEN"), CONTENT),
    case("a fragment", "one", HTTP, |r| at(r, "/x/", "/x/TOKEN#top"), CONTENT),
    case(
        "a user and a password",
        "one",
        HTTP,
        |r| match r.head.contains("Basic dTpzZWNyZXQ=") {
            true => right(r),
            false => redirect(302, &format!("http://u:secret@{}/x/{}", r.name(), r.token())),
        },
        CONTENT,
    ),
    case("port 80 in words", "one", HTTP, |r| via(r, 301, &format!("http://{}:80/x", r.name())), CONTENT),
    case(
        "port 443 in words",
        "one",
        BOTH,
        |r| match r.tls {
            true => right(r),
            false => redirect(301, &format!("https://{}:443{}", r.name(), r.target)),
        },
        CONTENT,
    ),
    case("an address", "one", HTTP, |r| via(r, 301, &format!("http://{}/x", r.place.v4)), CONTENT),
    case(
        "another port",
        "one",
        &[Listen::Http4, Listen::Other4],
        |r| via(r, 301, &format!("http://{}:{}/x", r.name(), r.place.other)),
        "Invalid port in redirect target. Only ports 80 and 443 are supported, not PORT",
    )
    .both(Peer::Yes(FOLLOWS_ALL)),
    case(
        "a missing slash",
        "one",
        HTTP,
        |r| redirect(301, &format!("https://{}{}", r.name(), r.target.trim_start_matches('/'))),
        "Invalid host in redirect target \"one.ZONE.well-known\". Check webserver config for missing '/' in redirect target.",
    ),
    case(
        "another scheme",
        "one",
        HTTP,
        |r| via(r, 301, &format!("ftp://{}", r.name())),
        "Invalid protocol scheme in redirect target. Only \"http\" and \"https\" protocol schemes are supported, not \"ftp\"",
    ),
    case("no host", "one", HTTP, |r| via(r, 301, "http:///x"), "Invalid empty host in redirect target"),
    case("a name of the local network", "one", HTTP, |r| via(r, 301, "http://nas.local"), HOST),
    case(
        "a name under no public suffix",
        "one",
        HTTP,
        |r| via(r, 301, &format!("http://{}.test", r.name())),
        HOST,
    )
    .both(Peer::Yes(FOLLOWS_ALL)),
    case("no URL", "one", HTTP, |r| via(r, 301, "http://exa mple.com"), "Error getting validation data"),
    case(
        "a scoped address",
        "one",
        HTTP,
        |r| via(r, 301, "http://[fe80::1%25eth0]"),
        "Invalid host in redirect target: contains scope zone",
    ),
    case(
        "a name without addresses",
        "one",
        HTTP,
        |r| to(r, "http", "none"),
        "no valid A records found for none.ZONE; no valid AAAA records found for none.ZONE",
    ),
    case("a path of 2000 bytes", "one", HTTP, |r| long(r, 2000), CONTENT),
    case("a path of 2001 bytes", "one", HTTP, |r| long(r, 2001), "Redirect target too long")
        .both(Peer::Yes(FOLLOWS_ALL)),
    case("to itself", "one", HTTP, |r| redirect(301, &r.target), "Redirect loop detected"),
    case(
        "there and back",
        "one",
        BOTH,
        |r| redirect(301, &format!("{}://{}{}", if r.tls { "http" } else { "https" }, r.name(), r.target)),
        "Redirect loop detected",
    ),
    case(
        "to itself where there is no Referer",
        "one",
        HTTP,
        |r| match r.head.to_lowercase().contains("\r\nreferer: ") {
            true => right(r),
            false => redirect(302, &r.target),
        },
        "Redirect loop detected",
    )
    .both(Peer::Yes(FOLLOWS_ALL)),
    case("9 redirects", "one", HTTP, |r| chain(r, 9), CONTENT),
    case("10 redirects", "one", HTTP, |r| chain(r, 10), CONTENT).both(Peer::No(NINE)),
    case("11 redirects", "one", HTTP, |r| chain(r, 11), CONTENT).both(Peer::No(NINE)),
    case("12 redirects", "one", HTTP, |r| chain(r, 12), "Too many redirects"),
    case(
        "to a 404",
        "one",
        BOTH,
        |r| if r.tls { answer("404 No", "", b"") } else { redirect(301, &format!("https://{}/x", r.name())) },
        "Invalid response from https://one.ZONE/x: 404",
    ),
    case(
        "to a front page",
        "one",
        BOTH,
        |r| if r.tls { ok(b"<html>welcome") } else { redirect(301, &format!("https://{}/", r.name())) },
        WRONG,
    ),
    case(
        "TLS that is too old",
        "one",
        &[Listen::Http4, Listen::Old443],
        to_https,
        "remote error: tls: protocol version not supported",
    ),
    case(
        "a server that chooses TLS 1.1",
        "one",
        &[Listen::Http4, Listen::Hello11],
        to_https,
        "Error getting validation data",
    ),
    case(
        "plain HTTP on the TLS port",
        "one",
        &[Listen::Http4, Listen::Plain443],
        to_https,
        "Error getting validation data",
    ),
    case("a mute TLS port", "one", &[Listen::Http4, Listen::Mute443], to_https, SLOW)
        .caddy(Peer::NotAsked(WAITS)),
    case("a closed TLS port", "one", HTTP, to_https, "Connection refused"),
    case(
        "TLS on the http port",
        "one",
        BOTH,
        |r| via(r, 301, &format!("http://{}:443", r.name())),
        "Error getting validation data",
    ),
];
