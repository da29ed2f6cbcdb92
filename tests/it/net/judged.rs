//! Many lineages at once, and what the audit finds of each.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Output;

use crate::net::{Place, Resolver, World};

const HEAD: &str = "\
packaged debian-certbot-4.0
account as=main uri=https://acme-v02.api.letsencrypt.org/acme/acct/123456789
dir /var/www/html
";

/// A host with one lineage for each of these sets of names; the first gives its name.
pub fn manifest<'n>(names: impl Iterator<Item = &'n str>, authenticator: &str) -> String {
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
pub fn holds(
    world: &World,
    (place, resolver): (Place, Resolver),
    of: &[&str],
    authenticator: &str,
    cases: &[(&str, &str)],
) {
    let host = world.host(&manifest(cases.iter().map(|(names, _)| *names), authenticator));
    let out = world.run_at(place, resolver, &host, &["--online", "--format", "json"]);
    compare(&out, of, cases);
}

/// The same on the running machine at a place, with what is asked of it alone.
pub fn holds_live(world: &World, place: Place, of: &[&str], authenticator: &str, cases: &[(&str, &str)]) {
    let host = world.host(&manifest(cases.iter().map(|(names, _)| *names), authenticator));
    compare(&world.run_live(place, &host, &["--format", "json"]), of, cases);
}

fn compare(out: &Output, of: &[&str], cases: &[(&str, &str)]) {
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

/// The audited host with the resolver that everybody uses.
pub const OUTSIDE: (Place, Resolver) = (Place::Web, Resolver::Public);
