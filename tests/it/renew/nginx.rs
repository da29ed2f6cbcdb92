//! Lineages of certbot's nginx plugin: renewed through the snippet, and never by an edit of nginx's configuration.

use std::path::Path;

use serde_json::Value;

use super::site::{Folders, Site};
use crate::lab::run;
use crate::orders::world::Pebble;

/// The lines that people are told to include.
const SNIPPET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/web-servers/nginx.conf");

/// A lineage that the nginx plugin renews, and the server's site with its live certificate.
fn make(folders: &Folders<'_>, name: &str, more: &str) {
    folders.webroot(name, &[]);
    folders.edit(&format!("etc/renewal/{name}.conf"), "authenticator = webroot", "authenticator = nginx");
    serve(folders, name, more);
}

fn serve(folders: &Folders<'_>, name: &str, more: &str) {
    let live = folders.path(&format!("etc/live/{name}"));
    let live = live.display();
    folders.site.nginx(
        name,
        &format!(
            "server {{ listen 80; server_name {name}; {more} }}\n\
             server {{ listen 443 ssl; server_name {name}; ssl_certificate {live}/fullchain.pem; \
             ssl_certificate_key {live}/privkey.pem; }}\n"
        ),
    );
}

/// Everything in nginx's configuration.
fn configuration(site: &Site) -> Vec<u8> {
    run(crate::lab::clean("sh").args(["-c", "cat nginx.conf sites/*"]).current_dir(site.path("nginx"))).stdout
}

/// The ids of what an audit found.
fn found(audited: &Value) -> Vec<&str> {
    let findings = audited["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["id"].as_str().expect("an id")).collect()
}

#[test]
fn an_nginx_lineage_is_renewed_through_the_snippet_alone() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    // An application answers everything, and nothing is served from a folder.
    let app = "location / { return 200 app; }";
    make(&folders, "n.test", app);
    let (text, before) = (configuration(&site), site.orders());
    let report = folders.renew(&["--force"]);
    report.assert(&["needs-snippet"], 2);
    assert_eq!((folders.live("n.test"), site.orders()), (1, before));
    let snippet = report.of("n.test")["snippet"].as_str().expect("lines").to_owned();
    let (told, code) = folders.told(&["--force"]);
    for words in ["needs snippet", "include snippets/acme-audit.conf;", "proxy_pass http://127.0.0.1:8402;"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(told.contains(snippet.trim_end()) && !told.contains("RewriteRule"), "{told}");
    assert_eq!((code, configuration(&site)), (Some(2), text));

    let (told, _) = folders.told(&["--force", "--respond-at", "127.0.0.1:8500"]);
    assert!(told.contains("proxy_pass http://127.0.0.1:8500;") && !told.contains("8402"), "{told}");

    // As we say.
    std::fs::create_dir(site.path("nginx/snippets")).expect("a folder");
    std::fs::copy(Path::new(SNIPPET), site.path("nginx/snippets/acme-audit.conf")).expect("copied");
    serve(&folders, "n.test", &format!("include snippets/acme-audit.conf; {app}"));
    let text = configuration(&site);
    // Nobody loads the server anew, which is told.
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 1);
    assert_eq!(report.of("n.test")["served"], "old", "{:#}", report.json);
    assert_eq!((folders.live("n.test"), configuration(&site)), (2, text));
    assert_eq!(site.listens(), Vec::<String>::new());
    let (told, code) = folders.told(&["--force"]);
    assert!(told.contains("still gives the certificate before"), "{told}");
    // With the process, what loads it anew, and why nothing did.
    for words in ["served-older-than-live", "by nginx (pid ", "$ nginx -s reload", "no-reload-at-all"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(code, Some(1));
    let audited = folders.audit(&["n.test"]);
    assert!(found(&audited).contains(&"served-older-than-live"), "{audited:#}");

    // With a hook that does, and as certbot's installer does it.
    folders.edit(
        "etc/renewal/n.test.conf",
        "[renewalparams]",
        "[renewalparams]\nrenew_hook = nginx -s reload",
    );
    let new = |report: &super::site::Report| {
        report.assert(&["renewed"], 0);
        assert_eq!(report.of("n.test")["served"], Value::from("new"), "{:#}", report.json);
    };
    new(&folders.renew(&["--force"]));
    folders.edit("etc/renewal/n.test.conf", "renew_hook = nginx -s reload", "installer = nginx");
    new(&folders.renew(&["--force"]));
    assert_eq!(folders.live("n.test"), 5);
    let audited = folders.audit(&["n.test"]);
    assert!(!found(&audited).contains(&"served-older-than-live"), "{audited:#}");
}

#[test]
fn a_host_that_does_not_see_itself_lets_the_ca_see_and_a_slow_reload_is_waited_for() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    std::fs::create_dir(site.path("nginx/snippets")).expect("a folder");
    std::fs::copy(Path::new(SNIPPET), site.path("nginx/snippets/acme-audit.conf")).expect("copied");
    make(&folders, "n.test", "include snippets/acme-audit.conf; location / { return 200 app; }");
    let slow = "[renewalparams]\ndeploy_hook = (sleep 7; nginx -s reload) >/dev/null 2>&1 &";
    folders.edit("etc/renewal/n.test.conf", "[renewalparams]", slow);
    // From here port 81 is refused, and the CA looks at port 80.
    let report = folders.renew(&["--force", "--http-port", "81"]);
    report.assert(&["renewed"], 0);
    assert_eq!(report.of("n.test")["served"], Value::from("new"), "{:#}", report.json);
}

#[test]
fn the_lines_for_a_socket_are_nginxs_own() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    let app = "location / { return 200 app; }";
    make(&folders, "n.test", app);
    let socket = ["--force", "--respond-at", "unix:/run/acme-audit.sock"];
    let report = folders.renew(&socket);
    report.assert(&["needs-snippet"], 2);
    std::fs::create_dir(site.path("nginx/snippets")).expect("a folder");
    let lines = report.of("n.test")["snippet"].as_str().expect("lines");
    std::fs::write(site.path("nginx/snippets/acme-audit.conf"), lines).expect("written");
    serve(&folders, "n.test", &format!("include snippets/acme-audit.conf; {app}"));
    folders.edit("etc/renewal/n.test.conf", "[renewalparams]", "[renewalparams]\ninstaller = nginx");
    folders.renew(&socket).assert(&["renewed"], 0);
    assert_eq!(folders.live("n.test"), 2);
}

#[test]
fn a_root_that_is_served_needs_no_snippet() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    let root = site.path("www");
    make(&folders, "n.test", &format!("root {};", root.display()));
    folders.renew(&["--force"]).assert(&["renewed"], 1);
    assert_eq!(folders.live("n.test"), 2);
    assert_eq!(site.tokens(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_server_of_another_port_is_looked_at_where_it_is() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("w.test", &["--deploy-hook", "true"]);
    let live = folders.path("etc/live/w.test");
    let live = live.display();
    site.nginx(
        "w.test",
        &format!(
            "server {{ listen 8443 ssl; server_name w.test; ssl_certificate {live}/fullchain.pem; \
             ssl_certificate_key {live}/privkey.pem; }}\n"
        ),
    );
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 0);
    assert_eq!(report.of("w.test")["served"], "not-checked");
    let report = folders.renew(&["--force", "--https-port", "8443"]);
    report.assert(&["renewed"], 1);
    assert_eq!(report.of("w.test")["served"], "old");
}

#[test]
fn what_is_served_is_looked_at_when_a_hook_that_was_owed_succeeds() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    let (fails, reloads) = (folders.path("fails"), folders.path("reloads"));
    let lines = format!("test ! -e {}\ntest ! -e {} || nginx -s reload", fails.display(), reloads.display());
    let hook = folders.hook("hook", &format!("set -e\n{lines}"));
    folders.webroot("o.test", &["--deploy-hook", &hook]);
    let www = format!("root {};", site.path("www").display());
    serve(&folders, "o.test", &www);
    for (reload, served, code) in [(false, "old", 1), (true, "new", 0)] {
        std::fs::write(&fails, "").expect("written");
        folders.renew(&["--force"]).assert(&["renewed"], 1);
        std::fs::remove_file(&fails).expect("removed");
        if reload {
            std::fs::write(&reloads, "").expect("written");
        }
        let report = folders.renew(&[]);
        report.assert(&["not-due"], code);
        assert_eq!(report.of("o.test")["served"], served, "{:#}", report.json);
        assert_eq!(found(&report.json).contains(&"served-older-than-live"), !reload, "{:#}", report.json);
    }
}
