//! What a killed run leaves is taken back by the next one, as the conf is then, whatever the journal says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::rfc2136::obtained;
use super::world::{Report, SECRET, World, until};

const NONE: [PathBuf; 0] = [];

/// Records in an order of their own.
fn sorted(records: &str) -> Vec<String> {
    let mut lines: Vec<String> = records.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What is told of no lineage of its own.
fn notes(report: &Report) -> Vec<String> {
    let notes = report.json["notes"].as_array().expect("notes");
    notes.iter().map(|note| note.as_str().expect("text").to_owned()).collect()
}

#[test]
fn records_of_a_killed_run_are_removed_by_the_next() {
    let Some(world) = obtained("hmac-sha256") else { return };
    let all = ["_acme-challenge.w.test", "_acme-challenge.deep.a.w.test"];
    world.killed(|| world.records(all[0]).lines().count() == 2 && !world.records(all[1]).is_empty());
    let [journal] = world.journals().try_into().expect("one journal");
    assert_eq!(fs::metadata(&journal).expect("a file").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&journal).expect("text");
    assert!(text.contains("credentials.ini") && !text.contains(SECRET), "{text}");

    // Where the server does not take it, the next one tries again.
    let credentials = world.path("credentials.ini");
    let right = fs::read_to_string(&credentials).expect("text");
    let wrong = right.replace(SECRET, "YW5vdGhlci1zZWNyZXQtb2YtdGhlLWxhYi0xMjM0NTY=");
    fs::write(&credentials, wrong).expect("written");
    let report = world.renew(&[]);
    report.assert("not-due", 0);
    let told = notes(&report);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|note| note.contains("BadSig; the next run tries it again")), "{told:?}");
    fs::write(&credentials, right).expect("written");

    // Nothing need be due for that.
    let report = world.renew(&[]);
    report.assert("not-due", 0);
    let told = notes(&report);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|note| note.ends_with("which a killed run had left, is taken back")), "{told:?}");
    all.iter().for_each(|name| assert_eq!(world.records(name), "", "{name}"));
    assert_eq!(world.journals(), NONE);
    let report = world.renew(&["--force"]);
    report.assert("renewed", 0);
    assert_eq!((notes(&report), world.journals()), (Vec::new(), NONE.to_vec()));
}

#[test]
fn the_cleanup_hook_that_a_killed_run_did_not_come_to_is_run_by_the_next() {
    let Some(world) = World::start("hmac-sha256") else { return };
    world.obtain_manually("dns", &["w.test", "*.w.test"]);
    world.hooks();
    let record = "_acme-challenge.w.test";
    // The CA has been asked to look, and does not say what it saw.
    fs::write(world.path("held"), "").expect("written");
    world.killed(|| {
        if world.path("begun").exists() && world.path("held").exists() {
            world.send("ca.pid", "STOP");
            fs::remove_file(world.path("held")).expect("removed");
        }
        // The second server still has certbot's for a while.
        let [one, two] = ["127.0.0.1", "127.0.0.2"].map(|server| sorted(&world.records_at(server, record)));
        let all = one.len() == 2 && one == two;
        if all {
            std::thread::sleep(Duration::from_secs(1));
        }
        all
    });
    world.send("ca.pid", "CONT");
    let [first, second] = world.hooks().try_into().expect("two auth hooks");
    assert!(first.starts_with("auth ") && second.starts_with("auth "));

    // A run without hooks leaves it to another one.
    let report = world.renew(&["--no-hooks"]);
    assert!(notes(&report).iter().all(|note| note.contains("--no-hooks")), "{:#}", report.json);
    let report = world.renew(&[]);
    report.assert("not-due", 0);
    let told = notes(&report);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|note| note.ends_with("is taken back")), "{told:?}");
    let hooks = world.hooks();
    assert_eq!(hooks.len(), 2, "{hooks:?}");
    let first_had = hooks.iter().find(|line| line.starts_with("cleanup w.test none 1 w.test,w.test made "));
    assert!(first_had.is_some(), "it is given what the auth hook said: {hooks:?}");
    assert_eq!((world.records(record), world.journals()), (String::new(), NONE.to_vec()));
    world.renew(&["--force"]).assert("renewed", 0);
}

#[test]
fn a_second_signal_leaves_records_that_a_server_does_not_take_back_to_the_next_run() {
    let Some(world) = obtained("hmac-sha256") else { return };
    let record = "_acme-challenge.deep.a.w.test";
    let mut running = world.begin(&["--force"]);
    until("it is published", || !world.records(record).is_empty());
    world.send("one/pid", "STOP");
    running.signal("TERM");
    std::thread::sleep(Duration::from_millis(500));
    assert!(running.child.try_wait().expect("its state").is_none(), "the server is waited for");
    // Three records are asked for, one after the other.
    while running.child.try_wait().expect("its state").is_none() {
        running.signal("INT");
        std::thread::sleep(Duration::from_millis(200));
    }
    let out = running.end();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert_eq!(out.status.code(), Some(143), "{said}");
    assert!(said.contains("could not be removed: it was ended by a second signal; the next run"), "{said}");
    // It may take back by itself what it was asked for.
    world.send("one/pid", "CONT");
    let report = world.renew(&[]);
    report.assert("not-due", 0);
    assert!(notes(&report).iter().all(|note| note.ends_with("is taken back")), "{:#}", report.json);
    assert_eq!((world.records(record), world.journals()), (String::new(), NONE.to_vec()));
}

/// A line of a journal.
fn line(world: &World, number: u64, lineage: &str, published: Value) -> String {
    let line = json!({"number": number, "config_dir": world.path("etc"), "lineage": lineage, "published": published});
    format!("{line}\n")
}

fn journal(world: &World, text: &str, mode: u32) -> PathBuf {
    let path = world.path("state/published/run-x.journal");
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
    path
}

#[test]
fn a_journal_is_no_way_to_run_anything() {
    let Some(world) = World::start("hmac-sha256") else { return };
    world.obtain_manually("dns", &["w.test"]);
    world.hooks();
    let hook = |more: &[(&str, &str)]| {
        let mut variables = json!({"CERTBOT_DOMAIN": "w.test", "CERTBOT_VALIDATION": "x"});
        more.iter().for_each(|(name, value)| variables[*name] = json!(value));
        json!({"hook": {"variables": variables}})
    };
    let pwned = world.path("pwned");
    let inject = format!("$(touch {})", pwned.display());
    let text = [
        line(&world, 0, "w.test", hook(&[("LD_PRELOAD", "/tmp/x.so")])),
        line(&world, 1, "w.test", hook(&[("CERTBOT_DOMAIN", &inject)])),
        line(&world, 2, "gone.test", hook(&[])),
        line(&world, 3, "../../etc/w.test", hook(&[])),
        format!("{{\"number\":4,\"cleanup\":\"touch {}\"}}\n", pwned.display()),
        "{\"number\":5,\"config_d".to_owned(),
    ];
    let path = journal(&world, &text.concat(), 0o600);
    let report = world.renew(&[]);
    report.assert("not-due", 0);
    let told = notes(&report).join("\n");
    for words in [
        "2 of the lines of",
        "LD_PRELOAD is not as it can be",
        "CERTBOT_DOMAIN is not as it can be",
        "gone.test: what the manual_auth_hook made for w.test",
        "there is no such lineage any more; remove it by hand",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(world.hooks().is_empty() && !pwned.exists());
    assert!(!path.exists() && path.with_extension("refused").exists());
    assert_eq!(notes(&world.renew(&[])), Vec::<String>::new(), "it is told once");

    // What others could have written is not even read.
    journal(&world, &line(&world, 0, "w.test", hook(&[])), 0o622);
    let told = notes(&world.renew(&[])).join("\n");
    assert!(told.contains("others could have written it"), "{told}");
    assert!(world.hooks().is_empty());
}

#[test]
fn a_journal_removes_no_record_but_that_of_a_challenge() {
    let Some(world) = obtained("hmac-sha256") else { return };
    let digest = "x".repeat(43);
    let names = ["mail.w.test", "_acme-challenge.other.w.test", "_acme-challenge.w.test"];
    names.iter().for_each(|name| world.make("w.test", name, &digest));
    let record = |name: &str, server: &str, credentials: &str| {
        let credentials = world.path(credentials);
        json!({"record": {"server": server, "credentials": credentials, "zone": "w.test.", "name": name, "text": digest}})
    };
    let (right, file) = ("127.0.0.1:53", "credentials.ini");
    let text = [
        line(&world, 0, "w.test", record(names[0], right, file)),
        line(&world, 1, "w.test", record(names[1], right, file)),
        line(&world, 2, "w.test", record(names[2], "127.0.0.2:53", file)),
        line(&world, 3, "w.test", record(names[2], right, "other.ini")),
    ];
    journal(&world, &text.concat(), 0o600);
    let report = world.renew(&[]);
    report.assert("not-due", 0);
    let told = notes(&report);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told.iter().all(|note| note.contains("is not taken back")), "{told:?}");
    names.iter().for_each(|name| assert!(!world.records(name).is_empty(), "{name}"));
    until("it is gone", || world.journals().is_empty());
    // The one that is its own goes.
    journal(&world, &line(&world, 0, "w.test", record(names[2], right, file)), 0o600);
    assert!(notes(&world.renew(&[])).join("").ends_with("is taken back"));
    assert_eq!(world.records(names[2]), "");
}
