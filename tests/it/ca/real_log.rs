//! What a real certbot writes into its log when a CA refuses, read by the audit.

use std::path::PathBuf;

use serde_json::Value;

use super::apart::{Apart, apart};
use super::healthy;
use super::server::{Reply, Request};
use crate::program::Host;

/// What each answer to a signed request carries.
const NONCE: &str = "Replay-Nonce: bm9uY2U\r\nContent-Type: application/problem+json\r\n";

/// The certbots here: that beside the lab's Python, and the distribution's.
fn certbots() -> Vec<PathBuf> {
    let python = std::env::var_os("ACME_AUDIT_LAB_PYTHON").map(PathBuf::from).unwrap_or_default();
    let mut all = vec![python.with_file_name("certbot"), PathBuf::from("/usr/bin/certbot")];
    all.dedup();
    all.retain(|path| path.exists());
    all
}

/// A host whose only lineage has been due for days.
fn due() -> Host {
    Host::manifest_at(
        "packaged pip-certbot-5.8\npackaged debian-nginx\naccount as=main key=rsa\n\
         lineage shop.test webroot=/var/www/shop.test issued=-65d versions=2 retry-after=-1h last-run=-7h\n  \
         conf renew_hook = true\nnginx-site shop.test\n",
        jiff::Timestamp::now(),
    )
}

/// Has each certbot renew, and gives what the audit finds afterwards, without asking anybody.
fn found(apart: &Apart) -> Vec<(String, Vec<Value>)> {
    let bundle = apart.server.bundle.to_str().expect("a plain path");
    let judged = |certbot: PathBuf| {
        let host = due();
        apart.bind(host.root());
        let mut renew = apart.command(&certbot);
        renew.args(["renew", "-q", "--no-random-sleep-on-renew"]).env("REQUESTS_CA_BUNDLE", bundle);
        let output = renew.output().expect("certbot starts");
        assert!(!output.status.success(), "{certbot:?} renewed");
        let args = ["--offline", "--format", "json", "--root"];
        let audit = apart.command(env!("CARGO_BIN_EXE_acme-audit")).args(args).arg(host.root()).output();
        let audit = audit.expect("the program starts");
        let report: Value = serde_json::from_slice(&audit.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&audit.stderr)));
        let log = std::fs::read_to_string(host.path("/var/log/letsencrypt/letsencrypt.log"));
        let findings = report["findings"].as_array().expect("findings").clone();
        let loud = findings.into_iter().filter(|finding| finding["severity"] != "note").collect();
        (log.expect("its log"), loud)
    };
    certbots().into_iter().map(judged).collect()
}

fn ids(found: &[Value]) -> Vec<&str> {
    found.iter().map(|finding| finding["id"].as_str().expect("an id")).collect()
}

/// A CA that refuses every order with this detail.
fn refuses(detail: &'static str) -> Option<Apart> {
    apart(move |request: &Request| match request.path.as_str() {
        "/order" => Reply::Answer(
            429,
            NONCE,
            format!("{{\"type\": \"urn:ietf:params:acme:error:rateLimited\", \"detail\": \"{detail}\"}}"),
        ),
        _ => healthy(request),
    })
}

#[test]
fn limits_are_told_from_each_other() {
    for (detail, id) in [
        (
            "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s",
            "rl-exact-set",
        ),
        (
            "too many certificates (50) already issued for \\\"shop.test\\\" in the last 168h0m0s",
            "rl-registered-domain",
        ),
        ("too many failed authorizations (5) for \\\"shop.test\\\" in the last 1h0m0s", "rl-failed-authz"),
        ("too many new orders (300) from this account in the last 3h0m0s", "rl-new-orders"),
    ] {
        let whole: &'static str = format!(
            "{detail}, retry after 2099-01-01 00:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/"
        )
        .leak();
        let Some(apart) = refuses(whole) else { return };
        for (log, found) in found(&apart) {
            assert_eq!(ids(&found), [id], "{log}");
            let says = found[0]["says"].as_str().expect("text");
            assert!(
                says.starts_with("the CA refuses shop.test until 2099-01-01 00:00 UTC: too many"),
                "{says}"
            );
        }
    }
}

#[test]
fn a_pause_is_told_without_its_link() {
    let detail = "Your account is temporarily prevented from requesting certificates for shop.test and possibly others. Please \
                  visit: https://portal.letsencrypt.org/sfe/v1/unpause?jwt=s3cret";
    let Some(apart) = refuses(detail) else { return };
    for (log, found) in found(&apart) {
        assert_eq!(ids(&found), ["rl-paused"], "{log}");
        assert!(log.contains("s3cret") && !found[0].to_string().contains("s3cret"));
    }
}

/// A CA that cannot validate from everywhere.
fn finds_nobody_elsewhere(request: &Request) -> Reply {
    const ORDER: &str =
        "Replay-Nonce: bm9uY2U\r\nContent-Type: application/json\r\nLocation: ORIGIN/order/1\r\n";
    const UP: &str =
        "Replay-Nonce: bm9uY2U\r\nContent-Type: application/json\r\nLink: <ORIGIN/authz/1>;rel=\"up\"\r\n";
    let challenge = r#"{"type": "http-01", "status": "invalid", "url": "ORIGIN/chall/1", "token": "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA",
        "error": {"type": "urn:ietf:params:acme:error:connection", "status": 400, "detail":
        "During secondary validation: 203.0.113.7: Fetching http://shop.test/.well-known/acme-challenge/x: Timeout during connect (likely firewall problem)"}}"#;
    match request.path.as_str() {
        "/order" => Reply::Answer(
            201,
            ORDER,
            r#"{"status": "pending", "identifiers": [{"type": "dns", "value": "shop.test"}],
            "authorizations": ["ORIGIN/authz/1"], "finalize": "ORIGIN/finalize/1"}"#
                .into(),
        ),
        "/authz/1" => Reply::Answer(
            200,
            UP,
            format!(
                "{{\"status\": \"invalid\", \"identifier\": {{\"type\": \"dns\", \"value\": \"shop.test\"}}, \"challenges\": [{challenge}]}}"
            ),
        ),
        "/chall/1" => Reply::Answer(200, UP, challenge.into()),
        _ => healthy(request),
    }
}

#[test]
fn a_part_of_the_world_that_is_kept_out_is_found() {
    let Some(apart) = apart(finds_nobody_elsewhere) else { return };
    for (log, found) in found(&apart) {
        assert_eq!(ids(&found), ["geo-or-asn-blocking"], "{log}");
        assert_eq!(found[0]["identifiers"], serde_json::json!(["shop.test"]));
    }
}
