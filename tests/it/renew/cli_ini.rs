//! Options of certbot's `cli.ini`, which count before a conf's: ours renews with them as the certbot beside it does.

use super::site::{Folders, Site};
use crate::lab::run;
use crate::orders::world::Pebble;

/// Options, and the kind of key that the certificate gets.
const KEYS: &[(&str, &str)] = &[
    ("key-type = rsa\nrsa-key-size = 3072", "rsa-3072"),
    ("elliptic-curve = secp384r1", "ecdsa-p384"),
    // What is said last counts.
    ("key-type = rsa\nkey-type = ecdsa", "ecdsa-p256"),
    ("authenticator = webroot\nwebroot = true", "ecdsa-p256"),
];

/// The folder of the system's `cli.ini`, which is this host's alone, and empty.
const UP: &str = "mkdir -p /etc/letsencrypt && mount -t tmpfs tmpfs /etc/letsencrypt";

fn cli_ini(site: &Site, text: &str) {
    let script = "printf '%s\\n' \"$1\" >/etc/letsencrypt/cli.ini";
    run(site.world.command("sh").args(["-c", script, "sh", text]));
}

fn key(folders: &Folders<'_>) -> String {
    folders.cert("a.test").key.to_string()
}

const AGAIN: &str = "renew --force-renewal --no-random-sleep-on-renew --cert-name a.test";

#[test]
fn a_key_is_of_the_kind_that_cli_ini_says() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    run(site.world.command("sh").args(["-c", UP]));
    for (options, kind) in KEYS {
        for folders in site.certbots() {
            cli_ini(&site, "");
            folders.webroot("a.test", &["--key-type", "ecdsa"]);
            cli_ini(&site, options);
            folders.renew(&["--force"]).assert(&["renewed"], 0);
            assert_eq!(key(&folders), *kind, "{options}");
            folders.certbot(AGAIN);
            assert_eq!((key(&folders).as_str(), folders.live("a.test")), (*kind, 3), "certbot: {options}");
        }
    }
}

#[test]
fn a_web_root_and_a_key_to_reuse_are_taken_from_it() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    run(site.world.command("sh").args(["-c", UP]));
    for folders in site.certbots() {
        cli_ini(&site, "");
        let www = site.path("www");
        folders.webroot("a.test", &[]);
        // The conf's own has never been served.
        folders.edit("etc/renewal/a.test.conf", &www.display().to_string(), "/nonexistent/www");
        let before = folders.read("etc/live/a.test/privkey.pem");
        cli_ini(&site, &format!("authenticator = webroot\nwebroot-path = {}\nreuse-key", www.display()));
        folders.renew(&["--force"]).assert(&["renewed"], 0);
        assert_eq!(folders.read("etc/live/a.test/privkey.pem"), before);
        folders.certbot(AGAIN);
        assert_eq!((folders.read("etc/live/a.test/privkey.pem"), folders.live("a.test")), (before, 3));
    }
    cli_ini(&site, "");
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_is_ordered() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    run(site.world.command("sh").args(["-c", UP]));
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    let before = site.orders();
    for (options, words) in [
        ("authenticator = standalone", "another authenticator than its conf's"),
        ("webroot-map = {\"a.test\": \"/srv\"}", "the webroot-map of a cli.ini"),
        ("elliptic-curve = secp192r1", "elliptic_curve is secp192r1"),
        ("key-type = rsa\nrsa-key-size = 8192", "rsa_key_size is 8192, and may be 2048, 3072 or 4096"),
    ] {
        cli_ini(&site, options);
        let report = folders.renew(&["--force"]);
        report.assert(&["failed"], 2);
        let because = report.of("a.test")["because"].as_str().expect("text");
        assert!(because.contains(words), "{options}: {because}");
    }
    assert_eq!(site.orders(), before);
}

#[test]
fn hooks_are_those_that_it_names_and_folders_may_be_switched_off() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    run(site.world.command("sh").args(["-c", UP]));
    for folders in site.certbots() {
        cli_ini(&site, "");
        folders.webroot("a.test", &[]);
        let log = folders.path("said.log");
        let say = |word: &str| format!("echo {word} >>{}", log.display());
        let hook = folders.hook("switched", &say("folder"));
        std::fs::rename(hook, folders.path("etc/renewal-hooks/deploy/switched")).expect("moved");
        cli_ini(&site, &format!("no-directory-hooks = true\ndeploy-hook = sh -c '{}'", say("named")));
        let said = || std::fs::read_to_string(&log).expect("the log");
        folders.renew(&["--force"]).assert(&["renewed"], 0);
        assert_eq!(said(), "named\n");
        folders.certbot(AGAIN);
        assert_eq!(said(), "named\nnamed\n", "certbot");
    }
    cli_ini(&site, "");
}
