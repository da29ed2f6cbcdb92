//! `acme-audit renew` under the unit that contrib/ has for it, on a host that a real systemd runs.

use std::path::Path;

use crate::booted::Booted;
use crate::lab::{START_CA, lab, run, skip};

/// What the host has besides certbot: nginx as its package's unit runs it, and Pebble.
const UP: &str = r#"
mkdir -p /etc/nginx /var/log/nginx /var/lib/nginx /var/www/a /var/log/letsencrypt /var/lib/letsencrypt /run/ca
chown www-data /var/lib/nginx
chown www-data:adm /var/log/nginx
cat >/etc/nginx/nginx.conf <<'E'
user www-data;
pid /run/nginx.pid;
events {}
http {
    server { listen 80; server_name a.test; root /var/www/a; }
    include sites[.]conf;
}
E
systemctl start nginx.service
ca=/etc/ca logs=/run/ca dns=127.0.0.1:8053 default=127.0.0.1
"#;

/// Certbot, which obtains something.
const OBTAIN: &str = r#"
export REQUESTS_CA_BUNDLE=/etc/ca/ca.pem
obtain() {
    certbot -n --agree-tos --no-eff-email -m admin@example.org --server https://localhost:14000/dir "$@" >/run/ca/certbot 2>&1 ||
        { cat /run/ca/certbot >&2; exit 1; }
}
"#;

/// A lineage behind nginx, which is also to load it, and one whose hooks free port 80.
const TWO: &str = r#"
obtain certonly --webroot -w /var/www/a -d a.test
obtain certonly --standalone -d s.test --pre-hook 'systemctl stop nginx' --post-hook 'systemctl start nginx'
sed -i 's/^\[renewalparams\]/&\ninstaller = nginx/' /etc/letsencrypt/renewal/a.test.conf
printf '#!/bin/sh\nsystemctl reload nginx\n' >/etc/letsencrypt/renewal-hooks/deploy/reload
chmod 755 /etc/letsencrypt/renewal-hooks/deploy/reload
cat >/etc/nginx/sites.conf <<'E'
server {
    listen 443 ssl;
    server_name a.test;
    ssl_certificate /etc/letsencrypt/live/a.test/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/a.test/privkey.pem;
}
E
nginx -t -q
systemctl reload nginx
"#;

/// More lineages, and a hook that restarts nginx.
const MORE: &str = r#"
printf '#!/bin/sh\nsystemctl restart nginx\n' >/etc/letsencrypt/renewal-hooks/deploy/reload
sed -i 's/server_name a.test; root/server_name a.test b.test c.test d.test e.test f.test; root/' /etc/nginx/nginx.conf
systemctl reload nginx
for name in b c d e f; do obtain certonly --webroot -w /var/www/a -d "$name.test"; done
"#;

/// Takes that back.
const LESS: &str = "for name in b c d e f; do certbot delete -n --cert-name $name.test >/dev/null 2>&1; done
printf '#!/bin/sh\nsystemctl reload nginx\n' >/etc/letsencrypt/renewal-hooks/deploy/reload";

const AT_THE_LAB: &str = "--resolver 127.0.0.1:8053 --allow-private-addresses --ca-bundle /etc/ca/ca.pem";

/// Starts a unit with more words; its exit code, and what it says.
fn start(booted: &Booted, unit: &str, command: &str) -> String {
    let run = format!("/usr/bin/acme-audit {command} {AT_THE_LAB}");
    let drop_in = format!(
        "[Unit]\nOnFailure=\n[Service]\nExecStart=\nExecStart={run}\nStandardOutput=file:/run/out\nStandardError=inherit\n"
    );
    booted.sh(&format!(
        "mkdir -p /run/systemd/system/{unit}.d; rm -f /run/out
        cat >/run/systemd/system/{unit}.d/test.conf <<'E'\n{drop_in}E
        systemctl daemon-reload
        systemctl start {unit} || true
        systemctl show --value -p ExecMainStatus {unit}
        systemctl reset-failed {unit} 2>/dev/null || true
        cat /run/out"
    ))
}

/// Renews all lineages; what that says with its exit code, and the versions that are live then.
fn renew(booted: &Booted) -> (String, String) {
    let told = start(booted, "acme-audit-renew.service", "renew --force");
    (told, booted.sh("readlink /etc/letsencrypt/live/?.test/cert.pem"))
}

fn live(version: u32) -> String {
    ["a", "s"].map(|name| format!("../../archive/{name}.test/cert{version}.pem\n")).concat()
}

#[test]
fn lineages_are_renewed_under_the_unit_and_shut_in_by_the_drop_in() {
    let Some(lab) = lab() else { return };
    let parts = ["/usr/bin/certbot", "/usr/bin/pebble", "/lib/systemd/system/nginx.service"];
    if let Some(part) = parts.iter().find(|part| !Path::new(part).exists()) {
        return skip(&format!("needs {part}"));
    }
    let host = tempfile::tempdir().expect("a folder");
    let contrib = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/systemd");
    let lay = "mkdir -p etc/systemd/system etc/ssl && cp -a \"$1\" etc/ca && cp \"$2\"/acme-audit*.* etc/systemd/system && \
               printf '127.0.0.1 localhost\\n' >etc/hosts && grep -E '^(root|www-data|nobody):' /etc/passwd >etc/passwd && \
               grep -E '^(root|www-data|adm|nogroup):' /etc/group >etc/group";
    let mut laid = crate::lab::clean("sh");
    run(laid.args(["-euc", lay, "sh"]).arg(lab.ca()).arg(&contrib).current_dir(host.path()));
    let Some(booted) = Booted::start(host.path()) else { return };
    booted.sh(&format!("{UP}{START_CA}{OBTAIN}{TWO}"));
    assert_eq!(booted.sh("readlink /etc/letsencrypt/live/?.test/cert.pem"), live(1));

    let (told, now) = renew(&booted);
    assert_eq!(now, live(2), "{told}");
    assert!(told.starts_with("0\n"), "{told}");

    // systemd lets a unit be started five times in ten seconds, and each lineage has the hook run.
    booted.sh(&format!("{OBTAIN}{MORE}"));
    let (told, now) = renew(&booted);
    assert_eq!(now.matches("/cert3.pem").count(), 2, "{told}");
    assert_eq!(now.matches("/cert2.pem").count(), 5, "{told}");
    assert!(told.starts_with("0\n"), "{told}");
    booted.sh(&format!("systemctl is-active nginx; {LESS}"));

    let strict = contrib.join("renew-strict.conf");
    let strict = std::fs::read_to_string(strict).expect("the drop-in");
    booted.sh(&format!(
        "mkdir /etc/systemd/system/acme-audit-renew.service.d
        cat >/etc/systemd/system/acme-audit-renew.service.d/strict.conf <<'E'\n{strict}E"
    ));
    let (told, now) = renew(&booted);
    assert_eq!(now, live(4), "{told}");
    assert!(told.starts_with("0\n"), "{told}");

    // What we renew is well, and the audit under its own unit has nothing to say of it.
    booted.sh("systemctl enable -q --now acme-audit-renew.timer");
    assert_eq!(start(&booted, "acme-audit.service", "audit -q"), "0\n");
    assert_eq!(start(&booted, "acme-audit-renew.service", "renew -q"), "0\n");
}
