use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::facts::{Client, Ineffective, Rule, TriggerKind};
use crate::gather::installs::os;

const TIMER: &str = "[Unit]\nDescription=x\n[Timer]\nOnCalendar=*-*-* 00,12:00:00\nRandomizedDelaySec=43200\n\
                     Persistent=true\n[Install]\nWantedBy=timers.target\n";
const SERVICE: &str = "[Service]\nType=oneshot\nExecStart=/usr/bin/certbot -q renew\n";
const WANTS: &str = "etc/systemd/system/timers.target.wants/certbot.timer";
const DEBIAN: &str = "SHELL=/bin/sh\nPATH=/usr/bin:/bin\n\n0 */12 * * * root test -x /usr/bin/certbot -a \\! -d \
                      /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew\n";

pub(super) struct Host {
    dir: tempfile::TempDir,
}

impl Host {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }.with("etc/hostname", "x")
    }

    /// Debian with systemd and its certbot, the timer enabled.
    pub(super) fn debian() -> Self {
        Self::new()
            .with("etc/os-release", "ID=debian\n")
            .with("usr/lib/systemd/systemd", "")
            .with("usr/lib/systemd/system/certbot.timer", TIMER)
            .with("usr/lib/systemd/system/certbot.service", SERVICE)
            .with("usr/bin/certbot", "#!/usr/bin/python3\n")
            .link("lib", "usr/lib")
            .link(WANTS, "/lib/systemd/system/certbot.timer")
    }

    pub(super) fn with(self, path: &str, text: &str) -> Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        self
    }

    pub(super) fn mode(self, path: &str, mode: u32) -> Self {
        std::fs::set_permissions(self.dir.path().join(path), PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    pub(super) fn link(self, path: &str, target: &str) -> Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    pub(super) fn without(self, path: &str) -> Self {
        std::fs::remove_file(self.dir.path().join(path)).unwrap();
        self
    }

    pub(super) fn triggers(&self) -> Fact<Vec<Trigger>> {
        let root = Root::below(self.dir.path()).unwrap();
        triggers(&root, &os(&root), Path::new("/etc/letsencrypt"))
    }

    pub(super) fn only(&self) -> Trigger {
        let mut all = self.triggers().unwrap();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    pub(super) fn why(&self) -> Option<Ineffective> {
        self.only().ineffective
    }
}

#[test]
fn debians_timer_is_one_effective_trigger_and_its_cron_line_is_inert() {
    let timer = Host::debian().only();
    assert_eq!((timer.kind, timer.ineffective.clone()), (TriggerKind::SystemdTimer, None));
    assert_eq!(timer.r#where, "/usr/lib/systemd/system/certbot.timer");
    assert_eq!(
        (timer.unit.as_deref(), timer.command.as_str()),
        (Some("certbot.timer"), "/usr/bin/certbot -q renew")
    );
    let all = Host::debian().with("etc/cron.d/certbot", DEBIAN).triggers().unwrap();
    assert_eq!(all[1].r#where, "/etc/cron.d/certbot:4");
    assert_eq!(all[1].ineffective, Some(Ineffective::GuardedAgainstSystemd));
}

#[test]
fn without_systemd_the_cron_line_runs() {
    let host = Host::new().with("usr/bin/certbot", "").with("etc/cron.d/certbot", DEBIAN);
    let line = host.only();
    assert_eq!((line.kind, line.user.as_deref(), line.ineffective), (TriggerKind::Cron, Some("root"), None));
}

#[test]
fn a_timer_that_nothing_wants_is_not_enabled() {
    assert_eq!(Host::debian().without(WANTS).why(), Some(Ineffective::NotEnabled));
}

#[test]
fn a_mask_is_named_by_its_path() {
    let mask = |path: &str| Some(Ineffective::Masked(path.into()));
    let host = Host::debian().link("etc/systemd/system/certbot.timer", "/dev/null");
    assert_eq!(host.why(), mask("/etc/systemd/system/certbot.timer"));
    let host = Host::debian().with("etc/systemd/system/certbot.timer", "");
    assert_eq!(host.why(), mask("/etc/systemd/system/certbot.timer"));
    let host = Host::debian().link("etc/systemd/system/certbot.service", "/dev/null");
    assert_eq!(host.why(), mask("/etc/systemd/system/certbot.service"));
}

#[test]
fn a_drop_in_can_take_every_time_away_and_another_give_one_back() {
    let empty = "[Timer]\nOnCalendar=\n";
    let path = "etc/systemd/system/certbot.timer.d/10-off.conf";
    let host = Host::debian().with(path, empty);
    assert_eq!(host.why(), Some(Ineffective::NoTimes(format!("/{path}"))));
    let host = host.with("usr/lib/systemd/system/certbot.timer.d/20-on.conf", "[Timer]\nOnBootSec=5min\n");
    assert_eq!(host.why(), None);
    // The same file name in a folder of higher priority hides the lower one.
    let host = host.link("etc/systemd/system/certbot.timer.d/20-on.conf", "/dev/null");
    assert_eq!(host.why(), Some(Ineffective::NoTimes(format!("/{path}"))));
}

#[test]
fn a_drop_in_can_replace_the_command() {
    let path = "etc/systemd/system/certbot.service.d/override.conf";
    let host = Host::debian()
        .with(path, "[Service]\nExecStart=\nExecStart=-/usr/bin/certbot \\\n  renew --dry-run\n");
    assert_eq!(host.why(), Some(Ineffective::WrongVerb("--dry-run".into())));
    let host = Host::debian().with(path, "[Service]\nExecStart=\nExecStart=/bin/true\n");
    assert_eq!(host.why(), Some(Ineffective::WrongVerb("/bin/true".into())));
    let host = Host::debian().with(path, "[Service]\nUser=joe\nExecStart=\nExecStart=/opt/x/renew.sh\n");
    assert_eq!((host.why(), host.only().user.as_deref()), (None, Some("joe")));
}

#[test]
fn what_a_removed_package_leaves_behind_dangles() {
    let host = Host::debian().without("usr/lib/systemd/system/certbot.timer");
    assert_eq!(host.why(), Some(Ineffective::Dangling(format!("/{WANTS}"))));
    let host = Host::debian().without("usr/lib/systemd/system/certbot.service");
    assert_eq!(host.why(), Some(Ineffective::Dangling("certbot.service".into())));
    let host = Host::debian().without("usr/bin/certbot").with("usr/bin/env", "");
    assert_eq!(host.why(), Some(Ineffective::ProgramMissing("/usr/bin/certbot".into())));
}

#[test]
fn in_a_backup_of_etc_an_enabled_link_counts() {
    let host = Host::new().link(WANTS, "/lib/systemd/system/certbot.timer");
    let timer = host.only();
    assert_eq!((timer.command.as_str(), timer.ineffective), ("", None));
    let host = Host::new().link("etc/systemd/system/timers.target.wants/logrotate.timer", "/lib/x.timer");
    assert!(host.triggers().unwrap().is_empty());
}

#[test]
fn the_snaps_timer_is_of_its_own_kind() {
    let service =
        "[Service]\nExecStart=/usr/bin/snap run --timer=\"00:00~24:00/2\" certbot.renew\nType=oneshot\n";
    let host = Host::new()
        .with("etc/systemd/system/snap.certbot.renew.timer", "[Timer]\nOnCalendar=*-*-* 04:01\n")
        .with("etc/systemd/system/snap.certbot.renew.service", service)
        .link(
            "etc/systemd/system/timers.target.wants/snap.certbot.renew.timer",
            "/etc/systemd/system/snap.certbot.renew.timer",
        );
    assert_eq!((host.only().kind, host.why()), (TriggerKind::Snap, None));
}

#[test]
fn exporters_are_left_out_and_timers_of_other_clients_told_apart() {
    let host = Host::debian()
        .with("usr/lib/systemd/system/acme.timer", TIMER)
        .with("usr/lib/systemd/system/acme.service", "[Service]\nExecStart=/root/.acme.sh/acme.sh --cron\n")
        .with("usr/lib/systemd/system/certbot-exporter.timer", TIMER)
        .with("usr/lib/systemd/system/certbot-exporter.service", "[Service]\nExecStart=/usr/bin/exporter\n");
    let all = host.triggers().unwrap();
    let clients: Vec<_> = all.iter().map(|t| (t.unit.as_deref().unwrap(), t.client, t.effective())).collect();
    assert_eq!(clients, [("acme.timer", Client::AcmeSh, false), ("certbot.timer", Client::Certbot, true)]);
}

#[test]
fn a_timers_times_come_with_its_delays_and_their_places() {
    let drop_in = "[Timer]\nOnCalendar=\nOnCalendar=Mon 03:00\n# c\nOnUnitActiveSec=1w\nOnBootSec=5min\nAccuracySec=1s\n";
    let host = Host::debian().with("etc/systemd/system/certbot.timer.d/x.conf", drop_in);
    let when = host.only().when.unwrap();
    let place = "/etc/systemd/system/certbot.timer.d/x.conf:3".to_owned();
    assert_eq!(
        when.rules,
        [Rule::OnCalendar("Mon 03:00".into(), place), Rule::Every(604_800), Rule::AtBoot(300)]
    );
    assert_eq!((when.delay, when.catches_up), (43_201, true));
    let host = Host::debian().with("etc/systemd/system/certbot-.timer.d/x.conf", "[Timer]\nPersistent=no\n");
    assert!(host.only().when.unwrap().catches_up, "the prefix is another one");
    let host = Host::debian().with("etc/systemd/system/timer.d/x.conf", "[Timer]\nPersistent=no\n");
    assert!(!host.only().when.unwrap().catches_up);
}

#[test]
fn times_that_never_come_and_conditions_that_do_not_hold_are_faults() {
    let timer = |text: &str| Host::debian().with("etc/systemd/system/certbot.timer.d/x.conf", text);
    let never = timer("[Timer]\nOnCalendar=\nOnCalendar=*-02-30\n");
    assert_eq!(never.why(), Some(Ineffective::NeverFires("OnCalendar=*-02-30".into())));
    assert_eq!(
        timer("[Timer]\nOnCalendar=\nOnCalendar=when I say\n").why(),
        Some(Ineffective::NeverFires("when I say".into()))
    );
    let service = "[Unit]\nConditionPathExists=/etc/certbot.enabled\n";
    let host = Host::debian().with("etc/systemd/system/certbot.service.d/x.conf", service);
    assert!(matches!(host.why(), Some(Ineffective::NotStarted(why)) if why.contains("/etc/certbot.enabled")));
    assert_eq!(host.with("etc/certbot.enabled", "").why(), None);
}

#[test]
fn the_service_tells_its_limits_order_and_notices() {
    let service = "[Unit]\nAfter=nss-lookup.target network-online.target\nOnFailure=mail@%n.service\n[Service]\n\
                   EnvironmentFile=-/etc/sysconfig/certbot\nTimeoutStartSec=5min\nStandardOutput=null\nExecStart=\n\
                   ExecStart=/usr/bin/certbot renew $CERTBOT_ARGS\n";
    let host = Host::debian()
        .with("etc/systemd/system/certbot.service.d/x.conf", service)
        .with("etc/sysconfig/certbot", "# c\nCERTBOT_ARGS=\"--cert-name a.example --force-renewal\"\n");
    let trigger = host.only();
    assert_eq!(trigger.command, "/usr/bin/certbot renew --cert-name a.example --force-renewal");
    assert_eq!(trigger.task.only, ["a.example"]);
    assert!(trigger.task.forced.is_some());
    assert_eq!(
        trigger.task.time_limit,
        Some((300, "TimeoutStartSec=5min (/etc/systemd/system/certbot.service.d/x.conf:6)".into()))
    );
    assert!(trigger.task.discards.is_some());
    let state = trigger.unit_state.unwrap();
    assert!(state.after_network);
    assert_eq!(state.on_failure.as_deref(), Some("mail@certbot.service.service"));
}

#[test]
fn a_users_timer_runs_only_with_lingering() {
    let host = Host::new()
        .with("usr/lib/systemd/systemd", "")
        .with("etc/passwd", "root:x:0:0::/root:/bin/sh\njoe:x:1000:1000::/home/joe:/bin/sh\n")
        .with("home/joe/.config/systemd/user/certbot.timer", TIMER)
        .with(
            "home/joe/.config/systemd/user/certbot.service",
            "[Service]\nExecStart=/usr/bin/certbot renew\n",
        )
        .link("home/joe/.config/systemd/user/timers.target.wants/certbot.timer", "../certbot.timer");
    assert!(matches!(host.why(), Some(Ineffective::NotStarted(why)) if why.contains("enable-linger joe")));
    let host = host.with("var/lib/systemd/linger/joe", "");
    assert_eq!((host.why(), host.only().user.as_deref()), (None, Some("joe")));
    let host = host.with("etc/letsencrypt/live/README", "").mode("etc/letsencrypt/live", 0o700);
    assert!(matches!(host.why(), Some(Ineffective::WrongUser(user, _)) if user == "joe"));
}

#[test]
fn a_timer_under_any_name_counts_by_its_command() {
    let host = Host::new()
        .with("etc/systemd/system/tls@.timer", "[Timer]\nOnCalendar=daily\nUnit=tls-run.service\n")
        .with("etc/systemd/system/tls-run.service", "[Service]\nExecStart=/usr/local/sbin/tls.sh\n")
        .with("usr/local/sbin/tls.sh", "#!/bin/bash\ncertbot renew --quiet\n")
        .link("etc/systemd/system/timers.target.wants/tls@a.timer", "../tls@.timer");
    assert_eq!((host.only().unit.as_deref(), host.why()), (Some("tls@a.timer"), None));
}

#[test]
fn cron_ignores_files_by_name_and_mode() {
    let line = "17 3 * * * root certbot renew\n";
    let ignored = |host: &Host| matches!(host.why(), Some(Ineffective::FileIgnored(_)));
    assert!(ignored(&Host::new().with("etc/cron.d/certbot.cron", line)));
    assert!(ignored(&Host::new().with("etc/cron.d/certbot", line).mode("etc/cron.d/certbot", 0o664)));
    assert!(!ignored(&Host::new().with("etc/cron.d/certbot", line)));
    let rocky = Host::new().with("etc/os-release", "ID=rocky\n").with("etc/cron.d/certbot.cron", line);
    assert_eq!(rocky.why(), None);
    assert!(Host::new().with("etc/cron.d/certbot.dpkg-old", line).triggers().unwrap().is_empty());
}

#[test]
fn scripts_of_run_parts_must_be_executable() {
    let host = Host::new().with("etc/cron.daily/renew", "#!/bin/sh\ncertbot renew -q\n");
    assert_eq!(host.why(), Some(Ineffective::FileIgnored("it is not executable".into())));
    let host = host.mode("etc/cron.daily/renew", 0o755);
    assert_eq!((host.only().kind, host.why()), (TriggerKind::CronDir, None));
    let host = Host::new().with("etc/periodic/daily/certbot", "#!/bin/sh\ncertbot renew\n");
    assert_eq!(host.mode("etc/periodic/daily/certbot", 0o755).only().kind, TriggerKind::Periodic);
}

#[test]
fn all_kinds_of_tables_are_read() {
    let host = Host::new()
        .with("etc/crontab", "MAILTO=root\n# 1 1 * * * root certbot renew\n-5 4 * * sun root certbot renew\n")
        .with("var/spool/cron/crontabs/root", "@daily certbot renew --deploy-hook \"date +\\%s\"\n")
        .with("var/spool/cron/joe", "0 0 1 * * /usr/bin/certbot certonly -d a\n")
        .with(
            "etc/anacrontab",
            "START_HOURS_RANGE=3-22\n1 5 renew.daily nice certbot renew\n@monthly 45 x run-parts /x\n",
        );
    let all = host.triggers().unwrap();
    let places: Vec<(&str, Option<&str>, bool)> =
        all.iter().map(|t| (t.r#where.as_str(), t.user.as_deref(), t.effective())).collect();
    assert_eq!(
        places,
        [
            ("/etc/crontab:3", Some("root"), true),
            ("/var/spool/cron/crontabs/root:1", Some("root"), true),
            ("/var/spool/cron/joe:1", Some("joe"), false),
            ("/etc/anacrontab:2", None, true),
        ]
    );
    assert_eq!(all[3].kind, TriggerKind::Anacron);
}

#[test]
fn alpines_linked_crontabs_are_read_once() {
    let host = Host::new()
        .with("etc/crontabs/root", "0 1 * * * certbot renew\n")
        .link("var/spool/cron/crontabs", "/etc/crontabs");
    assert_eq!(host.only().user.as_deref(), Some("root"));
}

#[test]
fn freebsds_switch_needs_the_script_of_the_port() {
    let host = Host::new().with("etc/periodic.conf", "weekly_certbot_enable=\"YES\"\n");
    assert_eq!((host.only().kind, host.why()), (TriggerKind::Periodic, None));
    let host = host.with("usr/local/etc/periodic/weekly/400.status-pkg", "");
    assert!(matches!(host.why(), Some(Ineffective::ProgramMissing(_))));
    assert!(
        Host::new()
            .with("etc/periodic.conf", "weekly_certbot_enable=\"NO\"\n")
            .triggers()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_compose_file_counts_only_if_it_loops() {
    let looped = "services:\n  certbot:\n    image: certbot/certbot\n    entrypoint: \"/bin/sh -c 'while :; do certbot renew; sleep 12h; done;'\"\n";
    let host = Host::new().with("home/joe/site/docker-compose.yml", looped);
    let found = host.only();
    assert_eq!(
        (found.kind, found.r#where.as_str()),
        (TriggerKind::Container, "/home/joe/site/docker-compose.yml:4")
    );
    let once = "services:\n  certbot:\n    image: certbot/certbot\n    command: renew\n";
    let host = Host::new().with("opt/site/compose.yaml", once).with("usr/bin/docker", "");
    assert!(matches!(host.why(), Some(Ineffective::NotStarted(why)) if why.contains("once")));
}

#[test]
fn nothing_found_is_only_said_where_everything_was_looked_at() {
    assert!(Host::new().triggers().unwrap().is_empty());
    let dir = tempfile::tempdir().unwrap();
    let root = Root::below(dir.path()).unwrap();
    let missing = triggers(&root, &os(&root), Path::new("/etc/letsencrypt")).unwrap_err();
    assert_eq!((missing.what.as_str(), missing.why, missing.role), ("etc", Why::NotFound, Role::Schedule));
    let missing = Host::new().with("usr/bin/docker", "").triggers().unwrap_err();
    assert_eq!(missing.what, "the containers' own schedules");
    // An unreadable crontab decides only where nothing else renews.
    let huge = Host::new().with("etc/crontab", &"#\n".repeat(1 << 20));
    assert_eq!(huge.triggers().unwrap_err().what, "/etc/crontab");
    assert!(huge.with("var/spool/cron/root", "@daily certbot renew\n").triggers().is_ok());
}

#[test]
fn a_service_or_program_that_renews_in_a_loop_counts() {
    let unit = "[Service]\nExecStart=/bin/sh -c 'while :; do certbot renew; sleep 12h; done'\n";
    let wants = "etc/systemd/system/multi-user.target.wants/renewer.service";
    let host = Host::debian().without(WANTS).with("etc/systemd/system/renewer.service", unit);
    assert!(!host.triggers().unwrap().iter().any(Trigger::effective));
    let host = host.link(wants, "/etc/systemd/system/renewer.service");
    assert!(host.triggers().unwrap().iter().any(Trigger::effective));
    let script = "#!/bin/sh\nwhile true; do\n  certbot renew -q\n  sleep 43200\ndone\n";
    let program = "[program:renew]\ncommand=/opt/renew-loop.sh\n";
    let host =
        Host::new().with("opt/renew-loop.sh", script).with("etc/supervisor/conf.d/renew.conf", program);
    assert!(host.triggers().unwrap().iter().any(Trigger::effective));
}

#[test]
fn podmans_generator_makes_the_service_of_a_container() {
    let host = Host::debian().without("usr/lib/systemd/system/certbot.service");
    assert!(!host.triggers().unwrap().iter().any(Trigger::effective));
    let host = host.with("etc/containers/systemd/certbot.container", "[Container]\nImage=certbot/certbot\n");
    assert!(host.triggers().unwrap().iter().any(Trigger::effective));
}

#[test]
fn links_in_a_circle_are_harmless() {
    let host = Host::new()
        .link("etc/systemd/system/certbot.timer", "certbot.timer")
        .link("etc/systemd/system/timers.target.wants", "timers.target.wants")
        .link("etc/cron.d/certbot", "certbot")
        .link("opt/a", "a");
    // What cannot be read is not silently passed over.
    assert!(host.triggers().is_err());
}
