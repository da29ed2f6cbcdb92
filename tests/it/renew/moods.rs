//! A CA that is not at its best, and one with all that newer ones have.

use serde_json::json;

use super::site::{Folders, KINDS, Site, both};
use crate::lab::run;
use crate::orders::world::{PEBBLE, Pebble, bundle};

#[test]
fn nonces_that_are_refused_do_no_harm() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let made = site.debian();
    made.webroot("a.test,b.test", &[]);
    // certbot itself would not get through here.
    let Some(moody) = Site::start(Pebble::new().with("PEBBLE_WFE_NONCEREJECT=90")) else { return };
    let folders = Folders { site: &moody, program: made.program.clone(), dir: made.dir.clone() };
    let [from, to] = [&site, &moody].map(|site| site.path("www").display().to_string());
    folders.edit("etc/renewal/a.test.conf", &from, &to);
    for version in 2..5 {
        folders.renew(&["--force", "--server", PEBBLE, "--agree-tos"]).assert(&["renewed"], 0);
        assert_eq!(folders.live("a.test"), version);
    }
}

#[test]
fn a_ca_in_all_its_moods_renews_several_lineages_at_once() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let made = site.debian();
    let names = ["a.test", "b.test", "c.test", "d.test", "e.test"];
    made.webroot("a.test,www.a.test", &[]);
    names[1..4].iter().for_each(|name| made.webroot(name, &[]));
    made.webroot("e.test", &["--key-type", "rsa"]);
    // It sleeps before each validation, refuses nine nonces of ten, and has three chains.
    let moods = Pebble::new().with("PEBBLE_VA_NOSLEEP=0").with("PEBBLE_WFE_NONCEREJECT=90");
    let Some(moody) = Site::start(moods.with("PEBBLE_ALTERNATE_ROOTS=2")) else { return };
    let folders = Folders { site: &moody, program: made.program.clone(), dir: made.dir.clone() };
    let [from, to] = [&site, &moody].map(|site| site.path("www").display().to_string());
    names.iter().for_each(|name| folders.edit(&format!("etc/renewal/{name}.conf"), &from, &to));
    let report = folders.renew(&["--force", "--server", PEBBLE, "--agree-tos"]);
    report.assert(&["renewed"; 5], 0);
    assert!(names.iter().all(|name| folders.live(name) == 2));
    assert_eq!(moody.tokens(), Vec::<std::path::PathBuf>::new());
    assert_eq!(folders.certbot("certificates").matches("(VALID: 89 days)").count(), names.len());
}

#[test]
fn an_account_that_is_bound_needs_no_credentials_again() {
    const KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
    let bound = Pebble::new().set("externalAccountBindingRequired", json!(true));
    let Some(site) = Site::start(bound.set("externalAccountMACKeys", json!({"kid-1": KEY}))) else { return };
    for folders in site.certbots() {
        folders.webroot("a.test", &["--eab-kid", "kid-1", "--eab-hmac-key", KEY]);
        folders.renew(&["--force"]).assert(&["renewed"], 0);
        assert_eq!(folders.live("a.test"), 2);
        // Without it, ours says what to do, and never makes one of its own.
        let accounts = folders.path("etc/accounts");
        std::fs::rename(&accounts, folders.path("accounts")).expect("moved");
        let report = folders.renew(&["--force"]);
        report.assert(&["failed"], 2);
        let because = report.of("a.test")["because"].as_str().expect("text");
        assert!(because.contains("account"), "{because}");
        assert!(!folders.path("state/accounts").exists());
    }
}

#[test]
fn a_newer_ca_is_told_what_is_replaced_and_takes_it_once() {
    let Some(site) = Site::start(Pebble::newer().set("profiles", one_profile())) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    folders.webroot("b.test", &[]);
    let replaced = || site.world.log().matches("is a replacement of").count();
    folders.renew(&["--force", "a.test"]).assert(&["renewed"], 0);
    assert_eq!((folders.live("a.test"), replaced()), (2, 1));

    // The host is restored from a backup: its certificate has been replaced already.
    for kind in KINDS {
        let link = folders.path(&format!("etc/live/a.test/{kind}.pem"));
        std::fs::remove_file(&link).expect("removed");
        std::os::unix::fs::symlink(format!("../../archive/a.test/{kind}1.pem"), link).expect("a link");
        std::fs::remove_file(folders.path(&format!("etc/archive/a.test/{kind}2.pem"))).expect("removed");
    }
    assert_eq!(folders.live("a.test"), 1);
    let before = site.orders();
    folders.renew(&["--force", "a.test"]).assert(&["renewed"], 0);
    assert_eq!(site.orders(), before + 2, "in its place, and then as a new one\n{}", site.world.log());
    assert_eq!((folders.live("a.test"), replaced()), (2, 1));
    folders.certbot("renew --force-renewal --no-random-sleep-on-renew");
}

#[test]
fn a_window_of_the_ca_makes_it_due() {
    let Some(site) = Site::start(Pebble::newer().set("profiles", one_profile())) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    folders.renew(&[]).assert(&["not-due"], 0);
    let pem = folders.read("etc/live/a.test/cert.pem");
    let window = r#"{"suggestedWindow": {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}}"#;
    let body = site.path("window.json");
    std::fs::write(&body, json!({"certificate": pem, "ariResponse": window}).to_string()).expect("written");
    let url = "https://localhost:15000/set-renewal-info/";
    let mut curl = site.world.command("curl");
    curl.args(["-sS", "-f", "--cacert"]).arg(bundle()).arg("-d").arg(format!("@{}", body.display())).arg(url);
    run(&mut curl);
    // It said to ask again in hours.
    folders.renew(&[]).assert(&["not-due"], 0);
    std::fs::remove_dir_all(folders.path("state/windows")).expect("the windows");
    folders.renew(&[]).assert(&["renewed"], 0);
    folders.renew(&[]).assert(&["not-due"], 0);
}

fn one_profile() -> serde_json::Value {
    json!({"classic": {"description": "90 days", "validityPeriod": 7_776_000}})
}

#[test]
fn profiles_are_asked_for_as_the_conf_says() {
    let profiles = json!({"classic": {"description": "90 days", "validityPeriod": 7_776_000},
        "shortlived": {"description": "6 days", "validityPeriod": 518_400}});
    let Some(site) = Site::start(Pebble::newer().set("profiles", profiles)) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    let conf = "etc/renewal/a.test.conf";
    let original = folders.read(conf);
    let with = |line: &str| {
        std::fs::write(
            folders.path(conf),
            original.replace("[renewalparams]", &format!("[renewalparams]\n{line}")),
        )
        .expect("written");
    };
    let days = || {
        let cert = folders.cert("a.test");
        (cert.not_after.duration_since(cert.not_before).as_hours() + 1) / 24
    };
    for (key, version) in [("required_profile", 2), ("preferred_profile", 3)] {
        with(&format!("{key} = shortlived"));
        folders.renew(&["--force"]).assert(&["renewed"], 0);
        assert_eq!((folders.live("a.test"), days()), (version, 6), "{key}");
    }
    with("required_profile = gone");
    let report = folders.renew(&["--force"]);
    report.assert(&["failed"], 2);
    assert!(report.of("a.test")["because"].as_str().expect("text").contains("profile"), "{:#}", report.json);
    assert_eq!(folders.live("a.test"), 3);
    let (told, code) = folders.dry_run();
    assert!(code == Some(2) && told.contains("required-profile-gone"), "{told}");
    with("preferred_profile = gone");
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 0);
    let notes = report.of("a.test")["notes"].to_string();
    assert!(notes.contains("does not offer the preferred profile gone"), "{notes}");
    let (told, code) = folders.dry_run();
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn the_preferred_chain_is_taken() {
    let Some(site) = Site::start(Pebble::new().with("PEBBLE_ALTERNATE_ROOTS=2")) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    let script = "for n in 0 1 2; do curl -sS -f --cacert \"$1\" https://localhost:15000/roots/$n | openssl x509 -noout -subject -nameopt multiline | sed -n 's/ *commonName *= //p'; done";
    let out = run(site.world.command("sh").args(["-c", script, "sh"]).arg(bundle()));
    let roots: Vec<String> = both(&out).lines().map(str::to_owned).collect();
    assert_eq!(roots.len(), 3, "{roots:?}");
    let conf = "etc/renewal/a.test.conf";
    let original = folders.read(conf);
    for root in &roots {
        let wanted = format!("[renewalparams]\npreferred_chain = {root}");
        std::fs::write(folders.path(conf), original.replace("[renewalparams]", &wanted)).expect("written");
        folders.renew(&["--force"]).assert(&["renewed"], 0);
        let chain = folders.path("etc/live/a.test/chain.pem");
        let script = "openssl crl2pkcs7 -nocrl -certfile \"$1\" | openssl pkcs7 -print_certs -noout";
        let said = both(&run(crate::lab::clean("sh").args(["-c", script, "sh"]).arg(chain)));
        assert!(said.contains(&format!("issuer=CN = {root}")), "{root}: {said}");
    }
}
