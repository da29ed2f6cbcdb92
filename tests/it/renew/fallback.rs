//! A CA that is down, and another one that the user has named for that day.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use super::site::{Ends, Folders, Report, Site, both};
use crate::lab::{clean, lab, run};
use crate::orders::world::{PEBBLE, Pebble, bundle};

/// The directory of the other CA.
const OTHER: &str = "https://localhost:14001/dir";

const KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

/// A second Pebble, which binds accounts to customers.
fn other(site: &Site) -> Ends {
    let ca = lab().expect("the lab").ca();
    let config = json!({"pebble": {"listenAddress": "127.0.0.1:14001", "managementListenAddress": "127.0.0.1:15001",
        "certificate": ca.join("api.pem"), "privateKey": ca.join("api.key"), "httpPort": 80, "tlsPort": 443,
        "ocspResponderURL": "", "externalAccountBindingRequired": true, "externalAccountMACKeys": {"kid-1": KEY},
        "certificateValidityPeriod": 7_776_000}});
    let file = site.path("other.json");
    fs::write(&file, config.to_string()).expect("written");
    let log = fs::File::create(site.path("other.log")).expect("a log");
    let mut pebble = site.world.command("pebble");
    pebble.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0").env("PEBBLE_AUTHZREUSE", "0");
    pebble.arg("-config").arg(file).args(["-dnsserver", "127.0.0.1:8053"]).stdout(log);
    let ends = Ends(pebble.spawn().expect("pebble"));
    super::site::until("the other CA answers", || {
        let mut curl = site.world.command("curl");
        curl.args(["-s", "-o", "/dev/null", "--cacert"])
            .arg(bundle())
            .arg(OTHER)
            .status()
            .expect("curl")
            .success()
    });
    ends
}

/// Whether the host's own CA can be reached.
fn reachable(site: &Site, yes: bool) {
    let rules = match yes {
        true => "delete table inet down",
        false => {
            "table inet down {\nchain out {\ntype filter hook output priority 0\ntcp dport 14000 reject with tcp reset\n}\n}"
        }
    };
    run(site.world.command("nft").arg(rules));
}

/// The settings that name it.
fn settings(folders: &Folders<'_>, more: &str) -> PathBuf {
    let key = folders.path("eab.key");
    fs::write(&key, format!("{KEY}\n")).expect("written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its mode");
    let text = format!(
        "fallback:\n  server: {OTHER}\n  email: admin@example.org\n  eab-kid: kid-1\n  eab-hmac-key-file: {}\n{more}",
        key.display()
    );
    let file = folders.path("acme-audit.yaml");
    fs::write(&file, text).expect("written");
    file
}

fn renew(folders: &Folders<'_>, words: &[&str]) -> Report {
    let config = settings(folders, "");
    let mut all = vec!["--config", config.to_str().expect("text")];
    all.extend(words);
    folders.renew(&all)
}

fn others_orders(site: &Site) -> usize {
    fs::read_to_string(site.path("other.log")).expect("a log").matches("POST /order-plz").count()
}

#[test]
fn another_ca_issues_while_the_own_one_is_down_and_certbot_goes_on_with_its_own() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let _other = other(&site);
    for folders in site.certbots() {
        folders.webroot("a.test,b.test", &[]);
        folders.webroot("c.test", &[]);
        let before = others_orders(&site);
        // All is well: nobody else is asked.
        renew(&folders, &["--force"]).assert(&["renewed", "renewed"], 0);
        assert_eq!(others_orders(&site), before);

        reachable(&site, false);
        let without = folders.renew(&["--force", "a.test"]);
        without.assert(&["failed"], 2);
        let conf = folders.read("etc/renewal/a.test.conf");
        let report = renew(&folders, &["--force"]);
        report.assert(&["renewed", "renewed"], 0);
        assert_eq!((folders.live("a.test"), others_orders(&site)), (3, before + 2));
        let said = report.of("a.test").to_string();
        assert!(said.contains(&format!("{OTHER} issued it")) && said.contains("14000"), "{said}");
        // Its conf goes on naming its own CA.
        let now = folders.read("etc/renewal/a.test.conf");
        assert_eq!(now.replace("3.pem", "2.pem"), conf.replace("3.pem", "2.pem"));
        assert!(now.contains(PEBBLE));
        // The failure of its own CA is forgotten.
        renew(&folders, &[]).assert(&["not-due", "not-due"], 0);

        reachable(&site, true);
        folders.certbot("certificates");
        folders.certbot("renew --force-renewal --no-random-sleep-on-renew");
        assert_eq!(folders.live("a.test"), 4);
        renew(&folders, &["--force"]).assert(&["renewed", "renewed"], 0);
        let found = folders.audit(&["--config", folders.path("acme-audit.yaml").to_str().expect("text")]);
        let loud = found["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter(|f| f["severity"] == "will-fail")
            .count();
        assert_eq!(loud, 0, "{found:#}");
    }
    // The key that binds the account is in nothing that was kept or said.
    let mut grep = clean("grep");
    grep.args(["-rlF", KEY, "--exclude=eab.key", "--exclude=other.json"]).arg(site.world.work());
    assert_eq!(both(&grep.output().expect("grep")), "");
}

#[test]
fn who_is_not_let_in_is_not_asked() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let _other = other(&site);
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    folders.webroot("b.test", &[]);
    let body = r#"{"host": "a.test", "policies": [{"tag": "issue", "value": ";"}]}"#;
    run(site.world.command("curl").args(["-sS", "-f", "-d", body, "http://127.0.0.1:8055/add-caa"]));
    reachable(&site, false);
    let report = renew(&folders, &["--force"]);
    report.assert(&["failed", "renewed"], 2);
    assert_eq!((folders.live("a.test"), others_orders(&site)), (1, 1));
    let notes = report.of("a.test")["notes"].to_string();
    assert!(notes.contains("CAA records of a.test") && notes.contains(OTHER), "{notes}");
    assert!(report.of("a.test")["because"].as_str().expect("text").contains("14000"), "{:#}", report.json);

    // Nor is one whose key is not there, or which does not know it.
    fs::remove_file(folders.path("acme-audit.yaml")).expect("removed");
    let config = settings(&folders, "");
    fs::remove_file(folders.path("eab.key")).expect("removed");
    let report = folders.renew(&["--force", "b.test", "--config", config.to_str().expect("text")]);
    report.assert(&["failed"], 2);
    assert!(report.of("b.test")["notes"].to_string().contains("eab.key"), "{:#}", report.json);
}

#[test]
fn a_name_that_fails_at_its_own_ca_is_not_taken_to_another() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let _other = other(&site);
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    let (served, moved) = (site.path("www").display().to_string(), site.path("elsewhere"));
    fs::create_dir(&moved).expect("a folder");
    folders.edit("etc/renewal/a.test.conf", &served, moved.to_str().expect("text"));
    // The CA has validated nothing for a new account, so that it looks: Pebble now and then uses a validation again.
    fs::rename(folders.path("etc/accounts"), folders.path("accounts")).expect("moved");
    renew(&folders, &["--force", "--agree-tos"]).assert(&["failed"], 2);
    assert_eq!(others_orders(&site), 0);
}

#[test]
fn a_new_account_is_made_when_it_is_told_and_certbots_stay_as_they_are() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    fs::rename(folders.path("etc/accounts"), folders.path("etc/accounts.old")).expect("moved");
    let report = folders.renew(&["--force"]);
    report.assert(&["failed"], 2);
    assert!(
        report.of("a.test")["because"].as_str().expect("text").contains("--agree-tos"),
        "{:#}",
        report.json
    );
    let conf = folders.read("etc/renewal/a.test.conf");
    let told = ["--force", "--agree-tos", "-m", "admin@example.org"];
    folders.renew(&told).assert(&["renewed"], 0);
    // The second run takes the account that the first one made.
    let accounts = || site.world.log().matches("accounts in memory").count();
    let before = accounts();
    folders.renew(&told).assert(&["renewed"], 0);
    assert_eq!((folders.live("a.test"), accounts()), (3, before), "{}", site.world.log());
    assert!(!folders.path("etc/accounts").exists());
    assert_eq!(folders.read("etc/renewal/a.test.conf").replace("3.pem", "1.pem"), conf);
}
