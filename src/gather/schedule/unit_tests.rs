//! Units as packages and people leave them.

use super::tests::Host;
use crate::facts::{Ineffective, Rule, When};

const FILE: &str = "/usr/lib/systemd/system/certbot.timer";
const SERVICE: &str = "etc/systemd/system/certbot.service.d/x.conf";
const TIMER: &str = "etc/systemd/system/certbot.timer.d/x.conf";

fn when(host: &Host) -> When {
    host.only().when.unwrap()
}

fn calendar(text: &str, place: &str) -> Rule {
    Rule::OnCalendar(text.into(), place.into())
}

#[test]
fn debians_timer_has_its_times_with_their_line_and_its_delays() {
    let rules = vec![calendar("*-*-* 00,12:00:00", &format!("{FILE}:4"))];
    let debian = When { rules, delay: 43_200, catches_up: true, zone: None };
    assert_eq!(when(&Host::debian()), debian);
    // A type-level drop-in counts for every timer, one of a prefix for those that begin so.
    let host = Host::debian().with("etc/systemd/system/timer.d/a.conf", "[Timer]\nAccuracySec=1\n");
    assert_eq!(when(&host).delay, 43_201);
}

#[test]
fn a_drop_in_of_the_names_prefix_counts() {
    let host = Host::debian()
        .with("etc/systemd/system/certbot-renew.timer", "[Timer]\nOnCalendar=daily\n")
        .with("etc/systemd/system/certbot-.timer.d/a.conf", "[Timer]\nOnCalendar=weekly\n")
        .with("etc/systemd/system/certbot-renew.service", "[Service]\nExecStart=/usr/bin/certbot renew\n")
        .link("etc/systemd/system/timers.target.wants/certbot-renew.timer", "../certbot-renew.timer");
    let all = host.triggers().unwrap();
    let found = all.iter().find(|t| t.unit.as_deref() == Some("certbot-renew.timer")).unwrap();
    let rules = &found.when.as_ref().unwrap().rules;
    let place = "/etc/systemd/system/certbot-";
    assert_eq!(
        rules,
        &[
            calendar("daily", &format!("{place}renew.timer:2")),
            calendar("weekly", &format!("{place}.timer.d/a.conf:2"))
        ]
    );
}

#[test]
fn monotonic_times_are_read_and_one_that_needs_a_run_before_never_starts() {
    let own = |text: &str| Host::debian().with(TIMER, &format!("[Timer]\nOnCalendar=\n{text}"));
    let host = own("OnBootSec=300\nOnUnitActiveSec=43200\n");
    assert_eq!(when(&host).rules, [Rule::AtBoot(300), Rule::Every(43_200)]);
    // Only calendar times are made up for.
    assert!(!when(&host).catches_up);
    assert!(matches!(own("OnUnitActiveSec=43200\n").why(), Some(Ineffective::NotStarted(_))));
}

#[test]
fn a_services_limits_output_and_neighbours_are_told() {
    let text = "[Unit]\nAfter=network-online.target\nOnFailure=alert@%n.service\n[Service]\nTimeoutStartSec=300\n\
                StandardOutput=null\n";
    let found = Host::debian().with(SERVICE, text).only();
    let state = found.unit_state.unwrap();
    assert_eq!((state.service.as_str(), state.after_network), ("certbot.service", true));
    assert_eq!(state.on_failure.as_deref(), Some("alert@certbot.service.service"));
    assert_eq!(found.task.time_limit, Some((300, format!("TimeoutStartSec=300 (/{SERVICE}:5)"))));
    assert_eq!(found.task.discards, Some(format!("StandardOutput=null (/{SERVICE}:6)")));
    let kept = Host::debian().with(SERVICE, "[Service]\nStandardOutput=null\nStandardError=journal\n").only();
    assert_eq!((kept.task.discards, kept.task.time_limit), (None, None));
}

#[test]
fn rhels_arguments_come_out_of_its_sysconfig_file() {
    let text = "[Service]\nEnvironmentFile=/etc/sysconfig/certbot\nExecStart=\nExecStart=/usr/bin/certbot renew \
                --noninteractive $PRE_HOOK $CERTBOT_ARGS\n";
    let host = Host::debian().with(SERVICE, text);
    assert_eq!(host.only().command, "/usr/bin/certbot renew --noninteractive $PRE_HOOK $CERTBOT_ARGS");
    let host = host.with("etc/sysconfig/certbot", "# x\nPRE_HOOK=\"\"\nCERTBOT_ARGS=\"--dry-run\"\n");
    assert_eq!(host.only().command, "/usr/bin/certbot renew --noninteractive --dry-run");
    assert_eq!(host.why(), Some(Ineffective::WrongVerb("--dry-run".into())));
}

#[test]
fn a_condition_only_counts_where_it_surely_fails() {
    let host = |text: &str| Host::debian().with(SERVICE, &format!("[Unit]\n{text}\n"));
    let why = host("ConditionPathExists=/usr/bin/gone").why().unwrap().to_string();
    assert_eq!(
        why,
        format!("ConditionPathExists=/usr/bin/gone of /{SERVICE}:2: /usr/bin/gone does not exist")
    );
    assert!(host("AssertPathExists=!/usr/bin/certbot").why().is_some());
    assert!(
        host("ConditionPathExists=|/usr/bin/gone\nConditionPathExists=|/usr/bin/also-gone").why().is_some()
    );
    for fine in [
        "ConditionPathExists=/usr/bin/certbot",
        "ConditionPathExists=!/run/systemd/generator/x",
        "ConditionPathExists=/run/x",
        "ConditionPathExists=/usr/bin/gone\nConditionPathExists=",
        "ConditionPathExists=|/usr/bin/gone\nConditionPathExists=|/usr/bin/certbot",
        "ConditionACPower=true",
    ] {
        assert_eq!(host(fine).why(), None, "{fine}");
    }
}

#[test]
fn an_alias_is_no_second_timer() {
    let host = Host::debian().link("etc/systemd/system/renewal.timer", FILE);
    assert_eq!(host.only().unit.as_deref(), Some("certbot.timer"));
    let host = host
        .without("etc/systemd/system/timers.target.wants/certbot.timer")
        .link("etc/systemd/system/timers.target.wants/renewal.timer", "../renewal.timer");
    assert_eq!(host.why(), None);
}

#[test]
fn a_timer_may_start_a_target_or_a_service_that_restarts_itself() {
    let service = "[Service]\nExecStart=/usr/bin/certbot renew -q\n";
    let folder = "etc/systemd/system";
    let off = || Host::debian().without("etc/systemd/system/timers.target.wants/certbot.timer");
    let host = off()
        .with(&format!("{folder}/night.timer"), "[Timer]\nOnCalendar=daily\nUnit=night.target\n")
        .with(&format!("{folder}/tls.service"), service)
        .with(&format!("{folder}/night.target"), "[Unit]\nWants=tls.service\n")
        .link(&format!("{folder}/timers.target.wants/night.timer"), "../night.timer");
    assert!(
        host.triggers().unwrap().iter().any(|t| t.unit.as_deref() == Some("night.timer") && t.effective())
    );
    let again = format!("{service}Restart=always\nRestartSec=12h\n");
    let host = off()
        .with(&format!("{folder}/tls.service"), &again)
        .link(&format!("{folder}/multi-user.target.wants/tls.service"), "../tls.service");
    let all = host.triggers().unwrap();
    let found = all.iter().find(|t| t.effective()).unwrap();
    assert_eq!(found.when.as_ref().unwrap().rules, [Rule::Every(43_200)]);
}

#[test]
fn a_stamp_tells_the_last_run() {
    assert_eq!(Host::debian().only().last_run, None);
    assert!(Host::debian().with("var/lib/systemd/timers/stamp-certbot.timer", "").only().last_run.is_some());
}

#[test]
fn a_users_timer_needs_a_session_or_lingering() {
    let folder = "home/joe/.config/systemd/user";
    let host = Host::new()
        .with("usr/lib/systemd/systemd", "")
        .with(&format!("{folder}/renew.timer"), "[Timer]\nOnCalendar=daily\n")
        .with(&format!("{folder}/renew.service"), "[Service]\nExecStart=certbot renew\n")
        .link(&format!("{folder}/timers.target.wants/renew.timer"), "../renew.timer");
    let why = "joe's timers run only while joe is logged in: loginctl enable-linger joe".to_owned();
    assert_eq!((host.only().user.as_deref(), host.why()), (Some("joe"), Some(Ineffective::NotStarted(why))));
    let host = host.with("var/lib/systemd/linger/joe", "");
    assert_eq!(host.why(), None);
}

#[test]
fn loops_tell_their_pause() {
    let unit = "[Service]\nExecStart=/bin/sh -c 'while :; do certbot renew; sleep 12h; done'\n";
    let host = Host::new()
        .with("usr/lib/systemd/systemd", "")
        .with("etc/systemd/system/renewer.service", unit)
        .link("etc/systemd/system/multi-user.target.wants/renewer.service", "../renewer.service");
    assert_eq!(when(&host).rules, [Rule::Every(43_200)]);
    let compose = "services:\n  web:\n    command: while :; do sleep 6h; nginx -s reload; done\n  certbot:\n    image: certbot/certbot\n    entrypoint: \"/bin/sh -c 'while :; do certbot renew; sleep 12h & wait $${!}; done;'\"\n";
    assert_eq!(when(&Host::new().with("opt/x/compose.yaml", compose)).rules, [Rule::Every(43_200)]);
}

#[test]
fn hostile_units_are_bounded() {
    let mut host = Host::debian();
    for i in 0..600 {
        host =
            host.with(&format!("etc/systemd/system/certbot.timer.d/{i}.conf"), "[Timer]\nOnCalendar=daily\n");
    }
    assert!(when(&host).rules.len() <= 501);
    let host = Host::debian().with(TIMER, "[Timer]\nOnCalendar=\u{fffd}\n\\\n\\\n[\n=\n%\nUnit=%\n");
    assert!(host.triggers().is_ok());
}

/// `NAME=value place` of each variable that decides how requests leave the host, and why others may be set.
fn egress(host: &Host) -> (Vec<String>, Option<String>) {
    let egress = host.only().task.egress;
    let set = egress.set.iter().map(|variable| format!("{variable} {}", variable.r#where));
    (set.collect(), egress.unclear)
}

#[test]
fn a_service_has_the_proxies_of_its_unit_and_of_systemd() {
    let service = "[Service]\nEnvironment=\"no_proxy=a, b\" X=1\nEnvironmentFile=-/etc/default/certbot\n";
    let host = Host::debian()
        .with("etc/environment", "https_proxy=http://not.for.services:1\n")
        .with("etc/systemd/system.conf", "[Manager]\nDefaultEnvironment=HTTPS_PROXY=http://p:1 no_proxy=z\n")
        .with("etc/systemd/system/certbot.service.d/x.conf", service)
        .with("etc/default/certbot", "REQUESTS_CA_BUNDLE=/etc/ca.pem\n");
    let place = "/usr/lib/systemd/system/certbot.service";
    assert_eq!(
        egress(&host),
        (
            vec![
                "HTTPS_PROXY=http://p:1 /etc/systemd/system.conf".into(),
                format!("REQUESTS_CA_BUNDLE=/etc/ca.pem {place}"),
                format!("no_proxy=a, b {place}"),
            ],
            None
        )
    );
    assert_eq!(egress(&Host::debian()), (vec![], None));
}

#[test]
fn a_cron_job_has_those_of_the_login_environment_its_table_and_its_script() {
    let table = "ALL_PROXY=http://t:1\n17 3 * * * root /usr/local/sbin/renew\n";
    let host = |script: &str| {
        Host::new()
            .with("etc/os-release", "ID=debian\n")
            .with("usr/sbin/cron", "")
            .with("etc/environment", "# x\nexport HTTPS_PROXY=\"http://e:1\"\nLANG=C\n")
            .with("etc/cron.d/tls", table)
            .with("usr/local/sbin/renew", &format!("#!/bin/sh\n{script}\ncertbot renew -q\n"))
    };
    let (set, unclear) = egress(&host("export https_proxy=http://s:1; unset ALL_PROXY"));
    assert_eq!(
        (set, unclear),
        (
            vec![
                "HTTPS_PROXY=http://e:1 /etc/environment:2".into(),
                "https_proxy=http://s:1 /usr/local/sbin/renew".into(),
                "ALL_PROXY= /usr/local/sbin/renew".into(),
            ],
            None
        )
    );
    for script in [
        ". /etc/profile",
        "https_proxy=$(cat /etc/proxy)",
        "sudo -E true",
        "docker run certbot/certbot renew",
    ] {
        assert!(egress(&host(script)).1.is_some(), "{script}");
    }
}
