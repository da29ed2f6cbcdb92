//! The schedule of a host that runs: what a real systemd says of its timers and services.

use serde_json::Value;

use crate::booted::Booted;
use crate::program::{AT, Host};

/// The only trigger of a kind, as `schedule` prints it.
fn timer(booted: &Booted) -> Value {
    let text = booted.sh("acme-audit schedule --format json || true");
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let all = json["triggers"].as_array().unwrap_or_else(|| panic!("{json:#}"));
    let found: Vec<&Value> = all.iter().filter(|t| t["kind"] == "systemd-timer").collect();
    let [timer] = found[..] else { panic!("{json:#}") };
    timer.clone()
}

/// What the facts say of certbot's timer and its service.
fn state(booted: &Booted) -> Value {
    let facts = booted.sh("acme-audit facts");
    let host: Value = serde_json::from_str(facts.lines().next().expect("the host")).expect("JSON");
    let all = host["triggers"]["Ok"].as_array().expect("triggers");
    let found = all.iter().find(|t| t["unit"] == "certbot.timer").expect("the timer");
    found["unit_state"].clone()
}

/// The exit code of an audit, and what it says.
fn audit(booted: &Booted) -> (String, String) {
    let text = booted.sh(&format!("set +e; acme-audit --offline --at {AT} --color never; echo \"exit $?\""));
    let code = text.trim_end().rsplit_once("exit ").map_or("", |(_, code)| code).to_owned();
    (code, text)
}

#[test]
fn a_running_systemd_is_asked_of_its_timers() {
    let host = Host::story("healthy-debian-inert-cron");
    let Some(booted) = Booted::start(host.root()) else { return };
    // The machine's certbot, or none: a run of the service is what this program makes of it.
    let stand_in = |exit: u8| {
        booted.sh(&format!(
            "mkdir -p /run/systemd/system/certbot.service.d
            printf '[Service]\nExecStart=\nExecStart=/bin/sh -c \"exit {exit}; certbot renew -q\"\n' \
                >/run/systemd/system/certbot.service.d/test.conf
            systemctl daemon-reload"
        ));
    };
    stand_in(0);
    booted.sh("systemctl start certbot.service");
    let found = timer(&booted);
    assert!(found["why_not"].is_null() && found["effective"] == true, "{found:#}");
    assert!(found["last_run"].is_string() && found["next"][0].is_string(), "{found:#}");
    let state = state(&booted);
    assert_eq!(state["active"], "active", "{state:#}");
    assert_eq!(state["result"], "success", "{state:#}");
    assert!(state["next"].is_string(), "{state:#}");
    let (code, said) = audit(&booted);
    assert_eq!(code, "0", "{said}");

    // A run that fails is told, and is no reason to call the schedule dead.
    stand_in(1);
    booted.sh("systemctl start certbot.service || true");
    let (code, said) = audit(&booted);
    assert_eq!(code, "1", "{said}");
    assert!(said.contains("service-unit-failing") && said.contains("exit-code, status 1"), "{said}");

    // A timer that was stopped is enabled still, and does nothing.
    stand_in(0);
    booted.sh("systemctl start certbot.service; systemctl stop certbot.timer");
    let found = timer(&booted);
    assert_eq!(found["why_not"], "systemd says that the timer is inactive", "{found:#}");
    let (code, said) = audit(&booted);
    assert_eq!(code, "2", "{said}");
    assert!(
        said.contains("timer-disabled-or-dead") && said.contains("systemctl start certbot.timer"),
        "{said}"
    );
    assert!(!said.contains("service-unit-failing"), "{said}");

    booted.sh("systemctl start certbot.timer");
    let (code, said) = audit(&booted);
    assert_eq!(code, "0", "{said}");
}

#[test]
fn a_timer_that_counts_from_a_run_before_never_starts_by_itself() {
    let host = Host::story("timer-waits-for-a-first-run");
    let Some(booted) = Booted::start(host.root()) else { return };
    let next = |script: &str| {
        booted
            .sh(&format!("{script} systemctl show --value -p SubState -p NextElapseUSecMonotonic tls.timer"))
    };
    // systemd itself says so: it has elapsed, and has no next time.
    let text = next("");
    assert!(text.contains("elapsed") && !text.contains("min"), "{text}");
    let text = next(
        "mkdir -p /run/systemd/system/tls.timer.d
        printf '[Timer]\nOnBootSec=10d\n' >/run/systemd/system/tls.timer.d/x.conf
        systemctl daemon-reload; systemctl restart tls.timer;",
    );
    assert!(text.contains("waiting"), "{text}");
}
