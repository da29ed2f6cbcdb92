//! The command line: usage, formats, names, explain, replay.

use crate::program::{Host, loud, run};

const HEALTHY: &str = "packaged debian-certbot-2.1\nplugin nginx\naccount as=main server=letsencrypt key=p256\nlineage example.com certbot=2.1.0 authenticator=nginx installer=nginx\n";

fn broken() -> Host {
    Host::manifest(&format!(
        "{HEALTHY}lineage other.example certbot=2.1.0 authenticator=nginx installer=nginx\n  conf autorenew = False\n"
    ))
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn bad_usage_exits_3_with_an_error() {
    for args in [
        &["--no-such-flag"][..],
        &["no-such-verb"],
        &["--at", "tomorrow"],
        &["--format", "xml"],
        &["--jobs", "0"],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        assert!(stderr(&output).starts_with("error:"), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn what_changes_this_host_now_takes_no_other_time_and_no_other_host() {
    for args in [&["--at", "2030-01-01T00:00:00Z"][..], &["--root", "/srv"], &["--offline"]] {
        let output = run(&[&["renew"], args].concat());
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        let said = stderr(&output);
        assert!(said.starts_with("error: renew ") && said.contains("hint: "), "{said}");
    }
}

#[test]
fn where_certbot_has_never_been_there_is_nothing_to_renew() {
    let dir = tempfile::tempdir().expect("a folder");
    let (config, state) = (dir.path().join("letsencrypt"), dir.path().join("state"));
    let [config, state] = [config, state].map(|path| path.to_string_lossy().into_owned());
    let output = run(&["renew", "--config-dir", &config, "--state-dir", &state]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(said.starts_with(&format!("error: there is no folder {config}\nhint: ")), "{said}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("the folder").count(), 0, "nothing is made");
}

#[test]
fn help_and_version_exit_0() {
    for args in [["--help"], ["--version"]] {
        assert_eq!(run(&args).status.code(), Some(0));
    }
}

#[test]
fn the_bare_command_is_the_audit() {
    let host = broken();
    assert_eq!(host.shown(&[]), host.shown(&["audit"]));
    assert_eq!(host.run(&[]).status.code(), Some(2));
}

#[test]
fn some_lineages_can_be_named_and_a_wrong_name_gets_a_hint() {
    let host = broken();
    assert_eq!(host.run(&["audit", "example.com"]).status.code(), Some(0));
    assert_eq!(host.run(&["audit", "other.example"]).status.code(), Some(2));
    let output = host.run(&["audit", "other"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stderr(&output), "error: no lineage is named `other`\nhint: did you mean `other.example`?\n");
}

#[test]
fn verbose_names_on_standard_error_each_file_that_is_read() {
    let host = Host::manifest(HEALTHY);
    let (plain, verbose, more) = (host.run(&[]), host.run(&["-v"]), host.run(&["-vv"]));
    assert_eq!((&plain.stdout, plain.stderr.len()), (&verbose.stdout, 0));
    assert!(stderr(&verbose).contains("read /etc/letsencrypt/renewal/"), "{}", stderr(&verbose));
    assert!(!stderr(&verbose).contains('\u{1b}'));
    assert!(stderr(&more).contains("stat /"), "{}", stderr(&more));
}

#[test]
fn a_root_that_is_not_there_is_an_error_with_a_hint() {
    let output = run(&["--root", "/no/such/folder"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).starts_with("error: cannot open the root /no/such/folder"),
        "{}",
        stderr(&output)
    );
    assert!(stderr(&output).contains("hint: "));
}

#[test]
fn a_healthy_host_is_quiet_with_q_and_says_one_line_without() {
    let host = Host::manifest(HEALTHY);
    assert_eq!(host.shown(&["-q"]), "exit 0\n");
    assert_eq!(host.shown(&[]).lines().count(), 2);
}

#[test]
fn the_report_for_programs_has_every_member_of_its_schema() {
    let report = broken().json(&[]);
    for member in [
        "schema",
        "generated_at",
        "as_of",
        "host",
        "version",
        "lineages",
        "findings",
        "skipped",
        "summary",
        "verdict",
        "exit_code",
    ] {
        assert!(!report[member].is_null(), "{member}");
    }
    assert_eq!(report["schema"], "acme-audit.report/1");
    assert_eq!(report["verdict"], "fails");
    assert_eq!(report["summary"]["lineages"], 2);
    assert_eq!(report["lineages"][1]["verdict"], "fails");
    assert_eq!(report["lineages"][0]["identifiers"][0], "example.com");
    assert_eq!(report["lineages"][1]["forecast"]["due_because"], "autorenew-off");
    let finding = &report["findings"][0];
    assert_eq!(finding["id"], "autorenew-false");
    assert_eq!(finding["lineages"][0], "other.example");
    assert!(
        finding["evidence"][0]["where"]
            .as_str()
            .expect("a place")
            .contains("/etc/letsencrypt/renewal/other.example.conf:")
    );
    for member in ["title", "says", "why", "fix", "cites", "consequences", "bites_at", "severity"] {
        assert!(!finding[member].is_null(), "{member}");
    }
    assert!(finding["ignored"].is_null());
}

#[test]
fn a_monitoring_plugin_gets_one_status_line_with_performance_data() {
    let output = broken().run(&["--format", "nagios"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let status = text.lines().next().expect("a line");
    assert!(
        status.starts_with(
            "ACME-AUDIT CRITICAL - automatic renewal is switched off for other.example | lineages=2"
        ),
        "{status}"
    );
    assert_eq!(status.matches('|').count(), 1);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_finding_that_the_user_accepts_is_shown_and_does_not_count() {
    let host = broken();
    let config = host.root().join("accepted.yaml");
    std::fs::write(
        &config,
        "ignore:\n  - {id: autorenew-false, lineage: other.example, because: moved away}\n",
    )
    .expect("written");
    let config = config.to_string_lossy().into_owned();
    let shown = host.shown(&["--config", &config]);
    assert!(
        shown.contains("ignored") && shown.contains("moved away") && shown.ends_with("exit 0\n"),
        "{shown}"
    );
    assert_eq!(host.json(&["--config", &config])["findings"][0]["ignored"], "moved away");
    std::fs::write(&config, "ignore:\n  - {id: autorenew-false, because: gone, until: 2026-11-22}\n")
        .expect("written");
    assert_eq!(host.run(&["--config", &config]).status.code(), Some(2), "its last day has passed");
}

#[test]
fn a_config_with_an_unknown_key_is_an_error_that_names_it() {
    let host = broken();
    let config = host.root().join("odd.yaml");
    std::fs::write(&config, "ignores: []\n").expect("written");
    let output = host.run(&["--config", &config.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("ignores"), "{}", stderr(&output));
}

#[test]
fn explain_prints_one_check_or_the_list() {
    let one = run(&["explain", "autorenew-false"]);
    assert!(String::from_utf8_lossy(&one.stdout).contains("autorenew = True"));
    let list = String::from_utf8_lossy(&run(&["explain"]).stdout).into_owned();
    assert!(list.lines().any(|line| line.starts_with("autorenew-false")));
    let unknown = run(&["explain", "autorenew"]);
    assert_eq!(unknown.status.code(), Some(3));
    assert!(stderr(&unknown).contains("did you mean `autorenew-false`?"));
}

#[test]
fn damaged_facts_are_refused_with_their_line() {
    let host = broken();
    let facts = String::from_utf8(host.run(&["facts"]).stdout).expect("text");
    let file = host.root().join("facts");
    let replay = |text: &str| {
        std::fs::write(&file, text).expect("written");
        run(&["audit", "--facts", &file.to_string_lossy()])
    };
    assert_eq!(replay(&facts).status.code(), Some(2));
    let half = facts.len() - facts.len() / 4;
    for (text, place) in [("", ":1:"), (&facts[..half], ":3:"), ("{}", ":1:"), ("\u{0}\u{1}", ":1:")] {
        let output = replay(text);
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        assert!(stderr(&output).contains(place) && stderr(&output).contains("hint:"), "{}", stderr(&output));
    }
}

#[test]
fn the_demo_shows_healthy_and_broken_lineages_and_keeps_its_folder_when_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().join("host");
    let keep_text = keep.to_string_lossy().into_owned();
    let output = run(&["demo", "--keep", &keep_text, "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(report["summary"]["renews"].as_u64() >= Some(2), "{}", report["summary"]);
    assert!(report["summary"]["fails"].as_u64() >= Some(10), "{}", report["summary"]);
    let mut ids = loud(&report);
    ids.sort();
    ids.dedup();
    assert!(ids.len() >= 12, "{ids:?}");
    assert!(keep.join("etc/letsencrypt/renewal").is_dir());
    let again = run(&["demo", "--keep", &keep_text]);
    assert_eq!(again.status.code(), Some(3), "a folder with something in it is not overwritten");
}
