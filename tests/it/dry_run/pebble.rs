//! The dry run against a real CA, certbot's own accounts included.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::lab::{START_CA, lab, skip};
use crate::namespaces::Namespaces;

const PARTS: [&str; 3] = ["/usr/sbin/nginx", "/usr/bin/pebble", "/usr/bin/pebble-challtestsrv"];

/// $1 is the folder with the CA's files; nginx serves sites with one mistake each.
const UP: &str = r#"
set -eu
ca=$1 logs=/run dns=127.0.0.1:8053 default=127.0.0.1
read -r pid _ </proc/self/stat
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
ip link set lo up
mkdir -p /run/www /run/other /run/tmp
cat >/run/nginx.conf <<E
pid /run/nginx.pid; user root; events {}
http {
    access_log off; client_body_temp_path /run/tmp/a; proxy_temp_path /run/tmp/b; fastcgi_temp_path /run/tmp/c;
    uwsgi_temp_path /run/tmp/d; scgi_temp_path /run/tmp/e;
    server { listen 80; server_name good.test www.good.test; root /run/www; }
    server { listen 80; server_name dotfiles.test; root /run/www; location ~ /\. { deny all; } }
    server { listen 80; server_name moved.test; root /run/other; }
    server { listen 80; server_name app.test; root /run/other; location / { return 200 "<!doctype html>"; } }
}
E
nginx -e /run/nginx.log -c /run/nginx.conf </dev/null >&2
"#;

const READY: &str = "
echo \"ready $pid\"
read -r _ || :
";

fn world() -> Option<Namespaces> {
    let lab = lab()?;
    if let Some(part) = PARTS.iter().find(|part| !Path::new(part).exists()) {
        skip(&format!("needs {part}"));
        return None;
    }
    let script = format!("{UP}{START_CA}{READY}");
    let ca = lab.ca();
    let args = ["-c".as_ref(), script.as_ref(), OsStr::new("sh"), ca.as_ref()];
    Namespaces::start(args).inspect_err(|why| skip(why)).ok()
}

fn dry_run(world: &Namespaces, ca: &Path, names: &str, format: &str) -> Output {
    let mut command = world.command(env!("CARGO_BIN_EXE_acme-audit"));
    command.args(["dry-run", "--format", format, "--allow-private-addresses", "--state-dir", "/run/state"]);
    command.args([
        "--server",
        "https://localhost:14000/dir",
        "--resolver",
        "127.0.0.1:8053",
        "-w",
        "/run/www",
    ]);
    command.arg("--ca-bundle").arg(ca.join("ca.pem")).args(["-d", names]).output().expect("nsenter")
}

/// What this host and the CA say of each name: `passed`, or the id of the cause.
fn rehearse(world: &Namespaces, ca: &Path, names: &str) -> (Vec<(String, String)>, Option<i32>) {
    let out = dry_run(world, ca, names, "json");
    let report: Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    assert_eq!(report["not_tested"], Value::Array(vec![]), "{report:#}");
    let text = |value: &Value| value.as_str().unwrap_or("no cause").to_owned();
    let attempts = report["attempts"].as_array().expect("attempts").iter();
    let said = attempts.map(|attempt| {
        let end = if attempt["ok"] == true { "passed".to_owned() } else { text(&attempt["id"]) };
        (format!("{} {}", text(&attempt["vantage"]), text(&attempt["identifier"])), end)
    });
    (said.collect(), out.status.code())
}

#[test]
fn this_host_and_the_ca_come_to_the_same_end_and_nothing_is_left() {
    let Some(world) = world() else { return };
    let ca = lab().expect("the lab").ca();
    let both = |cases: &[(&str, &str)]| -> Vec<(String, String)> {
        let of = |who: &str| {
            cases
                .iter()
                .map(move |(name, end)| (format!("{who} {name}"), (*end).to_owned()))
                .collect::<Vec<_>>()
        };
        [of("this host"), of("CA")].concat()
    };
    let good = [("good.test", "passed"), ("www.good.test", "passed")];
    assert_eq!(rehearse(&world, &ca, "good.test,www.good.test"), (both(&good), Some(0)));
    let mixed = [
        ("good.test", "passed"),
        ("dotfiles.test", "dotfile-deny"),
        ("moved.test", "webroot-moved-or-deleted"),
        ("app.test", "catch-all-app-answers"),
    ];
    let (mut said, code) = rehearse(&world, &ca, "good.test,dotfiles.test,moved.test,app.test");
    let mut wanted = both(&mixed);
    said.sort();
    wanted.sort();
    assert_eq!((said, code), (wanted, Some(2)));
    let monitored = |names| {
        let out = dry_run(&world, &ca, names, "nagios");
        (String::from_utf8_lossy(&out.stdout).into_owned(), out.status.code())
    };
    let passed = "ACME-AUDIT OK - 2 attempts: 2 passed, 0 failed | attempts=2 passed=2 failed=0 untested=0\n"
        .to_owned();
    assert_eq!(monitored("good.test"), (passed, Some(0)));
    let (told, code) = monitored("good.test,moved.test");
    let status = told.lines().next().expect("a line");
    assert!(status.starts_with("ACME-AUDIT CRITICAL - moved.test: "), "{told}");
    assert!(status.ends_with(" | attempts=4 passed=2 failed=2 untested=0"), "{told}");
    assert_eq!((told.matches('|').count(), code), (1, Some(2)), "{told}");
    let left = world
        .command("find")
        .args(["/run/www", "/run/state/tokens", "-mindepth", "1"])
        .output()
        .expect("nsenter");
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
}
