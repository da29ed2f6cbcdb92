//! `allow_subset_of_names`: a name that is not validated any more is lost loudly, and its lineage is renewed without it.

use super::site::{Folders, Site};
use crate::orders::world::Pebble;

/// A site of nginx that has lost its web root.
const ELSEWHERE: &str = "server { listen 80; server_name gone.test gone.cli.test; root /nonexistent; }";

#[test]
fn a_name_that_fails_is_left_out_as_by_certbot_and_said_to_be() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    for folders in site.certbots() {
        site.nginx("elsewhere", "");
        let hook = folders.hook("hook", "");
        let allowed = ["--allow-subset-of-names", "--deploy-hook", &hook];
        folders.webroot("a.test,gone.test,www.a.test", &allowed);
        folders.webroot("b.test,gone.test", &[]);
        let before = folders.cert("b.test").serial;
        site.nginx("elsewhere", ELSEWHERE);
        std::fs::remove_file(folders.path("hook.log")).expect("certbot has run it");

        let report = folders.renew(&["--force", "a.test"]);
        report.assert(&["renewed"], 1);
        assert_eq!(report.of("a.test")["lost"], serde_json::json!(["gone.test"]), "{:#}", report.json);
        assert_eq!(folders.live("a.test"), 2);
        let live = folders.path("etc/live/a.test");
        assert_eq!(folders.hook_log("hook"), [format!("{} a.test www.a.test", live.display())]);
        has(&folders, "a.test", &["a.test", "www.a.test"]);
        let finding = report.json["findings"].as_array().expect("findings").iter();
        let ids: Vec<_> = finding.map(|finding| finding["id"].as_str().expect("text")).collect();
        assert!(ids.contains(&"allow-subset-drops-names"), "{ids:?}");

        // It is told until every name is back, by the command that brings it back.
        let audited = folders.audit(&["a.test"]).to_string();
        assert!(audited.contains("allow-subset-drops-names"), "{audited}");
        assert!(audited.contains("-d a.test -d gone.test -d www.a.test"), "{audited}");
        site.nginx("elsewhere", "");
        folders.obtain(
            &format!("--force-renewal --webroot -w {} --cert-name a.test", site.path("www").display()),
            &["-d", "a.test", "-d", "gone.test", "-d", "www.a.test"],
        );
        has(&folders, "a.test", &["a.test", "gone.test", "www.a.test"]);
        site.nginx("elsewhere", ELSEWHERE);

        // Without the option all names fail together.
        folders.renew(&["--force", "b.test"]).assert(&["failed"], 2);
        assert_eq!(folders.cert("b.test").serial, before);
        has(&folders, "b.test", &["b.test", "gone.test"]);
    }
}

#[test]
fn the_report_says_what_was_lost_and_why() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("cli.test,gone.cli.test", &["--allow-subset-of-names"]);
    folders.webroot("gone.cli.test", &["--allow-subset-of-names"]);
    site.nginx("elsewhere", ELSEWHERE);
    let (told, code) = folders.told(&["--force"]);
    assert_eq!(code, Some(2), "{told}");
    for words in ["lost     gone.cli.test:", "CA says", "404", "-d cli.test -d gone.cli.test"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // One that has no name left is not renewed.
    assert_eq!((folders.live("cli.test"), folders.live("gone.cli.test")), (2, 1), "{told}");
    // certbot lists and renews what there is, and so do we, quietly.
    folders.certbot("certificates");
    folders.certbot("renew --force-renewal --no-random-sleep-on-renew --cert-name cli.test");
    folders.renew(&["--force", "cli.test"]).assert(&["renewed"], 0);
    has(&folders, "cli.test", &["cli.test"]);
}

/// That these are the names of a lineage.
#[track_caller]
fn has(folders: &Folders<'_>, lineage: &str, names: &[&str]) {
    let mut has = folders.cert(lineage).names;
    has.sort();
    assert_eq!(has, names);
}
