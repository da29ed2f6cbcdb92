//! Lineages of certbot's `dns-rfc2136`.

use std::path::Path;

use super::world::{SECRET, World};
use crate::lab::skip;

/// A lineage of certbot's plugin with a key of this algorithm.
pub fn obtained(algorithm: &str) -> Option<World> {
    if !Path::new("/usr/lib/python3/dist-packages/certbot_dns_rfc2136").exists() {
        skip("needs python3-certbot-dns-rfc2136");
        return None;
    }
    let world = World::start(algorithm)?;
    let credentials = world.path("credentials.ini");
    let text = format!(
        "dns_rfc2136_server = 127.0.0.1\ndns_rfc2136_port = 53\ndns_rfc2136_name = lab.\ndns_rfc2136_secret = {SECRET}\n\
         dns_rfc2136_algorithm = {}\n",
        algorithm.to_ascii_uppercase()
    );
    std::fs::write(&credentials, text).expect("written");
    crate::lab::run(crate::lab::clean("chmod").arg("600").arg(&credentials));
    let credentials = credentials.to_str().expect("text").to_owned();
    let plugin = [
        "--dns-rfc2136",
        "--dns-rfc2136-credentials",
        &credentials,
        "--dns-rfc2136-propagation-seconds",
        "8",
    ];
    world.obtain(&[&plugin[..], &["-d", "w.test", "-d", "*.w.test", "-d", "deep.a.w.test"]].concat());
    Some(world)
}

#[test]
fn records_are_made_by_updates_and_the_late_server_is_waited_for() {
    for algorithm in ["hmac-sha512", "hmac-md5"] {
        let Some(world) = obtained(algorithm) else { return };
        // The CA asks the second server, which has nothing of the first for up to four seconds.
        let report = world.renew(&["--force"]);
        report.assert("renewed", 0);
        assert_eq!(world.version("w.test"), "cert2");
        for name in ["_acme-challenge.w.test", "_acme-challenge.deep.a.w.test"] {
            assert_eq!(world.records(name), "", "{algorithm}");
        }
        let notes = report.only()["notes"].to_string();
        assert!(!notes.contains("did not have") && !notes.contains("removed"), "{notes}");
        if algorithm == "hmac-sha512" {
            world.certbot(&["renew", "--force-renewal"]);
            assert_eq!(world.version("w.test"), "cert3");
        }
    }
}

#[test]
fn a_key_that_the_server_does_not_take_is_told_without_it() {
    let Some(world) = obtained("hmac-sha256") else { return };
    let path = world.path("credentials.ini");
    let text = std::fs::read_to_string(&path).expect("text");
    let other = "YW5vdGhlci1zZWNyZXQtb2YtdGhlLWxhYi0xMjM0NTY=";
    std::fs::write(&path, text.replace(SECRET, other)).expect("written");
    let report = world.renew(&["--force"]);
    report.assert("failed", 2);
    let said = format!("{}{}", report.json, report.errors);
    assert!(said.contains("does not take the key: BadSig"), "{said}");
    assert!(!said.contains(other) && !said.contains(SECRET));
    std::fs::write(&path, text.replace("dns_rfc2136_server", "dns_rfc2136_sever")).expect("written");
    let report = world.renew(&["--force"]);
    report.assert("failed", 2);
    assert!(report.json.to_string().contains("dns_rfc2136_server is missing"), "{}", report.json);
    assert_eq!(world.version("w.test"), "cert1");
}

#[test]
fn a_signal_while_it_waits_removes_the_records() {
    let Some(world) = obtained("hmac-sha256") else { return };
    let record = "_acme-challenge.deep.a.w.test";
    let out = world.interrupted(|| !world.records(record).is_empty());
    assert_eq!(out.status.code(), Some(143), "{}", String::from_utf8_lossy(&out.stdout));
    for name in [record, "_acme-challenge.w.test"] {
        assert_eq!(world.records(name), "", "{name}");
    }
    assert_eq!(world.version("w.test"), "cert1");
}
