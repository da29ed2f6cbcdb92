//! The demo's own network: what a newcomer sees of it, and what real certbots get from its CA.

use std::path::Path;

use acme_audit::demo::network::Network;

use crate::lab::{clean, lab};
use crate::program::run_with;

/// What the demo prints of its dry run, tokens and ports left out; its own folders lie in `temporary`.
fn shown(temporary: &Path) -> String {
    let folder = temporary.to_string_lossy().into_owned();
    let proxy = "http://127.0.0.1:9";
    let output = run_with(&["demo", "--color", "never"], &[("TMPDIR", &folder), ("HTTPS_PROXY", proxy)]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, text) = text.split_once("\nacme-audit dry-run --server https://127.0.0.1:").expect("the dry run");
    text.to_owned()
}

#[test]
fn a_newcomer_sees_a_rehearsal_fail_and_explain_itself() {
    let temporary = tempfile::tempdir().expect("a folder");
    let text = shown(temporary.path());
    let heads: Vec<&str> =
        text.lines().filter(|line| line.starts_with("failed") || line.starts_with("passed")).collect();
    let wanted = [
        "failed     moved.test, webroot, seen from this host and from the CA",
        "failed     dotfiles.test, webroot, seen from this host and from the CA",
        "failed     spa.test, webroot, seen from this host and from the CA",
        "failed     panel.test, webroot, seen from this host and from the CA",
        "failed     intranet.test, webroot, seen from this host and from the CA",
        "failed     expired.test, webroot, seen from this host and from the CA",
        "failed     split.test, webroot, seen from the CA",
        "failed     hairpin.test, webroot, seen from this host",
        "passed     healthy.test, webroot, seen from this host and from the CA",
        "passed     split.test, webroot, seen from this host",
        "passed     hairpin.test, webroot, seen from the CA",
    ];
    assert_eq!(heads, wanted, "{text}");
    for id in [
        "webroot-moved-or-deleted",
        "dotfile-deny",
        "catch-all-app-answers",
        "redirect-bad-port",
        "auth-on-site",
        "nxdomain-san",
        "dns-points-elsewhere",
    ] {
        assert_eq!(text.matches(id).count(), 1, "{id} in {text}");
    }
    for label in ["  cause    ", "  why      ", "  fix      "] {
        assert_eq!(text.matches(label).count(), 7, "{label} in {text}");
    }
    assert!(text.contains("CA says  127.0.0.1: Invalid response from"), "{text}");
    assert!(text.contains("but      this host came to another end"), "{text}");
    assert!(text.contains("but      the CA found it, and its word counts"), "{text}");
    assert!(!text.contains("not tested"), "{text}");
    assert!(text.lines().count() < 90, "a screen or two: {text}");
    let left: Vec<_> = temporary.path().read_dir().expect("the folder").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn real_certbots_get_certificates_and_refusals_from_the_demo_s_ca() {
    let Some(lab) = lab() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let network = Network::start(folder.path()).expect("the network");
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, &network.root).expect("written");
    for (number, certbot) in lab.certbots().iter().enumerate() {
        let own = folder.path().join(number.to_string());
        let certbot = |words: &str| {
            let mut command = clean(&certbot.to_string_lossy());
            for option in ["config-dir", "work-dir", "logs-dir"] {
                command.arg(format!("--{option}={}", own.display()));
            }
            command.args(["--server", &network.directory]).env("REQUESTS_CA_BUNDLE", &bundle);
            let out = command.args(words.split_whitespace()).output().expect("certbot");
            let said = [out.stdout, out.stderr].concat();
            (out.status.success(), String::from_utf8_lossy(&said).into_owned())
        };
        let obtain = |name: &str, site: &str| {
            let webroot = folder.path().join("var/www").join(site);
            std::fs::create_dir_all(&webroot).expect("a web root");
            let webroot = webroot.display();
            certbot(&format!(
                "certonly -n --agree-tos --register-unsafely-without-email --webroot -w {webroot} -d {name}"
            ))
        };
        let (ok, said) = obtain("healthy.test", "healthy");
        assert!(ok, "{said}");
        let chain = std::fs::read_to_string(own.join("live/healthy.test/fullchain.pem")).expect("a chain");
        assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
        let (ok, said) = obtain("split.test", "split");
        assert!(!ok && said.contains("Connection refused"), "{said}");
        let (ok, said) = certbot("unregister -n");
        assert!(ok, "{said}");
    }
}
