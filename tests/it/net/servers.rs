//! The checks of what a running web server and certbot do to each other, against the nginx of the world.

use std::process::Output;

use crate::net::judged::{holds_live, manifest};
use crate::net::{Place, World, world};
use crate::program::{AT, Host};

const PORT: &[&str] = &["port80-taken-standalone"];
const NAME: &str = "files.web.example.org";

#[test]
fn the_port_that_nginx_has_is_taken_unless_a_hook_stops_nginx() {
    let Some(world) = world() else { return };
    let with = |hook: &str| format!("\n  conf authenticator = standalone{hook}");
    let hook = |command: &str| with(&format!("\n  conf pre_hook = {command}"));
    holds_live(world, Place::Web, PORT, &with(""), &[(NAME, "port80-taken-standalone")]);
    holds_live(world, Place::Web, PORT, &hook("service exim4 stop"), &[(NAME, "port80-taken-standalone")]);
    holds_live(world, Place::Web, PORT, &hook("service nginx stop"), &[(NAME, "")]);
    holds_live(world, Place::Web, PORT, &hook("/opt/free-port"), &[(NAME, "")]);
    holds_live(world, Place::Idle, PORT, &with(""), &[(NAME, "")]);
    let stopped = &["webroot-with-server-stopped"];
    let webroot = "\n  conf pre_hook = service nginx stop";
    holds_live(world, Place::Web, stopped, webroot, &[(NAME, "webroot-with-server-stopped")]);
    // Another server is stopped than the one that has the port.
    holds_live(world, Place::Web, stopped, "\n  conf pre_hook = service apache2 stop", &[(NAME, "")]);
}

#[test]
fn the_dry_run_names_who_has_the_port_and_whether_a_hook_frees_it() {
    let Some(world) = world() else { return };
    let said = |hook: &str| {
        let text = manifest([NAME].into_iter(), &format!("\n  conf authenticator = standalone{hook}"));
        let args = ["dry-run", "--local", "--state-dir", "/run/lab/port"];
        let out = world.run_live(Place::Web, &world.host(&text), &args);
        (String::from_utf8_lossy(&out.stdout).replace("\n           ", " "), out.status.code())
    };
    let (text, code) = said("");
    assert!(text.contains("nginx (pid ") && text.contains("no pre hook frees it"), "{text}");
    assert_eq!(code, Some(2));
    let (text, code) = said("\n  conf pre_hook = service nginx stop");
    assert!(text.contains("the pre hook `service nginx stop` (/etc/letsencrypt/renewal/"), "{text}");
    assert!(text.contains("stops nginx first, and frees the port: --run-hooks runs it"), "{text}");
    assert_eq!(code, Some(1));
    let (text, code) = said("\n  conf pre_hook = service exim4 stop");
    assert!(text.contains("does not stop nginx"), "{text}");
    assert_eq!(code, Some(2));
}

/// An audit of the running machine at a place whose nginx has this configuration, and may write its log nowhere else.
fn tested(world: &World, host: &Host) -> Output {
    let bind = r#"mount -t tmpfs tmpfs /var/log && mkdir /var/log/nginx && mount --bind "$1" /etc && shift && exec "$@""#;
    let mut command = world.command(Place::Web, "unshare");
    command.args(["--mount", "sh", "-c", bind, "sh"]).arg(host.path("/etc"));
    command.args([env!("CARGO_BIN_EXE_acme-audit"), "--at", AT, "--color", "never", "--format", "json"]);
    command.output().expect("nsenter")
}

#[test]
fn a_configuration_that_nginx_refuses_is_told_with_its_own_words() {
    let Some(world) = world() else { return };
    let evidence = |http: &str| {
        let text = manifest([NAME].into_iter(), "\n  conf authenticator = nginx")
            + "plugin nginx\nfile /etc/passwd <<END\nroot:x:0:0::/root:/bin/sh\nEND\nfile /etc/group <<END\nroot:x:0:\nEND\n\
               file /etc/nginx/nginx.conf <<END\nuser root root;\npid /run/tested.pid;\nevents {}\nhttp {\n"
            + "access_log off;\n"
            + http
            + "\n}\nEND\n";
        let out = tested(world, &world.host(&text));
        let report: serde_json::Value = serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
        let findings = report["findings"].as_array().expect("findings");
        let of_test = findings.iter().find(|finding| finding["id"] == "nginx-config-invalid");
        let skipped = report["skipped"].as_array().expect("skipped").iter();
        let unknown = skipped.filter(|skip| skip["id"] == "nginx-config-invalid").count();
        (of_test.map(|finding| finding["evidence"].to_string()), unknown)
    };
    let (said, _) =
        evidence("server { listen 8099; ssl_certificate /etc/letsencrypt/live/gone/fullchain.pem; }");
    let said = said.expect("a finding");
    assert!(said.contains("[emerg]") || said.contains("nginx:"), "{said}");
    assert_eq!(evidence("server { listen 8099; }"), (None, 0));
}
