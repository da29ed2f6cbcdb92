//! The checks of names and of CAA records, against the world's name servers.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::net::{Place, Resolver, World, world};

const HEAD: &str = "\
packaged debian-certbot-4.0
account as=main uri=https://acme-v02.api.letsencrypt.org/acme/acct/123456789
dir /var/www/html
";

/// A host with one lineage for each of these sets of names; the first gives its name.
fn manifest<'n>(names: impl Iterator<Item = &'n str>, authenticator: &str) -> String {
    let mut manifest = HEAD.to_owned();
    for names in names {
        let lineage = names.split(',').next().unwrap_or_default().trim_start_matches("*.");
        writeln!(
            manifest,
            "lineage {lineage} names={names} certbot=4.0.0 versions=2 webroot=/var/www/html\n  \
             conf renew_hook = systemctl reload nginx{authenticator}"
        )
        .expect("a text");
    }
    manifest
}

/// The ids of the findings about each lineage that `of` takes, notes marked, as one text.
fn found(report: &serde_json::Value, of: &[&str]) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for lineage in report["lineages"].as_array().expect("lineages") {
        found.insert(lineage["name"].as_str().expect("a name").to_owned(), Vec::new());
    }
    for finding in report["findings"].as_array().expect("findings") {
        let id = finding["id"].as_str().expect("an id");
        if !of.iter().any(|prefix| id.starts_with(prefix)) {
            continue;
        }
        let note = if finding["severity"] == "note" { " (note)" } else { "" };
        for lineage in finding["lineages"].as_array().expect("lineages") {
            found.get_mut(lineage.as_str().expect("a name")).expect("a lineage").push(format!("{id}{note}"));
        }
    }
    found.into_iter().map(|(name, ids)| (name, ids.join(" "))).collect()
}

/// Audits all of them at once, and compares what is found of some checks.
fn holds(
    world: &World,
    (place, resolver): (Place, Resolver),
    of: &[&str],
    authenticator: &str,
    cases: &[(&str, &str)],
) {
    let host = world.host(&manifest(cases.iter().map(|(names, _)| *names), authenticator));
    let out = world.run_at(place, resolver, &host, &["--online", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    let found = found(&report, of);
    let mut wrong = String::new();
    for (names, wanted) in cases {
        let lineage = names.split(',').next().unwrap_or_default().trim_start_matches("*.");
        let said = &found[lineage];
        if said != wanted {
            writeln!(wrong, "{lineage}: `{said}` instead of `{wanted}`").expect("a text");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

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
const OUTSIDE: (Place, Resolver) = (Place::Web, Resolver::Public);

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
            ("slow.test", ""),
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
