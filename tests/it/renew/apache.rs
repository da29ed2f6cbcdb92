//! Lineages of certbot's Apache plugin, at the Apache of this distribution: renewed through the snippet, and loaded gracefully.

use std::path::Path;

use serde_json::Value;

use super::site::{Folders, Site, both};
use crate::lab::{run, skip};
use crate::orders::world::{PEBBLE, Pebble};

/// Gives the host an Apache of its own, with the configuration of the package and the web root of the folder `$1`.
const UP: &str = r#"
set -eu
work=$1
mount -t proc proc /proc
for folder in /run /var/log/apache2 /var/lib/apache2; do mount -t tmpfs tmpfs "$folder"; done
mkdir -p /run/lock "$work/www"
echo an application >"$work/www/index.html"
chmod 755 "$work" "$work/www"
cp -a /etc/apache2 "$work/apache2"
mount --bind "$work/apache2" /etc/apache2
rm -f /etc/apache2/sites-enabled/* /etc/apache2/conf-enabled/*
echo ServerName localhost >/etc/apache2/conf-enabled/name.conf
a2enmod -q rewrite ssl
apache2ctl start </dev/null >&2
"#;

/// A rule that leaves nothing to files, as applications have it.
const APPLICATION: &str = "RewriteEngine On\nRewriteRule ^ /index.html [END]";

fn start() -> Option<Site> {
    for part in ["/usr/sbin/apache2ctl", "/usr/lib/python3/dist-packages/certbot_apache"] {
        if !Path::new(part).exists() {
            skip("needs python3-certbot-apache");
            return None;
        }
    }
    let site = Site { world: Pebble::new().start_alone()? };
    run(site.world.command("sh").args(["-c", UP, "sh"]).arg(site.world.work()));
    Some(site)
}

fn apachectl(site: &Site, verb: &str) {
    run(site.world.command("apachectl").arg(verb));
}

/// A site of Apache on port 80.
fn serve(site: &Site, name: &str, first: &str, last: &str) {
    let www = site.path("www");
    let www = www.display();
    let text = format!(
        "<VirtualHost *:80>\n{first}\nServerName {name}\nDocumentRoot {www}\n<Directory {www}>\nRequire all granted\n</Directory>\n\
         {last}\n</VirtualHost>\n"
    );
    std::fs::write(site.path(&format!("apache2/sites-enabled/{name}.conf")), text).expect("written");
    apachectl(site, "graceful");
}

/// Folders with a lineage that certbot made, and put into Apache.
fn made<'s>(site: &'s Site, name: &str, how: &str) -> Folders<'s> {
    let folders = site.debian();
    // The plugin's files of tokens are read by Apache's own user.
    run(crate::lab::clean("chmod").arg("755").arg(&folders.dir));
    let common = "run -n --agree-tos --no-eff-email -m admin@example.org --no-redirect --server";
    folders.certbot(&format!("{common} {PEBBLE} {how} -d {name}"));
    let conf = folders.read(&format!("etc/renewal/{name}.conf"));
    assert!(conf.contains("installer = apache"), "{conf}");
    folders
}

/// What Apache gives on port 443.
fn served(site: &Site, name: &str) -> String {
    let script = "openssl s_client -connect 127.0.0.1:443 -servername \"$0\" </dev/null 2>/dev/null | openssl x509 -noout -serial";
    let out = run(site.world.command("sh").args(["-c", script, name]));
    number(both(&out).trim().trim_start_matches("serial="))
}

/// A serial number, however it is written.
fn number(serial: &str) -> String {
    serial.trim_start_matches('0').to_lowercase()
}

/// The number of the process that is Apache.
fn process(site: &Site) -> String {
    both(&run(site.world.command("cat").arg("/run/apache2/apache2.pid")))
}

#[test]
fn an_apache_lineage_is_renewed_through_the_lines_that_are_printed() {
    let Some(site) = start() else { return };
    serve(&site, "a.test", "", APPLICATION);
    let folders = made(&site, "a.test", "--apache");
    let (before, apache) = (site.orders(), process(&site));
    let report = folders.renew(&["--force"]);
    report.assert(&["needs-snippet"], 2);
    assert_eq!((folders.live("a.test"), site.orders()), (1, before));
    let snippet = report.of("a.test")["snippet"].as_str().expect("lines").to_owned();
    let (told, code) = folders.told(&["--force"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains(snippet.trim_end()) && !told.contains("proxy_pass"), "{told}");

    // As we say: pasted, tested, loaded.
    run(site.world.command("a2enmod").args(["-q", "proxy_http", "rewrite"]));
    let at = |lines: &str| {
        std::fs::write(site.path("apache2/acme-audit.conf"), lines).expect("written");
        serve(&site, "a.test", "Include acme-audit.conf", APPLICATION);
        apachectl(&site, "configtest");
    };
    at(&snippet);
    let new = |report: &super::site::Report, version: u64| {
        report.assert(&["renewed"], 0);
        let renewal = report.of("a.test");
        assert_eq!(
            (&renewal["served"], &renewal["snippet"]),
            (&Value::from("new"), &Value::Null),
            "{renewal:#}"
        );
        assert_eq!(
            (folders.live("a.test"), served(&site, "a.test")),
            (version, number(&folders.cert("a.test").serial))
        );
    };
    new(&folders.renew(&["--force"]), 2);
    assert_eq!(process(&site), apache, "it is loaded gracefully");

    // Behind a socket as well, by the lines for it; nothing can be put into the web root.
    let shut = r#"mount --bind "$0" "$0" && mount -o remount,bind,ro "$0""#;
    run(site.world.command("sh").args(["-c", shut]).arg(site.path("www")));
    let socket = ["--force", "--respond-at", "/run/acme-audit.sock"];
    let report = folders.renew(&socket);
    report.assert(&["needs-snippet"], 2);
    let lines = report.of("a.test")["snippet"].as_str().expect("lines").to_owned();
    assert!(lines.contains(" unix:/run/acme-audit.sock|http://localhost%{REQUEST_URI} "), "{lines}");
    at(&lines);
    new(&folders.renew(&socket), 3);
    // certbot's own plugin works as before.
    folders.certbot("renew --force-renewal --no-random-sleep-on-renew");
    assert_eq!(folders.live("a.test"), 4);
}

#[test]
fn a_configuration_that_apache_does_not_take_is_told_and_tried_again() {
    let Some(site) = start() else { return };
    serve(&site, "w.test", "", "");
    let folders = made(&site, "w.test", &format!("-a webroot -i apache -w {}", site.path("www").display()));
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 0);
    assert_eq!(report.of("w.test")["served"], "new");

    let broken = site.path("apache2/conf-enabled/broken.conf");
    std::fs::write(&broken, "Nonsense on\n").expect("written");
    let old = number(&folders.cert("w.test").serial);
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 1);
    let renewal = report.of("w.test");
    assert_eq!(renewal["served"], "old", "{renewal:#}");
    let output = renewal["hooks"][0]["output"].as_str().expect("text");
    assert!(output.contains("broken.conf") && output.contains("Nonsense"), "{output}");
    assert_eq!((folders.live("w.test"), served(&site, "w.test")), (3, old.clone()));
    let (told, code) = folders.told(&[]);
    for words in ["apachectl configtest", "Nonsense", "the next run tries it again", "owed by an earlier run"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!((code, served(&site, "w.test")), (Some(1), old));

    std::fs::remove_file(&broken).expect("removed");
    folders.renew(&[]).assert(&["not-due"], 0);
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(served(&site, "w.test"), number(&folders.cert("w.test").serial));
    let before = site.orders();
    assert_eq!(folders.renew(&[]).of("w.test")["hooks"], serde_json::json!([]));
    assert_eq!((folders.live("w.test"), site.orders()), (3, before));
}
