//! A token is planted below a web root, and the way to it is what real servers and firewalls make of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;

use serde_json::Value;

use crate::net::{Place, World, world};

/// `dry-run --local` of names that are all published below one web root; its report and exit code.
fn rehearse(world: &World, webroot: &str, names: &[&str]) -> (Value, Option<i32>) {
    let mut command = world.command(Place::Web, env!("CARGO_BIN_EXE_acme-audit"));
    command.args(["dry-run", "--local", "--format", "json", "--state-dir", "/run/lab/state", "-w", webroot]);
    let out = command.args(["-d", &names.join(",")]).output().expect("nsenter");
    let report = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)));
    (report, out.status.code())
}

/// What came of each name: `passed`, or the id of the cause.
fn verdicts(report: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or("no cause").to_owned();
    let attempts = report["attempts"].as_array().expect("attempts").iter();
    attempts
        .map(|attempt| {
            let said = if attempt["ok"] == true { "passed".to_owned() } else { text(&attempt["id"]) };
            (text(&attempt["identifier"]), said)
        })
        .collect()
}

/// What one test leaves behind another must not see.
static ALONE: Mutex<()> = Mutex::new(());

fn holds(webroot: &str, cases: &[(&str, &str)]) {
    let Some(world) = world() else { return };
    let _one_at_a_time = ALONE.lock().expect("no panic before");
    let names: Vec<&str> = cases.iter().map(|(name, _)| *name).collect();
    let (report, code) = rehearse(world, webroot, &names);
    let said = verdicts(&report);
    let mut wrong = String::new();
    for (name, wanted) in cases {
        let said = said.get(*name).map_or("not tried", String::as_str);
        if said != *wanted {
            writeln!(wrong, "{name}: `{said}` instead of `{wanted}`").expect("a text");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    let passes = cases.iter().all(|(_, wanted)| *wanted == "passed");
    assert_eq!(code, Some(if passes { 0 } else { 2 }));
    let left = world.sh(
        Place::Web,
        &format!("find {webroot} -path '*acme-challenge/?*' ! -name planted; find /run/lab/state -type f"),
    );
    assert_eq!(left, "", "left behind");
}

#[test]
fn ways_that_lead_to_the_planted_file_pass() {
    holds(
        "/run/lab/www/files",
        &[
            ("files.web.example.org", "passed"),
            ("redirect-301.web.example.org", "passed"),
            ("redirect-302.web.example.org", "passed"),
            ("redirect-307.web.example.org", "passed"),
            ("redirect-308.web.example.org", "passed"),
            ("redirect-www.web.example.org", "passed"),
            ("redirect-upper.web.example.org", "passed"),
            ("redirect-query.web.example.org", "passed"),
            ("hops-3.web.example.org", "passed"),
            ("hops-11.web.example.org", "passed"),
            ("refused6.example.org", "passed"),
            ("unrouted6.example.org", "passed"),
            ("silent6.example.org", "passed"),
        ],
    );
}

#[test]
fn ways_that_do_not_are_named_by_their_cause() {
    holds(
        "/run/lab/www/files",
        &[
            ("files.web.example.org", "passed"),
            ("status-404.web.example.org", "webroot-moved-or-deleted"),
            ("status-401.web.example.org", "auth-on-site"),
            ("status-403.web.example.org", "dotfile-deny"),
            ("status-500.web.example.org", "catch-all-app-answers"),
            ("status-503.web.example.org", "catch-all-app-answers"),
            ("status-204.web.example.org", "catch-all-app-answers"),
            ("auth.web.example.org", "auth-on-site"),
            ("dotfiles.web.example.org", "dotfile-deny"),
            ("spa.web.example.org", "catch-all-app-answers"),
            ("plain.web.example.org", "catch-all-app-answers"),
            ("html.web.example.org", "catch-all-app-answers"),
            ("empty.web.example.org", "catch-all-app-answers"),
            ("redirect-303.web.example.org", "redirect-other"),
            ("redirect-https.web.example.org", "catch-all-app-answers"),
            ("redirect-port.web.example.org", "redirect-bad-port"),
            ("redirect-port443.web.example.org", "redirect-all-before-challenge"),
            ("redirect-slash.web.example.org", "redirect-missing-slash"),
            ("redirect-scheme.web.example.org", "redirect-other"),
            ("redirect-nohost.web.example.org", "redirect-other"),
            ("redirect-private.web.example.org", "redirect-other"),
            ("redirect-tld.web.example.org", "redirect-other"),
            ("redirect-gone.web.example.org", "redirect-other"),
            ("redirect-itself.web.example.org", "redirect-other"),
            ("redirect-long.web.example.org", "redirect-other"),
            ("redirect-ends.web.example.org", "redirect-other"),
            ("ping.web.example.org", "redirect-other"),
            ("hops-12.web.example.org", "redirect-other"),
            ("wrong6.example.org", "aaaa-wrong-host"),
            ("https6.example.org", "redirect-other"),
            ("plain443.example.org", "redirect-other"),
            ("tls11.example.org", "redirect-other"),
            ("elsewhere.example.org", "catch-all-app-answers"),
            ("dropped.example.org", "port80-blocked"),
            ("rejected.example.org", "port80-blocked"),
            ("reset.example.org", "connection-refused"),
            ("missing.example.org", "nxdomain-san"),
            ("ten.private.test", "private-or-reserved-address"),
        ],
    );
}

/// Starts a dry run of a name whose walk takes long, and gives it when its token is there.
fn started(world: &World, state: &str) -> (std::process::Child, String) {
    let mut command = world.command(Place::Web, env!("CARGO_BIN_EXE_acme-audit"));
    command.args([
        "dry-run",
        "--local",
        "--state-dir",
        state,
        "-w",
        "/run/lab/www/stopped",
        "-d",
        "dropped.example.org",
    ]);
    #[allow(clippy::zombie_processes, reason = "the caller waits")]
    let child = command.spawn().expect("nsenter");
    let token = "find /run/lab/www/stopped -type f 2>/dev/null || :";
    loop {
        let found = world.sh(Place::Web, token);
        if !found.is_empty() {
            return (child, found.trim().to_owned());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_run_that_is_stopped_or_killed_leaves_no_token_that_the_next_one_does_not_remove() {
    let Some(world) = world() else { return };
    let _one_at_a_time = ALONE.lock().expect("no panic before");
    let state = "/run/lab/state-stopped";
    let there = |path: &str| {
        world.sh(Place::Web, &format!("find {path} /run/lab/www/stopped {state} -type f 2>/dev/null || :"))
    };
    let signal =
        |signal: &str| world.sh(Place::Web, &format!("pkill -{signal} -f '[/]acme-audit dry-run.*{state}'"));
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let (mut child, _) = started(world, state);
        signal(name);
        assert_eq!(child.wait().expect("its end").code(), Some(code));
        assert_eq!(there(""), "", "after SIG{name}");
    }
    let (mut child, token) = started(world, state);
    signal("KILL");
    child.wait().expect("its end");
    assert!(there("").contains(&token));
    let mut next = world.command(Place::Web, env!("CARGO_BIN_EXE_acme-audit"));
    let next = next
        .args([
            "dry-run",
            "--local",
            "--state-dir",
            state,
            "-w",
            "/run/lab/www/files",
            "-d",
            "files.web.example.org",
        ])
        .output()
        .expect("nsenter");
    assert_eq!(next.status.code(), Some(0));
    assert_eq!(there(""), "", "after the next run");
    assert!(String::from_utf8_lossy(&next.stderr).contains(&token), "it says what it removed");
}
