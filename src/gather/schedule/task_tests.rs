use super::*;
use crate::facts::Os;
use crate::gather::fs::Root;

fn on(files: &[(&str, &str)], command: &str) -> Task {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let root = Root::below(dir.path()).unwrap();
    let os = Os::default();
    let look =
        Look { root: &root, os: &os, config: Path::new("/etc/letsencrypt"), zone: jiff::tz::TimeZone::UTC };
    task(&look, &Found::elsewhere(Ok(())), command, "/etc/crontab:7")
}

fn plain(command: &str) -> Task {
    on(&[], command)
}

#[test]
fn a_command_for_all_or_for_names_of_the_shell_is_for_all() {
    let script = "#!/bin/sh\ncertbot renew --cert-name a --force-renewal\ncertbot renew -q\n";
    assert_eq!(on(&[("usr/bin/r", script)], "/usr/bin/r").only, Vec::<String>::new());
    assert_eq!(plain("for d in a b; do certbot renew --cert-name $d; done").only, Vec::<String>::new());
    assert_eq!(plain("certbot renew --cert-name a; certbot certificates").only, ["a"]);
}

#[test]
fn options_say_what_is_renewed() {
    let task = plain(
        "certbot renew --cert-name a --cert-name=b --config-dir /srv/le --force-renewal --no-random-sleep-on-renew",
    );
    assert_eq!((task.only, task.config_dir.as_deref()), (vec!["a".into(), "b".into()], Some("/srv/le")));
    assert_eq!(task.forced, Some(("--force-renewal".into(), "/etc/crontab:7".into())));
    assert!(task.no_random_sleep);
    assert_eq!(plain("echo --force-renewal; certbot renew").forced, None);
}

#[test]
fn what_is_asked_for_by_its_names_is_told_from_all() {
    let names = |command| plain(command).names;
    assert_eq!(names("certbot certonly --keep -n -d a.example,b.example"), ["a.example"]);
    assert_eq!(names("certbot certonly --keep -n --domains=a.example -d b.example"), ["a.example"]);
    assert_eq!(names("certbot certonly --keep -n -da.example"), ["a.example"]);
    assert!(names("certbot certonly --keep -n --cert-name shop -d a.example").is_empty());
    assert!(names("certbot certonly --keep -n -d a.example; certbot renew").is_empty());
    assert_eq!(plain("certbot renew --logs-dir /srv/log").logs_dir.as_deref(), Some("/srv/log"));
}

#[test]
fn a_flag_in_a_script_is_found_with_its_line() {
    let files = [("opt/r.sh", "#!/bin/sh\n# --force-renew\ncertbot renew --force-renew\n")];
    assert_eq!(on(&files, "/opt/r.sh").forced, Some(("--force-renew".into(), "/opt/r.sh:3".into())));
}

#[test]
fn limits_are_seconds() {
    let limit = |command| plain(command).time_limit.map(|(seconds, _)| seconds);
    assert_eq!(limit("timeout 300 certbot renew"), Some(300));
    assert_eq!(limit("sudo timeout -k 10 --foreground 5m certbot renew"), Some(300));
    assert_eq!(limit("timeout 0 certbot renew"), None);
    assert_eq!(limit("certbot renew"), None);
}

#[test]
fn pauses_are_taken_at_their_longest() {
    for (command, seconds) in [
        ("sleep 300; certbot renew", 300),
        ("sleep $((RANDOM % 3600)); certbot renew", 3600),
        ("perl -e 'sleep int(rand(43200))' && certbot -q renew", 43200),
        (
            "python3 -c 'import random; import time; time.sleep(random.random() * 3600)' && certbot renew",
            3600,
        ),
        ("sh -c 'sleep 5m; certbot renew'", 300),
        ("sleep $SLEEPTIME && certbot renew", 0),
        ("certbot renew", 0),
    ] {
        assert_eq!(plain(command).sleeps, seconds, "{command}");
    }
}

#[test]
fn lost_output_is_seen() {
    for command in [
        "certbot renew >/dev/null 2>&1",
        "certbot renew > /dev/null 2>&1",
        "certbot renew &>/dev/null",
        "certbot renew >& /dev/null",
        "certbot -q renew 2>/dev/null",
    ] {
        assert!(plain(command).discards.is_some(), "{command}");
    }
    for command in ["certbot renew >/dev/null", "certbot renew 2>/dev/null", "certbot renew >>log 2>&1"] {
        assert_eq!(plain(command).discards, None, "{command}");
    }
}
