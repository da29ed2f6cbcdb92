//! The checks of names and of CAA records, against the world's name servers.

use crate::net::judged::{OUTSIDE, holds};
use crate::net::{Place, Resolver, world};

const NAMES: &[&str] = &[
    "nxdomain-san",
    "domain-expired",
    "private-or",
    "servfail-dnssec",
    "nameserver-",
    "split-horizon",
    "acme-challenge-",
    "stale-txt",
];

#[test]
fn names_are_judged_as_the_ca_will_see_them() {
    let Some(world) = world() else { return };
    holds(
        world,
        OUTSIDE,
        NAMES,
        "",
        &[
            ("good.test", ""),
            ("www.good.test,good.test", ""),
            ("v4.good.test", ""),
            ("v6.good.test", ""),
            ("chain.good.test", ""),
            ("many.good.test", ""),
            ("signed.test", ""),
            ("any.wild.test", ""),
            ("nodata.good.test", "nxdomain-san"),
            ("missing.good.test,good.test", "nxdomain-san"),
            ("dangling.good.test", "nxdomain-san"),
            ("dangling-far.good.test", "nxdomain-san"),
            ("dangling-gone.good.test", "nxdomain-san"),
            ("gone.test", "domain-expired-or-transferred"),
            ("www.gone.test,good.test", "domain-expired-or-transferred"),
            ("ten.private.test", "private-or-reserved-address"),
            ("one-seven-two.private.test", "private-or-reserved-address"),
            ("shared.private.test", "private-or-reserved-address"),
            ("documentation.private.test", "private-or-reserved-address"),
            ("unique-local6.private.test", "private-or-reserved-address"),
            ("link-local6.private.test", "private-or-reserved-address"),
            ("mapped6.private.test", "private-or-reserved-address"),
            ("ten-and-six.private.test", ""),
            ("four-and-local6.private.test", ""),
            ("ten-and-four.private.test", ""),
            ("bogus.test", "servfail-dnssec"),
            ("www.expired.test,expired.test", "servfail-dnssec"),
            ("stripped.test", "servfail-dnssec"),
            ("lame-refused.test", "nameserver-unreachable-or-blocked (note)"),
            ("lame-silent.test", "nameserver-unreachable-or-blocked (note)"),
            ("lame-nameless.test", "nameserver-unreachable-or-blocked (note)"),
            ("serial.test", ""),
            ("unserved.test", "nameserver-unreachable-or-blocked"),
            ("unreachable.test", "nameserver-unreachable-or-blocked"),
            ("servfail.test", "nameserver-unreachable-or-blocked"),
            ("tcp-only.test", ""),
        ],
    );
}

#[test]
fn where_a_challenge_is_put_is_looked_at_for_dns_plugins() {
    let Some(world) = world() else { return };
    let plugin = "\n  conf authenticator = dns-cloudflare";
    holds(
        world,
        OUTSIDE,
        NAMES,
        plugin,
        &[
            ("clean.challenge.test", ""),
            ("stale.challenge.test", "stale-txt-records (note)"),
            ("delegated.challenge.test", ""),
            ("dangling.challenge.test", ""),
            ("gone.challenge.test", "acme-challenge-cname-stale"),
            // A name without any address is validated all the same.
            ("nodata.good.test", ""),
        ],
    );
}

#[test]
fn servers_that_differ_are_told_beside_a_short_wait() {
    let Some(world) = world() else { return };
    let of = &["propagation-too-short"];
    let plugin = "\n  conf authenticator = dns-cloudflare";
    let cases = &[("serial.test", "propagation-too-short (note)"), ("good.test", ""), ("signed.test", "")];
    holds(world, OUTSIDE, of, plugin, cases);
    let patient = format!("{plugin}\n  conf dns_cloudflare_propagation_seconds = 120");
    holds(world, OUTSIDE, of, &patient, &[("serial.test", "")]);
    holds(world, OUTSIDE, of, "", &[("serial.test", "")]);
}

#[test]
fn a_private_view_inside_is_a_note_and_no_fault() {
    let Some(world) = world() else { return };
    let inside = (Place::Home, Resolver::Office);
    holds(world, inside, NAMES, "", &[("split.test", "split-horizon (note)")]);
    holds(world, OUTSIDE, NAMES, "", &[("split.test", "")]);
}

#[test]
fn caa_records_are_ruled_on_as_the_ca_rules() {
    let Some(world) = world() else { return };
    holds(
        world,
        OUTSIDE,
        &["caa-"],
        "",
        &[
            ("good.test", ""),
            ("none.caa.test", ""),
            ("letsencrypt.caa.test", ""),
            ("both.caa.test", ""),
            ("iodef.caa.test", ""),
            ("upper.caa.test", ""),
            ("known.caa.test", ""),
            ("unknown.caa.test", ""),
            ("critical-issue.caa.test", ""),
            ("not-wild.caa.test", ""),
            ("wild-other.caa.test", ""),
            ("http.caa.test", ""),
            ("http-or-dns.caa.test", ""),
            ("account.caa.test", "caa-staging-differs (note)"),
            ("www.both.caa.test", ""),
            ("deep.www.other.caa.test", ""),
            ("a.other.caa.test", "caa-forbids-issuer"),
            ("other.caa.test", "caa-forbids-issuer"),
            ("nobody.caa.test", "caa-forbids-issuer"),
            ("empty.caa.test", "caa-forbids-issuer"),
            ("apart.caa.test", "caa-validationmethods-mismatch"),
            ("dns.caa.test", "caa-validationmethods-mismatch"),
            ("account-other.caa.test", "caa-accounturi-mismatch"),
            ("account-staging.caa.test", "caa-accounturi-mismatch"),
            ("account-twice.caa.test", "caa-accounturi-mismatch"),
            ("critical.caa.test", "caa-critical-unknown-or-malformed"),
            ("critical-one.caa.test", "caa-critical-unknown-or-malformed"),
            ("upper-value.caa.test", "caa-critical-unknown-or-malformed"),
            ("malformed.caa.test", "caa-critical-unknown-or-malformed"),
            ("www.other.caa.test", "caa-forbids-issuer"),
            ("alias.caa.test", "caa-forbids-issuer"),
            ("www.caa-parent.test", "caa-forbids-issuer"),
            ("a.b.c.caa-parent.test", "caa-forbids-issuer"),
            ("alias.caa-parent.test", "caa-forbids-issuer"),
            ("caa-servfail.test", "caa-lookup-error"),
            ("caa-dropped.test", "caa-lookup-error"),
            ("caa-notimp.test", "caa-lookup-error"),
            // The fault is another check's.
            ("bogus.test", ""),
        ],
    );
}
