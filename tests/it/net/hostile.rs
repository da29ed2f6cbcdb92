//! Name servers and web servers that lie, flood or never end cannot hurt the audit.

use crate::net::judged::{OUTSIDE, holds, manifest};
use crate::net::world;

/// What the lying name server does, as the label below `test`.
const LIES: &[&str] = &[
    "silent",
    "servfail",
    "refused",
    "slow",
    "not-aa",
    "upward",
    "no-edns",
    "tcp-only",
    "tcp-closed",
    "tcp-endless",
    "many",
    "endless-cname",
    "wrong-id",
    "wrong-question",
    "lying-length",
    "lying-counts",
    "pointer-loop",
    "garbage",
    "flood",
    "caa-dropped",
    "caa-notimp",
];

#[test]
fn a_resolver_that_lies_is_told_or_left_unknown() {
    let Some(world) = world() else { return };
    let names: Vec<String> = LIES.iter().map(|lie| format!("www.{lie}.test")).collect();
    let host = world.host(&manifest(names.iter().map(String::as_str), ""));
    let args = ["--online", "--resolver", "45.45.45.66", "--deadline", "60", "--format", "json"];
    let out = world.run(&host, &args);
    let report: serde_json::Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    assert!(out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(report["lineages"].as_array().expect("lineages").len(), LIES.len());
    let findings = report["findings"].as_array().expect("findings");
    assert!(findings.iter().all(|finding| finding["severity"] != "will-fail"), "{findings:#?}");
    // Honest answers by odd ways are answers.
    let blamed = |name: &str| {
        findings.iter().any(|finding| {
            finding["severity"] == "may-fail"
                && finding["id"] != "cannot-reach-ca"
                && finding["lineages"].as_array().expect("names").iter().any(|lineage| lineage == name)
        })
    };
    for honest in ["www.slow.test", "www.not-aa.test", "www.tcp-only.test", "www.many.test"] {
        assert!(!blamed(honest), "{honest}: {findings:#?}");
    }
    assert!(blamed("www.servfail.test") && blamed("www.endless-cname.test"), "{findings:#?}");
}

#[test]
fn web_servers_that_lie_cost_their_deadline_and_no_more() {
    let Some(world) = world() else { return };
    holds(
        world,
        OUTSIDE,
        &["slow-server", "redirect-", "connection-", "catch-all", "port80"],
        "",
        &[
            ("closed.lies.example.org", "connection-refused"),
            ("reset.lies.example.org", "connection-refused"),
            ("drip.lies.example.org", "slow-server"),
            ("headers.lies.example.org", "catch-all-app-answers"),
            ("body.lies.example.org", "catch-all-app-answers (note)"),
            ("short.lies.example.org", "connection-refused"),
            ("interim.lies.example.org", "catch-all-app-answers (note)"),
            ("http2.lies.example.org", "catch-all-app-answers"),
            ("garbage.lies.example.org", "catch-all-app-answers"),
        ],
    );
}
