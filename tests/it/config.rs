//! `acme-audit.yaml`: what it decides, and how it is refused.

use crate::program::{Host, loud, run, shown};

/// A configuration file with this text.
fn file(text: impl AsRef<[u8]>) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), text).expect("it is written");
    file
}

/// What `config check` says of a text, its path scrubbed.
fn check(text: impl AsRef<[u8]>) -> String {
    let file = file(text);
    let path = file.path().to_string_lossy().into_owned();
    shown(&run(&["config", "check", &path]), std::path::Path::new("/nonexistent")).replace(&path, "[FILE]")
}

#[test]
fn every_fault_is_told_with_file_line_and_column() {
    expect_test::expect![[r#"
        error: [FILE]:1:1: `ignroe` is no key here
        hint: did you mean `ignore`?
        error: [FILE]:3:7: `two` is not a whole number, at least 1
        hint: write the digits alone, without quotes
        error: [FILE]:4:1: `jobs` stands here a second time
        hint: it stands in line 3 already; keep one of the two
        exit 3
    "#]]
    .assert_eq(&check("ignroe: []\nquiet: true\njobs: two\njobs: 2\n"));
}

#[test]
fn a_wrong_file_stops_the_audit_and_not_what_needs_no_host() {
    let file = file("ignore: [{id: no-such-check, because: x}]\n");
    let path = file.path().to_string_lossy().into_owned();
    let host = Host::story("healthy-snap");
    let output = host.run(&["--config", &path]);
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains(":1:15: no check is named `no-such-check`"));
    assert!(run(&["--config", &path, "explain", "autorenew-false"]).status.success());
}

#[test]
fn a_finding_is_ignored_until_its_day_and_then_back() {
    let host = Host::story("autorenew-false");
    let report = host.json(&[]);
    let lineage = report["findings"][0]["lineages"][0].as_str().expect("a lineage").to_owned();
    let file = file(format!(
        "ignore:\n  - id: autorenew-false\n    lineage: [other.example, {lineage}]\n    because: it closes\n    until: 2026-11-23\n"
    ));
    let path = file.path().to_string_lossy().into_owned();
    let ignored = host.json(&["--config", &path]);
    assert_eq!(loud(&ignored), ["autorenew-false"], "it is still printed");
    assert_eq!(
        (ignored["exit_code"].as_i64(), ignored["findings"][0]["ignored"].as_str()),
        (Some(0), Some("it closes"))
    );
    let root = host.root().to_string_lossy().into_owned();
    let later = run(&["--root", &root, "--at", "2026-11-24T00:00:00Z", "--config", &path]);
    let text = String::from_utf8_lossy(&later.stdout).into_owned();
    assert_eq!(later.status.code(), Some(2), "{text}");
    assert!(text.contains("autorenew-false was ignored until 2026-11-23"), "{text}");
}

#[test]
fn a_finding_about_several_lineages_is_ignored_for_those_that_are_meant() {
    let host = Host::story("plugin-not-installed-on-three");
    let report = host.json(&[]);
    let names: Vec<String> = report["findings"][0]["lineages"]
        .as_array()
        .expect("lineages")
        .iter()
        .map(|name| name.as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(names.len(), 3);
    let file =
        file(format!("ignore: [{{id: plugin-not-installed, lineage: {}, because: known}}]\n", names[1]));
    let path = file.path().to_string_lossy().into_owned();
    let split = host.json(&["--config", &path]);
    let of = |ignored: bool| -> Vec<&str> {
        let findings = split["findings"].as_array().expect("findings").iter();
        let such =
            findings.filter(|f| f["id"] == "plugin-not-installed" && f["ignored"].is_null() != ignored);
        such.flat_map(|f| f["lineages"].as_array().expect("lineages"))
            .filter_map(|name| name.as_str())
            .collect()
    };
    assert_eq!(of(true), [names[1].as_str()]);
    assert_eq!(of(false), [names[0].as_str(), names[2].as_str()]);
    let verdict = |name: &str| {
        let all = split["lineages"].as_array().expect("lineages").iter();
        all.filter(|l| l["name"] == name).map(|l| l["verdict"].as_str().unwrap_or("?").to_owned()).next()
    };
    assert_eq!(verdict(&names[1]).as_deref(), Some("renews"));
    assert_eq!(verdict(&names[0]).as_deref(), Some("fails"));
}

#[test]
fn a_lineage_may_be_kept_from_shouting_and_may_want_fewer_attempts() {
    let host = Host::story("autorenew-false");
    let name = host.json(&[])["findings"][0]["lineages"][0].as_str().expect("a lineage").to_owned();
    let quiet = file(format!("lineages:\n  {name}:\n    at-most: note\n    because: a toy\n"));
    let report = host.json(&["--config", &quiet.path().to_string_lossy()]);
    assert_eq!(report["exit_code"], 0);
    assert_eq!(report["findings"][0]["lowered_because"], "a toy");

    let host = Host::story("interval-too-long-monthly");
    let few = file("min-attempts: 1\nuntil: 30d\n");
    assert_eq!(host.json(&["--config", &few.path().to_string_lossy()])["exit_code"], 0);
}

#[test]
fn a_flag_wins_over_the_file_and_show_tells_where_each_value_comes_from() {
    let file = file("format: json\njobs: 3\nuntil: 1y\n");
    let path = file.path().to_string_lossy().into_owned();
    let text = run(&["--config", &path, "--format", "text", "config", "show"]);
    let text = String::from_utf8_lossy(&text.stdout).replace(&path, "[FILE]");
    for line in [
        "format: text  # command line",
        "jobs: 3  # [FILE]:2",
        "until: 1y  # [FILE]:3",
        "min-attempts: 3  # default",
    ] {
        assert!(text.contains(line), "{line} in:\n{text}");
    }
    let host = Host::story("healthy-snap");
    let json = host.run(&["--config", &path]);
    assert!(json.stdout.starts_with(b"{"), "the file's format counts without a flag");
}

#[test]
fn the_example_is_accepted_and_says_what_holds_anyway() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/acme-audit.yaml");
    let with = run(&["--config", example, "config", "show", "--format", "json"]);
    let without =
        run(&["--config", &file("").path().to_string_lossy(), "config", "show", "--format", "json"]);
    let values = |output: &std::process::Output| -> Vec<serde_json::Value> {
        let all: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        all.as_object().expect("an object").values().map(|row| row["value"].clone()).collect()
    };
    assert_eq!(values(&with), values(&without));
    // What is behind a `#` is accepted as well.
    let text = std::fs::read_to_string(example).expect("the example");
    let whole = text.replace("\n#fallback:", "\nfallback:").replace("\n#  ", "\n  ");
    let whole = whole.replace("lineages: {}", "lineages:").replace("ignore: []", "ignore:");
    assert!(check(whole).starts_with("[FILE]: ok\n"));
}

#[test]
fn hostile_files_are_refused_at_once() {
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]\n";
    for (text, wanted) in [
        (bomb.as_bytes().to_vec(), "an alias"),
        (vec![0xff, 0xfe, 0, b'j'], "no UTF-8"),
        (b"jobs: \0\n".to_vec(), "[FILE]:1:"),
        ("{".repeat(50_000).into_bytes(), "[FILE]:1:"),
        ("- ".repeat(5_000).into_bytes(), "too deep"),
        (format!("ignore: [{}]\n", "x,".repeat(60_000)).into_bytes(), "too many values"),
        (vec![b'x'; 2 << 20], "more than the 1048576 that are read"),
    ] {
        let said = check(&text);
        assert!(
            said.contains(wanted) && said.ends_with("exit 3\n"),
            "{wanted}: {}",
            said.get(..200).unwrap_or(&said)
        );
    }
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    for path in [fifo.as_path(), folder.path(), std::path::Path::new("/dev/zero")] {
        let output = run(&["--config", &path.to_string_lossy()]);
        assert_eq!(output.status.code(), Some(3));
        assert!(String::from_utf8_lossy(&output.stderr).contains("is no regular file"));
    }
}
