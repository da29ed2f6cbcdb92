//! A name that fails: the old certificate stays, and the CA is not asked again too soon.

use std::fs;

use super::site::{Site, both};
use crate::orders::world::Pebble;

#[test]
fn a_failure_leaves_the_old_certificate_and_is_remembered_until_it_is_fixed() {
    let Some(site) = Site::start(Pebble::new().set("certificateValidityPeriod", 86_400.into())) else {
        return;
    };
    let folders = site.debian();
    let (served, moved) = (site.path("www"), site.path("elsewhere"));
    let hook = folders.hook("hook", "");
    folders.webroot("bad.test", &["--deploy-hook", &hook]);
    folders.webroot("good.test", &[]);
    ["bad.test", "good.test"].iter().for_each(|name| folders.soon_due(name));
    let old = folders.cert("bad.test").serial;
    fs::remove_file(folders.path("hook.log")).expect("certbot has run it");
    fs::create_dir(&moved).expect("a folder");
    let conf = "etc/renewal/bad.test.conf";
    folders.edit(conf, served.to_str().expect("text"), moved.to_str().expect("text"));

    // One fails, the other is renewed all the same.
    let report = folders.renew(&[]);
    report.assert(&["failed", "renewed"], 2);
    let attempt = &report.of("bad.test")["attempts"][0];
    assert_eq!(attempt["id"], "webroot-moved-or-deleted", "{attempt:#}");
    assert_eq!((folders.live("bad.test"), folders.cert("bad.test").serial), (1, old.clone()));
    assert_eq!(folders.hook_log("hook"), Vec::<String>::new());

    // The next one waits, and says for what and until when.
    let before = site.orders();
    let report = folders.renew(&["bad.test"]);
    report.assert(&["held-back"], 2);
    assert_eq!(site.orders(), before);
    let until: jiff::Timestamp =
        report.of("bad.test")["at"].as_str().expect("a time").parse().expect("a time");
    let wait = until.duration_since(jiff::Timestamp::now()).as_mins();
    assert!((28..=30).contains(&wait), "{wait}");
    let (told, _) = folders.told(&["bad.test"]);
    for words in ["failed once", "the CA did not validate bad.test", "--force"] {
        assert!(told.contains(words), "{words}: {told}");
    }

    // Asked for it is tried, fails, is told with its cause, and waits longer.
    let (told, code) = folders.told(&["--force", "bad.test"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("webroot-moved-or-deleted") && told.contains("CA says"), "{told}");
    assert!(!told.contains("attempts-too-few"), "{told}");
    let (told, _) = folders.told(&["bad.test"]);
    assert!(told.contains("failed 2 times"), "{told}");

    // What this host sees of it is told as by the audit: where it stands, and what is there.
    fs::remove_dir(&moved).expect("removed");
    let (told, _) = folders.told(&["--force", "bad.test"]);
    let line = format!("saw      {}:", folders.path(conf).display());
    for words in ["webroot-moved-or-deleted", &line, moved.to_str().expect("text"), "why ", "fix "] {
        assert!(told.contains(words), "{words}: {told}");
    }

    folders.edit(conf, moved.to_str().expect("text"), served.to_str().expect("text"));
    folders.renew(&["--force", "bad.test"]).assert(&["renewed"], 0);
    assert_eq!((folders.live("bad.test"), folders.hook_log("hook").len()), (2, 1));
    // It is forgotten: a certificate of a day is due again at once.
    folders.renew(&["bad.test"]).assert(&["renewed"], 0);
    assert_ne!(folders.cert("bad.test").serial, old);
}

#[test]
fn what_cannot_be_tried_says_why_even_where_it_was_asked_for() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    folders.webroot("broken.test", &[]);
    folders.webroot("dns.test", &[]);
    folders.webroot("torn.test", &[]);
    fs::remove_file(folders.path("etc/live/torn.test/chain.pem")).expect("a link");
    fs::write(folders.path("etc/renewal/broken.test.conf"), "version = 2.1.0\n[renewalparams\n")
        .expect("written");
    folders.edit("etc/renewal/dns.test.conf", "authenticator = webroot", "authenticator = dns-ovh");
    let before = site.orders();
    let (told, code) = folders.told(&["--force"]);
    assert_eq!((code, site.orders()), (Some(2), before + 1), "{told}");
    assert_eq!(folders.live("a.test"), 2);
    let line = |name: &str| {
        told.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{told}")).to_owned()
    };
    assert!(line("broken.test").contains("broken.test.conf"), "{told}");
    assert!(!line("broken.test").contains("asked for"), "{told}");
    assert!(line("dns.test").contains("certbot renew --cert-name dns.test"), "{told}");
    assert!(line("torn.test").contains("live/torn.test/chain.pem"), "{told}");
}

#[test]
fn a_ca_that_is_not_there_changes_nothing() {
    let pebble = Pebble::new().set("certificateValidityPeriod", 86_400.into());
    let Some(site) = Site::start(pebble) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    folders.soon_due("a.test");
    let report = folders.renew(&["--force", "--server", "https://localhost:14009/dir"]);
    report.assert(&["failed"], 2);
    assert!(report.of("a.test")["because"].as_str().expect("text").contains("14009"), "{:#}", report.json);
    assert_eq!(folders.live("a.test"), 1);
    assert_eq!(site.tokens(), Vec::<std::path::PathBuf>::new());
    for wrong in ["https://", "http://localhost:14000/dir", "not a url", "localhost:14000/dir"] {
        let (told, code) = folders.told(&["--force", "--server", wrong]);
        assert_eq!(code, Some(3), "{told}");
        assert!(told.contains("begins with https://"), "{wrong}: {told}");
    }
    // What fails at one CA is not held against another.
    folders.renew(&["--server", "https://localhost:14009/dir"]).assert(&["held-back"], 2);
    folders.renew(&[]).assert(&["renewed"], 0);
}

#[test]
fn a_limit_on_the_size_of_files_keeps_the_old_certificate() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    let renewal = folders.renewal(&["--force"]);
    // Less than a certificate with its chain, and more than anything else that is written.
    let mut limited = crate::lab::clean("prlimit");
    limited.arg("--fsize=2048").arg(renewal.get_program()).args(renewal.get_args());
    let out = limited.output().expect("prlimit");
    let told = both(&out);
    assert_eq!(out.status.code(), Some(2), "{told}");
    for words in ["fullchain2.pem", "File too large", "ulimit -f"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!((folders.live("a.test"), site.tokens()), (1, Vec::<std::path::PathBuf>::new()));
    // The certificate is there already.
    let before = site.orders();
    folders.renew(&["--force"]).assert(&["renewed"], 0);
    assert_eq!((folders.live("a.test"), site.orders()), (2, before));
}
