//! The snippets of contrib/web-servers in the servers that they are for.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::Value;

use crate::lab::{lab, run, skip};
use crate::namespaces::Namespaces;

const PARTS: [&str; 5] = [
    "/usr/sbin/nginx",
    "/usr/sbin/apache2",
    "/usr/sbin/haproxy",
    "/usr/bin/caddy",
    "/usr/bin/pebble-challtestsrv",
];

/// One server an address, each with its snippet and a redirect of everything else to https. $1 is contrib/web-servers.
const UP: &str = r#"
set -eu
read -r pid _ </proc/self/stat
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
ip link set lo up
mkdir -p /run/www /run/tmp
cd /run
pebble-challtestsrv -dns01 127.0.0.1:8053 -management 127.0.0.1:8055 -http01 '' -https01 '' -tlsalpn01 '' \
    -defaultIPv4 127.0.0.9 -defaultIPv6 '' >/run/dns.log 2>&1 </dev/null &
cat >nginx.conf <<E
pid /run/nginx.pid; user root; events {}
http {
    access_log off; client_body_temp_path /run/tmp/a; proxy_temp_path /run/tmp/b; fastcgi_temp_path /run/tmp/c;
    uwsgi_temp_path /run/tmp/d; scgi_temp_path /run/tmp/e;
    server { listen 127.0.0.2:80; root /run/www; include $1/nginx.conf; location / { return 301 https://\$host\$request_uri; } }
    server { listen 127.0.0.6:80; root /run/www; location / { try_files \$uri =404; } }
}
E
nginx -e /run/nginx.log -c /run/nginx.conf </dev/null >&2
modules=/usr/lib/apache2/modules
cat >apache.conf <<E
ServerRoot /run
PidFile /run/apache.pid
ErrorLog /run/apache.log
ServerName apache.test
$(for m in mpm_event authn_core authz_core alias rewrite proxy proxy_http; do echo "LoadModule ${m}_module $modules/mod_$m.so"; done)
Listen 127.0.0.3:80
<VirtualHost 127.0.0.3:80>
    DocumentRoot /run/www
    Include $1/apache.conf
    RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=301,L]
</VirtualHost>
E
apache2 -f /run/apache.conf </dev/null >&2
{
    cat "$1/haproxy.cfg"
    printf 'defaults\n    timeout connect 5s\n    timeout client 9s\n    timeout server 9s\n'
    printf 'frontend http\n    mode http\n    bind 127.0.0.4:80\n'
    printf '    acl acme_challenge path_beg /.well-known/acme-challenge/\n    use_backend acme_audit if acme_challenge\n'
    printf '    http-request redirect scheme https unless acme_challenge\n'
} >haproxy.cfg
haproxy -D -p /run/haproxy.pid -f haproxy.cfg </dev/null >&2
cp "$1/Caddyfile" acme-audit.caddy
cat >Caddyfile <<E
{
	admin off
	auto_https off
}
import acme-audit.caddy
http://caddy.test {
	bind 127.0.0.5
	import acme-audit
	handle {
		redir https://{host}{uri}
	}
}
E
HOME=/run caddy run --adapter caddyfile --config Caddyfile >caddy.log 2>&1 </dev/null &
for n in 8055 ; do for _ in $(seq 200); do curl -s -o /dev/null http://127.0.0.1:$n/ && break; sleep 0.05; done; done
for a in 2 3 4 5; do for _ in $(seq 200); do curl -s -o /dev/null http://127.0.0.$a/ && break; sleep 0.05; done; done
for site in nginx:2 apache:3 haproxy:4 caddy:5 plain:6; do
    curl -fsS -d "{\"host\":\"${site%:*}.test\",\"addresses\":[\"127.0.0.${site#*:}\"]}" http://127.0.0.1:8055/add-a >&2
done
echo "ready $pid"
read -r _ || :
"#;

fn servers() -> Option<Namespaces> {
    lab()?;
    if let Some(part) = PARTS.iter().find(|part| !Path::new(part).exists()) {
        skip(&format!("needs {part}"));
        return None;
    }
    let snippets = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/web-servers");
    let args = ["-c".as_ref(), UP.as_ref(), OsStr::new("sh"), snippets.as_ref()];
    Namespaces::start(args).inspect_err(|why| skip(why)).ok()
}

/// Rehearses these names; whether each would pass.
fn passes(servers: &Namespaces, args: &[&str]) -> Vec<(String, bool)> {
    let mut command = servers.command(env!("CARGO_BIN_EXE_acme-audit"));
    command.args([
        "dry-run",
        "--local",
        "--format",
        "json",
        "--allow-private-addresses",
        "--state-dir",
        "/run/state",
    ]);
    let out = command.args(["--resolver", "127.0.0.1:8053"]).args(args).output().expect("nsenter");
    let report: Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    assert_eq!(report["not_tested"], Value::Array(vec![]));
    let attempts = report["attempts"].as_array().expect("attempts").iter();
    attempts.map(|a| (a["identifier"].as_str().expect("a name").to_owned(), a["ok"] == true)).collect()
}

#[test]
fn each_server_passes_challenges_on_and_serves_files_before_that() {
    let Some(servers) = servers() else { return };
    let all = "nginx.test,apache.test,haproxy.test,caddy.test,plain.test";
    let told = |passed: &[&str]| -> Vec<(String, bool)> {
        all.split(',').map(|name| (name.to_owned(), passed.contains(&name))).collect()
    };
    let with_snippet = ["nginx.test", "apache.test", "haproxy.test", "caddy.test"];
    assert_eq!(passes(&servers, &["-d", all]), told(&with_snippet));
    // certbot's files are found as they were without it.
    let files = ["nginx.test", "apache.test", "plain.test"];
    assert_eq!(passes(&servers, &["-w", "/run/www", "-d", all]), told(&files));
    // While nothing listens, a file that is missing is missing.
    for site in ["127.0.0.2", "127.0.0.3"] {
        let url = format!("http://{site}/.well-known/acme-challenge/nothing");
        let out = run(servers.command("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}", &url]));
        let code = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(["404", "503"].contains(&code.as_str()), "{site}: {code}");
    }
}
