//! The checks that compare a name's addresses with the running host's own.

use crate::net::judged::holds_live;
use crate::net::{Place, world};

const OWN: &[&str] = &[
    "aaaa-wrong-host",
    "connection-refused",
    "dns-points-elsewhere",
    "dynamic-ipv6-prefix",
    "port80-blocked",
    "wildcard-dns-masks",
];

const STANDALONE: &str = "\n  conf authenticator = standalone";

#[test]
fn the_address_of_an_earlier_prefix_is_told() {
    let Some(world) = world() else { return };
    holds_live(
        world,
        Place::Web,
        OWN,
        "",
        &[
            ("prefix.example.org", "dynamic-ipv6-prefix"),
            // The CA goes over to IPv4.
            ("prefix4.example.org", "dynamic-ipv6-prefix (note)"),
            ("neighbour6.example.org", ""),
            ("unrouted6.example.org", ""),
            ("refused6.example.org", ""),
            ("silent6.example.org", ""),
            ("good.test", ""),
            ("v6.good.test", ""),
        ],
    );
}

#[test]
fn a_site_that_has_moved_is_told_where_nothing_could_serve_it_here() {
    let Some(world) = world() else { return };
    holds_live(
        world,
        Place::Idle,
        OWN,
        STANDALONE,
        &[
            ("moved.example.org", "dns-points-elsewhere"),
            ("files.web.example.org", "dns-points-elsewhere wildcard-dns-masks (note)"),
            ("elsewhere.example.org", "dns-points-elsewhere"),
            ("here.example.org", ""),
            ("round.example.org", ""),
            // What a balancer or a proxy may answer while certbot does not listen.
            ("status-503.web.example.org", ""),
            ("auth.web.example.org", ""),
            ("spa.web.example.org", ""),
            ("home.example.org", ""),
        ],
    );
    holds_live(
        world,
        Place::Idle,
        OWN,
        "",
        &[
            ("moved.example.org", ""),
            ("files.web.example.org", ""),
            ("any.parked.test", "dns-points-elsewhere wildcard-dns-masks (note)"),
            ("named.wild.test", "dns-points-elsewhere"),
        ],
    );
}

#[test]
fn a_server_on_port_80_and_address_translation_leave_it_open() {
    let Some(world) = world() else { return };
    let elsewhere =
        &[("dropped.example.org", "port80-blocked"), ("home.example.org", ""), ("moved.example.org", "")];
    holds_live(world, Place::Web, OWN, STANDALONE, elsewhere);
    // Behind a router nobody knows which addresses lead back.
    let behind = &[("moved.example.org", ""), ("files.web.example.org", ""), ("elsewhere.example.org", "")];
    holds_live(world, Place::Home, OWN, STANDALONE, behind);
}
