//! Addresses: of which family, and which of them answer.

use super::script::{Reply, answer, ok, redirect};
use super::server::Listen;
use super::{
    ALL, BOTH_FAMILIES, CONTENT, Case, FIRST_ADDRESS, HTTP, KEEPS_CASE, Peer, SLOW, WAITS, WRONG, case,
    right, to_https, via,
};

const WITHOUT_V6_443: &[Listen] = &[Listen::Http4, Listen::Http6, Listen::Https4];

pub const CASES: &[Case] = &[
    case("nothing listens", "one", &[], right, "Connection refused"),
    case(
        "no answer to the connection",
        "one",
        &[Listen::Full4],
        right,
        "Timeout during connect (likely firewall problem)",
    )
    .caddy(Peer::NotAsked(WAITS)),
    case("IPv6 alone", "six", ALL, right, CONTENT),
    case("IPv6 alone and refused", "six", HTTP, right, "Connection refused"),
    case("IPv6 first", "dual", ALL, |r| if r.v6 { right(r) } else { answer("404 No", "", b"") }, CONTENT),
    case("IPv6 refused", "dual", HTTP, right, CONTENT).pebble(Peer::No(FIRST_ADDRESS)),
    case("IPv6 without an answer to the connection", "dual", &[Listen::Http4, Listen::Full6], right, CONTENT)
        .pebble(Peer::No(FIRST_ADDRESS)),
    case(
        "404 over IPv6",
        "dual",
        ALL,
        |r| if r.v6 { answer("404 No", "", b"") } else { right(r) },
        "Invalid response from URL: 404",
    ),
    case(
        "another site over IPv6",
        "dual",
        ALL,
        |r| if r.v6 { ok(b"<html>welcome") } else { right(r) },
        WRONG,
    ),
    case(
        "a reset over IPv6",
        "dual",
        ALL,
        |r| if r.v6 { Reply::Reset(Vec::new()) } else { right(r) },
        "Connection reset by peer",
    ),
    case("silence over IPv6", "dual", ALL, |r| if r.v6 { Reply::Then(vec![]) } else { right(r) }, SLOW)
        .caddy(Peer::NotAsked(WAITS)),
    case("both refused", "dual", &[], right, "Connection refused"),
    case("to https, whose IPv6 is dead", "dual", WITHOUT_V6_443, to_https, "Redirect loop detected")
        .caddy(Peer::Yes(BOTH_FAMILIES)),
    case(
        "to another https host, whose IPv6 is dead, over IPv4 straight",
        "dual",
        WITHOUT_V6_443,
        |r| match r.v6 {
            true => redirect(301, &format!("https://six.{}/{}", r.zone(), r.token())),
            false => right(r),
        },
        CONTENT,
    )
    .pebble(Peer::No(FIRST_ADDRESS))
    .caddy(Peer::No(BOTH_FAMILIES)),
    case(
        "a redirect's host without IPv4 has no fallback of its own",
        "one",
        HTTP,
        |r| via(r, 301, &format!("http://six.{}", r.zone())),
        "Connection refused",
    ),
    case("an IPv4 identifier", "v4", HTTP, right, CONTENT),
    case(
        "an IPv6 identifier",
        "v6",
        ALL,
        |r| match r.host.starts_with(&format!("[{}]", r.place.v6)) {
            true => right(r),
            false => answer("404 No", "", b""),
        },
        CONTENT,
    ),
    case(
        "an upper-case identifier",
        "ONE",
        HTTP,
        |r| if r.host.starts_with("one.") { right(r) } else { answer("404 No", "", b"") },
        CONTENT,
    )
    .caddy(Peer::No(KEEPS_CASE)),
    case(
        "a name server in trouble",
        "servfail",
        HTTP,
        right,
        "DNS problem: SERVFAIL looking up A for servfail.ZONE - the domain's nameservers may be malfunctioning; \
         DNS problem: SERVFAIL looking up AAAA for servfail.ZONE - the domain's nameservers may be malfunctioning",
    ),
    case(
        "no address",
        "none",
        HTTP,
        right,
        "no valid A records found for none.ZONE; no valid AAAA records found for none.ZONE",
    ),
];
