//! Renewals at Caddy's `acme_server`: short certificates, no renewal information, and challenges that stay pending when they fail.

use std::path::Path;
use std::time::{Duration, Instant};

use super::site::Site;
use crate::lab::skip;
use crate::orders::caddy::{DIRECTORY, namespaces};
use crate::orders::world::World;

#[test]
fn another_ca_renews_alike() {
    if !Path::new("/usr/sbin/nginx").exists() {
        return skip("needs nginx");
    }
    let Some((namespaces, work)) = namespaces() else { return };
    let site = Site::around(World::without_web(namespaces, work));
    for folders in site.certbots() {
        let www = site.path("www");
        let words =
            "certonly -n --agree-tos --no-eff-email -m admin@example.org -d a.test,www.a.test --webroot -w";
        folders.certbot(&format!("{words} {} --server {DIRECTORY}", www.display()));
        folders.renew(&["--force"]).assert(&["renewed"], 0);
        assert_eq!((folders.live("a.test"), folders.cert("a.test").names.len()), (2, 2));
        let said = folders.certbot("certificates");
        assert!(said.contains("(VALID: ") && !said.contains("INVALID"), "{said}");

        // What fails there stays pending for ever; nobody waits for it.
        let (served, conf) = (www.display().to_string(), "etc/renewal/a.test.conf");
        let moved = folders.path("elsewhere");
        std::fs::create_dir(&moved).expect("a folder");
        folders.edit(conf, &served, moved.to_str().expect("text"));
        let begin = Instant::now();
        let report = folders.renew(&["--force"]);
        report.assert(&["failed"], 2);
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
        let because = report.of("a.test")["because"].as_str().expect("text");
        assert!(because.contains("did not validate"), "{because}");
        assert_eq!(folders.live("a.test"), 2);
        folders.edit(conf, moved.to_str().expect("text"), &served);
        folders.renew(&["--force"]).assert(&["renewed"], 0);
        folders.certbot("renew --force-renewal --no-random-sleep-on-renew");
        assert_eq!(folders.live("a.test"), 4);
    }
}
