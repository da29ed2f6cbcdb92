//! Fixture hosts: each `tests/hosts/STORY/host.txt` is a host in the manifest language of `src/demo/manifest.rs`, and
//! its first lines tell what happened there. The report it should give stands in one test here;
//! `UPDATE_EXPECT=1 cargo test --test it hosts` rewrites the reports, but never what must be loud in them.

mod configuration;
mod deployment;
mod dns;
mod healthy;
mod limits;
mod refused;
mod schedule;
mod servers;
mod state;

use std::io::Write;
use std::process::{Command, Stdio};

use expect_test::Expect;

use crate::program::{AT, Host, loud};

/// The account that stories name themselves; all others are made anew for each test.
const NAMED_ACCOUNT: &str = "5f0c1d2e3a4b59687766554433221100";

/// Nothing is wrong there: notes at most, and exit 0.
#[track_caller]
fn tells_no_fault(story: &str, expected: Expect) {
    tells_all(story, &[], 0, expected);
}

/// One thing is wrong there, and exactly that one is said aloud.
#[track_caller]
fn tells_only(story: &str, id: &str, exit: i32, expected: Expect) {
    tells_all(story, &[id], exit, expected);
}

/// These things are wrong there, the most urgent first, and nothing else is said aloud.
#[track_caller]
fn tells_all(story: &str, ids: &[&str], exit: i32, expected: Expect) {
    let text = says(story, ids, exit);
    expected.assert_eq(&steady(&text));
}

/// The report on a story, after all formats were found to agree on it.
#[track_caller]
fn says(story: &str, ids: &[&str], exit: i32) -> String {
    let host = Host::story(story);
    let text = host.shown(&[]);
    assert_eq!(loud(&host.json(&[])), ids, "what is loud in:\n{text}");
    assert!(text.ends_with(&format!("exit {exit}\n")), "does not exit {exit}:\n{text}");
    let code = |format: &str| host.run(&["--format", format]).status.code();
    assert_eq!(code("json"), Some(exit), "json exits as text does");
    assert_eq!(code("nagios"), Some(exit), "nagios exits as text does");
    let facts = host.run(&["facts"]);
    assert!(facts.status.success(), "facts are printed for any host");
    assert_eq!(replayed(&facts.stdout), text, "the facts replay to the same report");
    text
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

/// A report without what differs from build to build: the ids of new accounts and the prints of new keys.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let hex = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        let name = match hex.len() {
            32 if hex != NAMED_ACCOUNT => "[ACCOUNT]",
            16 if hex.bytes().any(|b| b.is_ascii_digit()) => "[KEY]",
            _ => hex,
        };
        steady.extend([name, word.strip_prefix(hex).unwrap_or_default()]);
    }
    steady
}

#[test]
fn every_story_is_told_once() {
    let tests = [
        include_str!("configuration.rs"),
        include_str!("deployment.rs"),
        include_str!("dns.rs"),
        include_str!("healthy.rs"),
        include_str!("limits.rs"),
        include_str!("refused.rs"),
        include_str!("schedule.rs"),
        include_str!("servers.rs"),
        include_str!("state.rs"),
    ]
    .concat()
    .replace(char::is_whitespace, "");
    let stories = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    for story in stories.read_dir().expect("the stories") {
        let story = story.expect("a folder").file_name().into_string().expect("a name");
        assert_eq!(tests.matches(&format!("(\"{story}\",")).count(), 1, "tests that tell {story}");
    }
}
