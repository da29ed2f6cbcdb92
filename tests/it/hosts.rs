//! Fixture hosts: each `tests/hosts/STORY/host.txt` is a host in the manifest language of `src/demo/manifest.rs`;
//! the report it should give stands here. `UPDATE_EXPECT=1 cargo test --test it hosts` rewrites the reports.

use std::io::Write;
use std::process::{Command, Stdio};

use expect_test::{Expect, expect};

use crate::program::{AT, Host};

/// Audits a story's host: the text report as expected, the other formats and the replay of its facts agreeing with it.
fn tells(story: &str, expected: Expect) {
    let host = Host::story(story);
    let text = host.shown(&[]);
    expected.assert_eq(&text);
    let code = |format: &str| host.run(&["--format", format]).status.code();
    assert_eq!(code("json"), host.run(&[]).status.code(), "json exits as text does");
    assert_eq!(code("nagios"), host.run(&[]).status.code(), "nagios exits as text does");
    let facts = host.run(&["facts"]);
    assert!(facts.status.success(), "facts are printed for any host");
    assert_eq!(replayed(&facts.stdout), text, "the facts replay to the same report");
}

fn replayed(facts: &[u8]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_acme-audit"))
        .args(["audit", "--facts", "-", "--at", AT, "--color", "never"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    let facts = facts.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&facts));
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends").expect("the facts are read");
    crate::program::shown(&output, std::path::Path::new("/nonexistent"))
}

#[test]
fn debians_timer_with_its_inert_cron_line_is_healthy() {
    tells(
        "healthy-debian-inert-cron",
        expect![[r#"
        1 lineage: 1 will renew (4 checks in /etc/letsencrypt on web1, as of 2026-11-23 12:00 UTC)
        exit 0
    "#]],
    );
}
