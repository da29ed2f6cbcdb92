//! A proxy that opens TLS, between a host and Let's Encrypt.

use serde_json::Value;

use super::apart::{Apart, NAME, apart};
use super::healthy;
use super::server::ISSUER;
use crate::program::{AT, Host};

const SITE: &str = "/opt/certbot/lib/python3.11/site-packages";

/// A host with one lineage and this certbot.
fn host(packaged: &str, more: &str) -> Host {
    let (_, version) = packaged.rsplit_once('-').expect("a version");
    Host::manifest(&format!(
        "packaged {packaged}\npackaged debian-nginx\ndir /var/www/html\naccount as=main key=p256\n\
         lineage shop.test certbot={version}.0 webroot=/var/www/html versions=2\n  \
         conf renew_hook = systemctl reload nginx\nnginx-site shop.test\n{more}"
    ))
}

/// certifi, with the root of some other CA.
fn certifi() -> String {
    format!(
        "file {SITE}/certifi/core.py <<END\ndef where(): return 'cacert.pem'\nEND\n\
         ca other root={SITE}/certifi/cacert.pem\n"
    )
}

/// What the audit says of the CA in that network; `store` is what this machine trusts there.
fn said(apart: &Apart, host: &Host, store: Option<&str>) -> (Value, Vec<String>) {
    let mut program = apart.command(env!("CARGO_BIN_EXE_acme-audit"));
    program.arg("--root").arg(host.root()).args(["--at", AT, "--online", "--resolver", "127.0.0.1:1"]);
    program.args(["--format", "json"]).envs(store.map(|file| ("SSL_CERT_FILE", file)));
    let output = program.output().expect("the program starts");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
    let findings = report["findings"].as_array().expect("findings");
    let word = |finding: &Value, member: &str| finding[member].as_str().expect("text").to_owned();
    let said = findings.iter().map(|f| format!("{} {}", word(f, "severity"), word(f, "id"))).collect();
    (report, said)
}

#[test]
fn a_proxy_that_nobody_trusts_is_told_from_an_old_store() {
    let Some(apart) = apart(healthy) else { return };
    let (report, loud) = said(&apart, &host("pip-certbot-5.8", ""), None);
    assert_eq!(loud, ["may-fail tls-interception"]);
    let finding = &report["findings"][0];
    assert!(finding["says"].as_str().expect("text").contains(&format!("`CN={ISSUER}`")), "{finding}");
    assert_eq!(finding["consequences"][0]["id"], "ca-cert-not-trusted-by-client");
}

#[test]
fn a_proxy_that_only_the_host_trusts_stops_the_certbot_of_pip() {
    let Some(apart) = apart(healthy) else { return };
    let bundle = apart.server.bundle.to_str().expect("a plain path");
    let (report, loud) = said(&apart, &host("pip-certbot-5.8", &certifi()), Some(bundle));
    assert_eq!(loud, ["will-fail tls-interception"]);
    let says = report["findings"][0]["says"].as_str().expect("text");
    assert!(says.contains(NAME) && says.contains(&format!("{SITE}/certifi/cacert.pem")), "{says}");
    // The distribution's certbot trusts what the host trusts.
    assert_eq!(said(&apart, &host("debian-certbot-2.1", ""), Some(bundle)).1, Vec::<String>::new());
    assert!(apart.server.asked().iter().any(|request| request.path == "/account"));
}

#[test]
fn a_schedule_that_names_the_proxys_ca_is_healthy() {
    let Some(apart) = apart(healthy) else { return };
    let root = std::fs::read_to_string(&apart.server.bundle).expect("a certificate");
    let named = format!(
        "{}file /etc/ssl/corp.pem <<END\n{root}END\nfile /etc/environment <<END\nREQUESTS_CA_BUNDLE=/etc/ssl/corp.pem\nEND\n",
        certifi()
    );
    assert_eq!(said(&apart, &host("pip-certbot-5.8", &named), None).1, Vec::<String>::new());
}
