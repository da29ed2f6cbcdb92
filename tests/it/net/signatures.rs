//! Signatures that this host checks itself, where its resolver checks none.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::net::judged::{holds, manifest};
use crate::net::{Place, Resolver, World, world};

const PLAIN: (Place, Resolver) = (Place::Web, Resolver::Plain);
const STRIPPING: (Place, Resolver) = (Place::Web, Resolver::Stripping);

const SIGNATURES: &[&str] = &["servfail-dnssec", "nameserver-", "caa-lookup-error"];

/// What the facts say of the signatures of each name: `secure`, or `bogus DNSKEY of bogus.test no-key-for-ds`.
fn facts(world: &World, (place, resolver): (Place, Resolver), names: &[&str]) -> BTreeMap<String, String> {
    let host = world.host(&manifest(names.iter().copied(), ""));
    let out = world.run_at(place, resolver, &host, &["facts", "--online"]);
    let text = String::from_utf8_lossy(&out.stdout);
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of facts"));
    let names = lines.flat_map(|line| line["seen"].as_array().cloned().unwrap_or_default());
    let said = |dns: &Value| match &dns["signatures"] {
        Value::String(word) => word.clone(),
        Value::Null => "none".to_owned(),
        other => match (&other["bogus"], &other["unknown"]) {
            (Value::Null, why) => format!("unknown {}", why.as_str().expect("a reason")),
            (bogus, _) => {
                let flaw = bogus["flaw"].as_str().map(str::to_owned);
                let flaw = flaw.or_else(|| bogus["flaw"].as_object()?.keys().next().cloned());
                let server = bogus["server"].as_str().unwrap_or("nobody");
                let text = |key: &str| bogus[key].as_str().expect("a text");
                format!("bogus {} {} {} {server}", text("records"), text("zone"), flaw.expect("a flaw"))
            }
        },
    };
    names
        .map(|name| (name["identifier"].as_str().expect("a name").to_owned(), said(&name["dns"]["Ok"])))
        .collect()
}

#[test]
fn what_a_resolver_lets_pass_is_found_here() {
    let Some(world) = world() else { return };
    holds(
        world,
        PLAIN,
        SIGNATURES,
        "",
        &[
            // Not signed.
            ("good.test", ""),
            ("www.good.test", ""),
            ("nodata.good.test", ""),
            // Signed rightly.
            ("signed.test", ""),
            ("www.signed.test", ""),
            ("missing.signed.test", ""),
            ("chain.good.test", ""),
            ("any.wild.signed.test", ""),
            ("www.dname.signed.test", ""),
            ("caa.signed.test", ""),
            ("rsa.test", ""),
            ("fine.tampered.test", ""),
            // By an algorithm that not all validators know.
            ("ed448.test", ""),
            // The resolver has another address for it.
            ("split.signed.test", ""),
            ("bogus.test", "servfail-dnssec"),
            ("www.expired.test,expired.test", "servfail-dnssec"),
            ("stripped.test", "servfail-dnssec"),
            ("changed.tampered.test", "servfail-dnssec"),
            ("bare.tampered.test", "servfail-dnssec"),
            ("changed-caa.tampered.test", "servfail-dnssec"),
            ("alias-bogus.good.test", "servfail-dnssec"),
        ],
    );
}

#[test]
fn each_fault_has_its_name() {
    let Some(world) = world() else { return };
    let cases = [
        ("good.test", "insecure"),
        ("chain.good.test", "insecure"),
        ("ed448.test", "insecure"),
        ("nodata.good.test", "none"),
        ("signed.test", "secure"),
        ("any.wild.signed.test", "secure"),
        ("caa.signed.test", "secure"),
        ("rsa.test", "secure"),
        ("split.signed.test", "secure"),
        ("bogus.test", "bogus DNSKEY of bogus.test bogus.test no-key-for-ds 45.45.45.11"),
        ("expired.test", "bogus DNSKEY of expired.test expired.test expired 45.45.45.11"),
        ("stripped.test", "bogus DNSKEY of stripped.test stripped.test no-keys 45.45.45.11"),
        ("changed.tampered.test", "bogus A of changed.tampered.test tampered.test mismatch 45.45.45.11"),
        ("bare.tampered.test", "bogus A of bare.tampered.test tampered.test unsigned 45.45.45.11"),
        (
            "changed-caa.tampered.test",
            "bogus CAA of changed-caa.tampered.test tampered.test mismatch 45.45.45.11",
        ),
        ("alias-bogus.good.test", "bogus DNSKEY of bogus.test bogus.test no-key-for-ds 45.45.45.11"),
    ];
    let names = cases.map(|(name, _)| name);
    let wanted: BTreeMap<String, String> =
        cases.iter().map(|(name, said)| ((*name).to_owned(), (*said).to_owned())).collect();
    assert_eq!(facts(world, PLAIN, &names), wanted);
    // A resolver that validates says it itself.
    let validated = facts(world, (Place::Web, Resolver::Public), &["signed.test", "bogus.test", "good.test"]);
    assert_eq!(validated.into_values().collect::<Vec<_>>(), ["none", "insecure", "none"]);
}

#[test]
fn the_finding_says_that_the_resolver_does_not_check_and_the_ca_does() {
    let Some(world) = world() else { return };
    let host = world.host(&manifest(["www.expired.test"].into_iter(), ""));
    let out = world.run_at(Place::Web, Resolver::Plain, &host, &["--online", "--format", "json"]);
    let report: Value = serde_json::from_slice(&out.stdout).expect("a report");
    let found = report["findings"].as_array().expect("findings").iter();
    let finding = found.into_iter().find(|finding| finding["id"] == "servfail-dnssec").expect("the finding");
    assert_eq!(finding["severity"], "may-fail");
    assert_eq!(
        finding["says"],
        "the DNSSEC signatures of expired.test do not hold; this host's resolver 45.45.45.55 does not check them, and the \
         CA's resolvers do"
    );
    let evidence = &finding["evidence"][0];
    assert_eq!(evidence["vantage"], "this host, validating what the resolver 45.45.45.55 gave");
    let saw = evidence["saw"].as_str().expect("a text");
    assert!(saw.starts_with("the signatures ended at 2020-"), "{saw}");
    assert!(saw.ends_with(", by the zone's own server 45.45.45.11 too"), "{saw}");
}

#[test]
fn a_resolver_that_leaves_signatures_away_leaves_it_unknown() {
    let Some(world) = world() else { return };
    holds(
        world,
        STRIPPING,
        SIGNATURES,
        "",
        &[("good.test", ""), ("signed.test", ""), ("bogus.test", ""), ("stripped.test", "")],
    );
    let said = facts(world, STRIPPING, &["good.test", "signed.test", "bogus.test"]);
    let why = "unknown the resolver gives no signature with DNSKEY of .";
    assert_eq!(said.into_values().collect::<Vec<_>>(), [why, "insecure", why]);

    let host = world.host(&manifest(["signed.test"].into_iter(), ""));
    let out = world.run_at(Place::Web, Resolver::Stripping, &host, &["--online", "--format", "json"]);
    let report: Value = serde_json::from_slice(&out.stdout).expect("a report");
    let mut skipped = report["skipped"].as_array().expect("what was skipped").iter();
    let skip = skipped.find(|skip| skip["id"] == "servfail-dnssec").expect("the check");
    assert_eq!(skip["kind"], "unknown");
    assert_eq!(
        skip["because"],
        "the DNSSEC signatures of signed.test: the resolver gives no signature with DNSKEY of ."
    );
}
