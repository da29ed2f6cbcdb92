//! `acme-audit schedule` and `schedule next`, as a user runs them.

use crate::program::{Host, run, shown};

fn next(args: &[&str]) -> String {
    let all = [&["--color", "never", "schedule", "next"], args].concat();
    shown(&run(&all), std::path::Path::new("/nonexistent"))
}

#[test]
fn the_next_times_of_an_expression_are_told_in_the_zone_and_in_utc() {
    expect_test::expect![[r#"
        normalized  Mon..Fri *-*-* 03:30:00
        next        Tue 2026-11-24 03:30:00 CET  2026-11-24T02:30:00Z
                    Wed 2026-11-25 03:30:00 CET  2026-11-25T02:30:00Z
        exit 0
    "#]]
    .assert_eq(&next(&[
        "--calendar",
        "Mon..Fri 03:30",
        "--tz",
        "Europe/Berlin",
        "--from",
        "2026-11-24T00:00:00Z",
        "--count",
        "2",
    ]));
    expect_test::expect![[r#"
        normalized  */15 3 * * *
        next        Tue 2026-11-24 03:00:00 UTC
                    Tue 2026-11-24 03:15:00 UTC
        exit 0
    "#]]
    .assert_eq(&next(&[
        "--cron",
        "*/15 3 * * *",
        "--tz",
        "UTC",
        "--from",
        "2026-11-24T00:00:00Z",
        "--count",
        "2",
    ]));
}

#[test]
fn a_day_that_does_not_exist_is_told_at_once() {
    expect_test::expect![[r#"
        normalized  0 0 31 2 *
        next        never: no day is like that
        exit 2
    "#]]
    .assert_eq(&next(&["--cron", "0 0 31 2 *", "--tz", "UTC"]));
    assert!(next(&["--calendar", "*-02-30", "--tz", "UTC"]).ends_with("exit 2\n"));
    assert!(next(&["--cron", "@reboot"]).contains("at each start of the machine\nexit 0"));
}

#[test]
fn what_systemd_and_cron_refuse_is_refused_with_its_column() {
    expect_test::expect![[r#"
        error: `0 24 * * *`: bad hour at column 3
        hint: give the five fields of a crontab, such as `17 3,15 * * *`, or a word such as @daily
        exit 3
    "#]]
    .assert_eq(&next(&["--cron", "0 24 * * *"]));
    expect_test::expect![[r#"
        error: `Mond 12:00`: an unknown weekday at column 1
        hint: the grammar is systemd.time(7), such as `*-*-* 00,12:00:00` or `Mon..Fri 03:30`
        exit 3
    "#]]
    .assert_eq(&next(&["--calendar", "Mond 12:00"]));
    assert!(
        next(&["--cron", "* * * * *", "--tz", "Mars/Phobos"])
            .starts_with("error: no time zone is named `Mars/Phobos`")
    );
    assert!(next(&[]).ends_with("exit 3\n"), "an expression is needed");
    assert!(next(&["--cron", "@daily", "--calendar", "daily"]).ends_with("exit 3\n"), "and only one");
}

#[test]
fn for_programs_the_next_times_have_a_schema() {
    let output = run(&[
        "schedule",
        "next",
        "--calendar",
        "daily",
        "--tz",
        "UTC",
        "--from",
        "2026-11-24T00:00:00Z",
        "--format",
        "json",
    ]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["schema"], "acme-audit.next/1");
    assert_eq!(
        (json["expression"].as_str(), json["normalized"].as_str()),
        (Some("daily"), Some("*-*-* 00:00:00"))
    );
    assert_eq!(json["next"].as_array().map(Vec::len), Some(5));
    assert_eq!(json["next"][0], "2026-11-25T00:00:00Z");
}

#[test]
fn a_host_of_debian_is_a_table_a_month_and_a_forecast() {
    let host = Host::story("healthy-certbot-2-1");
    expect_test::expect![[r#"
        trigger                 client   effective  next run                                   largest gap
        certbot.timer           certbot  yes        Tue 2026-11-24 00:00 UTC + up to 12 hours  1 day
          /usr/lib/systemd/system/certbot.timer: /usr/bin/certbot -q renew --no-random-sleep-on-renew
        /etc/cron.d/certbot:17  certbot  no         the line does nothing where systemd runs
          test -x /usr/bin/certbot -a \! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew --no-random-sleep-on-renew

                      Nov 23        Nov 30        Dec 7         Dec 14        Dec 21
                      M T W T F S S M T W T F S S M T W T F S S M T W T F S S M T W
        attempts      . 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2
        blog.example  . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . #
        shop.example  . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . #
                      . not due   ~ may be due   # due   ! expires

        59 attempts fit for blog.example after it becomes due on 2026-12-23: it survives 58 failures in a row
        the schedule is enough until 2029-11-23, where the forecast ends
        exit 0
    "#]].assert_eq(&host.shown(&["schedule"]));
}

#[test]
fn what_the_schedule_leaves_short_sets_the_exit_code() {
    let code = |story: &str| Host::story(story).run(&["schedule"]).status.code();
    assert_eq!(code("healthy-snap"), Some(0));
    assert_eq!(code("interval-too-long-monthly"), Some(1));
    assert_eq!(code("timer-disabled"), Some(2));
    assert_eq!(code("only-certbots-folder"), Some(3));
}

#[test]
fn for_programs_every_trigger_has_its_reason_and_its_times() {
    let output = Host::story("healthy-debian-inert-cron").run(&["schedule", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["schema"], "acme-audit.schedule/1");
    let triggers = json["triggers"].as_array().expect("triggers");
    let (timer, line) = (&triggers[0], &triggers[1]);
    assert_eq!((timer["kind"].as_str(), timer["client"].as_str()), (Some("systemd-timer"), Some("certbot")));
    assert_eq!((timer["effective"].as_bool(), timer["why_not"].is_null()), (Some(true), true));
    // Twelve hours apart, put off by up to twelve.
    assert_eq!(timer["max_gap_seconds"], 86_400);
    assert_eq!(timer["next"].as_array().map(Vec::len), Some(3));
    assert_eq!((line["kind"].as_str(), line["effective"].as_bool()), (Some("cron"), Some(false)));
    assert_eq!(line["why_not"], "the line does nothing where systemd runs");
}

#[test]
fn our_own_units_and_cron_line_are_recognised() {
    let contrib = |path: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let mut manifest = "packaged debian-certbot-4.0\nfile /usr/bin/acme-audit mode=0755\n".to_owned();
    for unit in
        ["acme-audit.service", "acme-audit.timer", "acme-audit-renew.service", "acme-audit-renew.timer"]
    {
        manifest.push_str(&format!(
            "file /etc/systemd/system/{unit} <<END\n{}END\n",
            contrib(&format!("systemd/{unit}"))
        ));
    }
    for timer in ["acme-audit.timer", "acme-audit-renew.timer"] {
        manifest.push_str(&format!(
            "link /etc/systemd/system/timers.target.wants/{timer} -> /etc/systemd/system/{timer}\n"
        ));
    }
    manifest.push_str(&format!("file /etc/cron.d/acme-audit <<END\n{}END\n", contrib("cron/acme-audit")));
    let output = Host::manifest(&manifest).run(&["schedule", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let triggers = json["triggers"].as_array().expect("triggers");
    let ours: Vec<(&str, &str, bool)> = triggers
        .iter()
        .filter(|t| t["client"] == "acme-audit")
        .map(|t| {
            let name = t["unit"].as_str().or(t["where"].as_str()).unwrap_or_default();
            (name, t["purpose"].as_str().unwrap_or_default(), t["effective"] == true)
        })
        .collect();
    assert_eq!(
        ours,
        [
            ("acme-audit-renew.timer", "renews", true),
            ("acme-audit.timer", "audits", true),
            ("/etc/cron.d/acme-audit:14", "audits", true)
        ],
        "{json:#}"
    );
}
