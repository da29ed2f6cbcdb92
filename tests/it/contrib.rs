//! What contrib/ holds: units and cron lines, judged by systemd's and cron's own tools and run by a real systemd.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::booted::Booted;
use crate::lab::{run, skip};
use crate::program::{AT, Host};

/// The sandbox host of `acme-audit demo`: one lineage for each of many faults.
const DEMO: &str = include_str!("../../src/demo/host.txt");
const UNITS: [&str; 5] = [
    "acme-audit.service",
    "acme-audit.timer",
    "acme-audit-notify@.service",
    "acme-audit-renew.service",
    "acme-audit-renew.timer",
];

fn contrib(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(contrib(path)).unwrap_or_else(|e| panic!("contrib/{path}: {e}"))
}

/// Copies the units into a host, as contrib/README.md says.
fn install(root: &Path) {
    let units = root.join("etc/systemd/system");
    fs::create_dir_all(&units).expect("a folder");
    for unit in UNITS {
        fs::copy(contrib("systemd").join(unit), units.join(unit)).expect("a copy");
    }
}

fn write(root: &Path, path: &str, text: &str, mode: u32) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// systemd's analyser, which needs no running systemd; `None` where it is not installed.
fn analyze<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Option<Output> {
    match Command::new("systemd-analyze").arg("--no-pager").args(args).output() {
        Ok(output) => Some(output),
        Err(_) => {
            skip("needs systemd-analyze");
            None
        }
    }
}

/// What an analyser says, and whether it is content.
fn said(output: &Output) -> (String, bool) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.success())
}

#[test]
fn the_units_pass_systemd_analyze_verify() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path();
    for program in ["usr/bin/acme-audit", "usr/bin/sh"] {
        write(root, program, "#!/bin/sh\n", 0o755);
    }
    symlink("usr/bin", root.join("bin")).expect("a link");
    symlink("usr/lib", root.join("lib")).expect("a link");
    fs::create_dir_all(root.join("usr/lib/systemd")).expect("a folder");
    if !Path::new("/usr/lib/systemd/system").is_dir() {
        return skip("needs systemd's own units");
    }
    run(Command::new("cp").args(["-a", "/usr/lib/systemd/system"]).arg(root.join("usr/lib/systemd")));
    install(root);
    let verify = |units: &[&str]| {
        let root = format!("--root={}", root.display());
        analyze([&["verify", &root, "--man=no", "--recursive-errors=no"], units].concat())
    };
    let units = [
        "acme-audit.service",
        "acme-audit.timer",
        "acme-audit-notify@acme-audit.service.service",
        "acme-audit-renew.service",
        "acme-audit-renew.timer",
    ];
    let Some(output) = verify(&units) else { return };
    assert_eq!(said(&output), (String::new(), true));

    let drop_in = "etc/systemd/system/acme-audit-renew.service.d/strict.conf";
    write(root, drop_in, &text("systemd/renew-strict.conf"), 0o644);
    assert_eq!(said(&verify(&units[3..4]).expect("the analyser")), (String::new(), true));

    // It does look: a misspelt setting and a program that is not there are refused.
    write(root, drop_in, "[Service]\nProtectSytem=strict\n", 0o644);
    assert!(said(&verify(&units[3..4]).expect("the analyser")).0.contains("Unknown key"));
    fs::remove_file(root.join("usr/bin/acme-audit")).expect("removed");
    assert!(!said(&verify(&units[..1]).expect("the analyser")).1);
}

/// The exposure that `systemd-analyze security` sees, in tenths, for a unit with more lines; 100 is the worst.
fn exposure(unit: &str, more: &str) -> Option<u32> {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), unit, &format!("{}\n{more}", text(&format!("systemd/{unit}"))), 0o644);
    let (said, _) = said(&analyze([
        OsStr::new("security"),
        OsStr::new("--offline=true"),
        dir.path().join(unit).as_os_str(),
    ])?);
    let figure = said.rsplit_once("Overall exposure level for ").and_then(|(_, rest)| {
        let figure = rest.split_once(": ")?.1.split_whitespace().next()?;
        figure.replace('.', "").parse().ok()
    });
    Some(figure.unwrap_or_else(|| panic!("no figure in:\n{said}")))
}

#[test]
fn the_audit_is_exposed_by_two_at_most_and_the_renewal_by_what_hooks_need() {
    let Some(audit) = exposure("acme-audit.service", "") else { return };
    let exposure = |unit: &str, more: &str| exposure(unit, more).expect("the analyser");
    let renew = exposure("acme-audit-renew.service", "");
    let strict = exposure("acme-audit-renew.service", &text("systemd/renew-strict.conf"));
    let notify = exposure("acme-audit-notify@.service", "");
    println!("exposure in tenths: audit {audit}, renew {renew}, renew-strict.conf {strict}, notify {notify}");
    assert!(audit <= 20, "{audit}");
    assert!(renew <= 75 && strict <= 30 && notify <= 60, "{renew} {strict} {notify}");
}

/// A table's lines with their commands; `#` taken from those that are switched off.
fn jobs(table: &str, columns: usize) -> Vec<(String, String)> {
    let lines = table.lines().map(|line| line.trim_start_matches('#'));
    let jobs = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    jobs.map(|line| {
        let words: Vec<&str> = line.splitn(columns + 1, [' ', '\t']).collect();
        (words[..columns].join(" "), words[columns].to_owned())
    })
    .collect()
}

/// What a job's command does where its timer is or is not active, with stand-ins for the programs.
fn does(command: &str, timer_is_active: bool) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let say = "#!/bin/sh\necho \"${0##*/} $*\"\n";
    for program in ["acme-audit", "sleep"] {
        write(dir.path(), program, say, 0o755);
    }
    write(
        dir.path(),
        "systemctl",
        &format!("#!/bin/sh\nexit {}\n", if timer_is_active { 0 } else { 3 }),
        0o755,
    );
    let path = format!("{}:/usr/bin:/bin", dir.path().display());
    let output = run(Command::new("/bin/sh").args(["-c", command]).env("PATH", path));
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Checks both jobs of a table: the audit and the renewal.
fn check_jobs(jobs: &[(String, String)]) {
    let [(_, audit), (_, renew)] = jobs else { panic!("{jobs:?}") };
    assert_eq!(does(audit, false), "acme-audit -q\n");
    assert!(does(renew, false).ends_with("acme-audit renew -q\n"), "{}", does(renew, false));
    assert_eq!(does(audit, true) + &does(renew, true), "");
}

#[test]
fn the_cron_lines_are_right() {
    let table = text("cron/acme-audit");
    assert!(table.ends_with('\n'), "cron passes over a last line without an end");
    let jobs = jobs(&table, 6);
    for (columns, command) in &jobs {
        assert!(columns.ends_with(" root"), "{columns}");
        assert!(!command.replace("\\%", "").contains('%'), "a bare % ends the command: {command}");
    }
    // What cron hands to the shell.
    let handed: Vec<_> =
        jobs.iter().map(|(when, command)| (when.clone(), command.replace("\\%", "%"))).collect();
    check_jobs(&handed);
    let sleep = does(&handed[1].1, false);
    let seconds: u32 =
        sleep.lines().next().and_then(|l| l.strip_prefix("sleep ")?.parse().ok()).expect(&sleep);
    assert!(seconds < 3600);

    // cron's own parser knows tables without the user's column.
    let own: String = table
        .lines()
        .map(|line| {
            line.trim_start_matches("#41").replacen(" root ", " ", 1).replacen(" 3,15", "41 3,15", 1) + "\n"
        })
        .collect();
    assert!(own.contains("\n41 3,15 * * * systemctl"), "{own}");
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "table", &own, 0o644);
    match Command::new("crontab").arg("-n").arg(dir.path().join("table")).output() {
        Ok(output) if said(&output).0.contains("no changes were made") || output.status.success() => {
            write(dir.path(), "table", &own.replace("41 3,15", "61 3,15"), 0o644);
            let wrong = Command::new("crontab").arg("-n").arg(dir.path().join("table")).output();
            assert!(!wrong.expect("crontab").status.success(), "crontab -n looks at nothing");
        }
        Ok(output) => panic!("{}", said(&output).0),
        Err(_) => skip("crontab -n: needs Debian's cron"),
    }
}

#[test]
fn the_anacron_lines_are_right() {
    let table = text("cron/anacrontab");
    check_jobs(&jobs(&table, 3));
    let dir = tempfile::tempdir().expect("a folder");
    let judge = |table: &str| {
        write(dir.path(), "anacrontab", table, 0o644);
        let (table, spool) = (dir.path().join("anacrontab"), dir.path());
        Command::new("anacron").arg("-T").arg("-t").arg(table).arg("-S").arg(spool).output()
    };
    let table = table.replace("#1\t", "1\t");
    match judge(&table) {
        Ok(output) => {
            assert_eq!(said(&output), (String::new(), true));
            let wrong = judge(&table.replace("1\t15\t", "1\tsoon\t")).expect("anacron");
            assert!(!said(&wrong).1, "anacron -T looks at nothing");
        }
        Err(_) => skip("anacron -T: needs anacron"),
    }
}

#[test]
fn the_gatherer_sees_the_cron_lines_that_renew() {
    let host = Host::manifest(DEMO);
    write(host.root(), "usr/bin/acme-audit", "", 0o755);
    write(host.root(), "usr/sbin/anacron", "", 0o755);
    write(host.root(), "etc/cron.d/acme-audit", &text("cron/acme-audit").replace("#41 ", "41 "), 0o644);
    write(host.root(), "etc/anacrontab", &text("cron/anacrontab").replace("#1\t", "1\t"), 0o644);
    install(host.root());
    symlink(
        "/etc/systemd/system/acme-audit-renew.timer",
        host.path("etc/systemd/system/timers.target.wants/acme-audit-renew.timer"),
    )
    .expect("a link");
    let facts = String::from_utf8(host.run(&["facts"]).stdout).expect("text");
    let facts: serde_json::Value =
        serde_json::from_str(facts.lines().next().expect("the host's line")).expect("JSON");
    let triggers = facts["triggers"]["Ok"].as_array().expect("triggers");
    for file in ["/etc/cron.d/acme-audit:", "/etc/anacrontab:", "/etc/systemd/system/acme-audit-renew.timer"]
    {
        let of_ours = |t: &&serde_json::Value| {
            let text = |key: &str| t[key].as_str().unwrap_or_default();
            text("where").starts_with(file) && text("command").contains("acme-audit renew -q")
        };
        let found = triggers.iter().find(of_ours).unwrap_or_else(|| panic!("{file} in {triggers:#?}"));
        assert!(found["ineffective"].is_null(), "{found:#}");
    }
}

/// Gives the demo host what a sandbox of the unit might hide: things in temporary folders and homes, files of others.
fn hidden_corners(host: &Host) {
    let root = host.root();
    let conf = |name: &str| root.join(format!("etc/letsencrypt/renewal/{name}.conf"));
    let replace = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(conf(name)).expect("a conf");
        assert!(text.contains(from), "{text}");
        fs::write(conf(name), text.replace(from, to)).expect("a conf");
    };
    // Web roots that are there, all of them in places that sandboxes like to hide.
    for (name, to) in [
        ("shop.example", "/tmp/shop"),
        ("photos.example", "/var/tmp/photos"),
        ("wiki.example", "/root/www"),
        ("bank.example", "/home/ops/www"),
    ] {
        replace(name, &format!("/var/www/{name}"), to);
        fs::create_dir_all(root.join(&to[1..])).expect("a folder");
    }
    let hook = "#!/bin/sh\nsystemctl reload nginx\n";
    write(root, "home/ops/bin/reload", hook, 0o700);
    write(root, "tmp/hook", hook, 0o700);
    fs::OpenOptions::new()
        .append(true)
        .open(conf("crm.example"))
        .and_then(|mut f| {
            std::io::Write::write_all(&mut f, b"post_hook = /tmp/hook\npre_hook = /home/ops/bin/reload\n")
        })
        .expect("a conf");
    let compose = "services:\n  certbot:\n    image: certbot/certbot\n    entrypoint: sh -c 'while :; do certbot renew; sleep 12h; done'\n";
    write(root, "home/ops/web/docker-compose.yml", compose, 0o600);
    write(root, "root/web/docker-compose.yml", compose, 0o600);
    write(root, "var/spool/cron/crontabs/ops", "7 7 * * * /home/ops/bin/renew\n", 0o600);
    write(root, "home/ops/bin/renew", "#!/bin/sh\nsudo certbot renew -q\n", 0o700);
    let venv = "root/.local/share/pipx/venvs/certbot";
    write(root, &format!("{venv}/pyvenv.cfg"), "home = /usr/bin\n", 0o600);
    write(
        root,
        &format!("{venv}/lib/python3.13/site-packages/certbot-5.1.0.dist-info/METADATA"),
        "Metadata-Version: 2.1\nName: certbot\nVersion: 5.1.0\n",
        0o600,
    );
    write(
        root,
        &format!("{venv}/bin/certbot"),
        "#!/root/.local/share/pipx/venvs/certbot/bin/python\n",
        0o700,
    );
    // Keys that belong to somebody else, in a folder that only its owner may enter.
    let key = root.join("etc/letsencrypt/archive/shop.example");
    for path in [&key, &root.join("home/ops"), &root.join("home/ops/bin"), &root.join("home/ops/bin/renew")] {
        chown(path, Some(33), Some(33)).expect("an owner");
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o700)).expect("a mode");
    fs::set_permissions(root.join("home/ops"), fs::Permissions::from_mode(0o700)).expect("a mode");
    // Somebody holds certbot's lock, and a daemon runs as another user.
    write(
        root,
        "etc/systemd/system/holder.service",
        "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/usr/bin/python3 -c 'import fcntl, subprocess, time; f = open(\"/etc/letsencrypt/.certbot.lock\", \"w\"); fcntl.lockf(f, fcntl.LOCK_EX); subprocess.run([\"systemd-notify\", \"--ready\"]); time.sleep(600)'\n",
        0o644,
    );
    write(
        root,
        "etc/systemd/system/daemon.service",
        "[Service]\nUser=www-data\nExecStart=/bin/sleep 600\n",
        0o644,
    );
}

/// Starts the unit with other commands; whatever their exit codes, what they print.
fn under(booted: &Booted, unit: &str, commands: &[&str]) -> String {
    let lines: String = commands.iter().map(|command| format!("ExecStart={command}\n")).collect();
    let drop_in = format!("[Unit]\nOnFailure=\n[Service]\nExecStart=\n{lines}StandardOutput=file:/run/out\n");
    booted.sh(&format!(
        "mkdir -p /run/systemd/system/{unit}.d; rm -f /run/out
        cat >/run/systemd/system/{unit}.d/test.conf <<'E'\n{drop_in}E
        systemctl daemon-reload; systemctl start {unit} || true; systemctl reset-failed {unit} 2>/dev/null || true
        cat /run/out"
    ))
}

#[test]
fn the_audit_finds_the_same_under_its_unit_as_in_a_root_shell() {
    let host = Host::manifest(DEMO);
    install(host.root());
    if crate::lab::lab().is_none() {
        return;
    }
    hidden_corners(&host);
    let Some(booted) = Booted::start(host.root()) else { return };
    booted.sh("systemctl start holder.service daemon.service
        mkdir /home/ops/mounted; mount -t tmpfs tmpfs /home/ops/mounted
        cp /home/ops/web/docker-compose.yml /home/ops/mounted/");

    let unit = "acme-audit.service";
    let ours = format!("acme-audit --at {AT} --color never");
    for what in ["", "--format json", "-q", "facts"] {
        // The command of the unit is itself something that is seen: it must be the same for both.
        let in_unit = under(&booted, unit, &[&format!("/usr/bin/{ours} {what}")]);
        let shell = booted.sh(&format!("{ours} {what} || true"));
        let scrub = |text: &str| {
            // When it was looked at, and when the host last wrote something, differ, and they alone.
            let without = |line: &str, key: &str| match line.split_once(key) {
                Some((before, after)) => {
                    format!("{before}{}", after.split_once('"').map_or("", |(_, rest)| rest))
                }
                None => line.to_owned(),
            };
            let lines = text.lines().map(|line| match line.contains("\"generated_at\"") {
                true => String::new(),
                false => without(&without(line, "\"gathered_at\":\""), "\"alive\":\""),
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(scrub(&in_unit), scrub(&shell), "`{what}`");
        // There is something to see, in what a sandbox may hide.
        let seen: &[&str] = match what {
            "facts" => &[
                "/home/ops/web/docker-compose.yml",
                "/home/ops/mounted/docker-compose.yml",
                "/root/web/docker-compose.yml",
                "/var/spool/cron/crontabs/ops",
                "/root/.local/share/pipx/venvs/certbot",
                "\"locked_by\":{\"Ok\":",
            ],
            _ => &["plugin-not-installed", "webroot-moved-or-deleted", "/var/www/docs-2023"],
        };
        for part in seen {
            assert!(shell.contains(part), "`{what}` does not show {part}:\n{shell}");
        }
        for there in ["/tmp/shop, ", "/var/tmp/photos, ", "/root/www, ", "/home/ops/www, "] {
            assert!(!shell.contains(there), "{there}");
        }
    }

    // Processes of others too; and nothing can be written but the state.
    let daemon = booted.sh("systemctl show --value -p MainPID daemon.service");
    let seen = under(&booted, unit, &[&format!("/bin/cat /proc/{}/comm /proc/1/comm", daemon.trim())]);
    assert_eq!(seen, "sleep\nsystemd\n");
    // What is asked of systemd over its sockets is answered alike.
    let ask = "systemctl show --value -p ActiveState daemon.service; busctl get-property org.freedesktop.systemd1 \
        /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager UnitPath; true";
    let answers = booted.sh(ask);
    assert!(answers.starts_with("active\nas "), "{answers}");
    assert_eq!(under(&booted, unit, &[&format!("/bin/sh -c '{ask}'")]), answers);
    let tried = "for d in /etc /tmp /var/tmp /root /home/ops /run /usr/bin /var/lib/letsencrypt /var/lib/acme-audit; do \
        touch $$d/written 2>/dev/null && echo $$d; done; true";
    assert_eq!(under(&booted, unit, &[&format!("/bin/sh -c '{tried}'")]), "/var/lib/acme-audit\n");
}

#[test]
fn a_bad_audit_fails_its_unit_and_somebody_is_told() {
    let host = Host::manifest(DEMO);
    install(host.root());
    let as_of = format!("[Service]\nExecStart=\nExecStart=/usr/bin/acme-audit -q --at {AT}\n");
    write(host.root(), "etc/systemd/system/acme-audit.service.d/at.conf", &as_of, 0o644);
    let sendmail = "#!/bin/sh\ncat >/run/mail\n";
    write(host.root(), "usr/sbin/sendmail", sendmail, 0o755);
    let Some(booted) = Booted::start(host.root()) else { return };
    // Where the machine has a sendmail, that hides the host's.
    booted.sh(&format!(
        "printf %s '{sendmail}' >/run/sendmail; chmod 755 /run/sendmail; mount --bind /run/sendmail /usr/sbin/sendmail
        systemctl start acme-audit.service && exit 1
        [ \"$(systemctl show --value -p ExecMainStatus acme-audit.service)\" = 2 ]
        for i in $(seq 100); do [ -s /run/mail ] && break; sleep 0.1; done
        systemctl is-failed acme-audit-notify@acme-audit.service.service && exit 1; true"
    ));
    let mail = booted.sh("cat /run/mail");
    assert!(mail.starts_with("To: root\nSubject: acme-audit.service failed on web1\n"), "{mail}");
    let journal = booted.sh("journalctl -q -o cat -p err -t acme-audit");
    for text in [mail, journal] {
        assert!(text.contains("exited, status=2"), "{text}");
        assert!(text.contains("webroot-moved-or-deleted"), "{text}");
    }
}

/// What hooks do in the field, one line each.
const HOOKS: &str = r"
exec 2>&1
systemctl reload web.service; systemctl restart web.service
cp /etc/hostname /etc/haproxy.pem; chown www-data:mail /etc/haproxy.pem; chmod 2750 /etc/haproxy.pem
for d in /root /home /tmp /var/tmp /srv /run /var/lib; do touch $d/written; done
kill -HUP $(systemctl show --value -p MainPID web.service)
mkdir -p /mnt/x; mount -t tmpfs tmpfs /mnt/x; touch /mnt/x/written
runuser -u www-data -- id -un
ip addr add 127.0.0.9/8 dev lo
unshare --mount --pid --fork true
grep -q 'NoNewPrivs:.0' /proc/self/status
setsid sleep 600 >/dev/null 2>&1 &
";

#[test]
fn hooks_can_do_their_work_under_the_renewal_unit() {
    let host = Host::manifest(DEMO);
    install(host.root());
    write(host.root(), "root/hooks", &format!("#!/bin/sh\nset -eu\n{HOOKS}echo done\n"), 0o755);
    let web = "[Service]\nExecStart=/bin/sh -c 'trap : HUP; while :; do sleep 1; done'\nExecReload=/bin/touch /run/reloaded\n";
    write(host.root(), "etc/systemd/system/web.service", web, 0o644);
    let Some(booted) = Booted::start(host.root()) else { return };
    booted.sh("systemctl start web.service");
    let out = under(&booted, "acme-audit-renew.service", &["/root/hooks"]);
    let journal = booted.sh("journalctl -q -o cat -u acme-audit-renew.service");
    assert_eq!(out, "www-data\ndone\n", "{journal}");
    // The host itself sees it all, also what was mounted and started.
    booted.sh("test -e /mnt/x/written -a -e /run/reloaded -a -e /tmp/written; pidof sleep; ip addr show lo | grep -q 127.0.0.9");
    assert_eq!(booted.sh("stat -c '%U %a' /etc/haproxy.pem"), "www-data 2750\n");

    // What renew-strict.conf is for still works with it.
    let strict = text("systemd/renew-strict.conf");
    booted.sh(&format!(
        "mkdir /etc/systemd/system/acme-audit-renew.service.d
        cat >/etc/systemd/system/acme-audit-renew.service.d/strict.conf <<'E'\n{strict}E
        rm /run/reloaded"
    ));
    let simple = "systemctl reload web.service && systemctl restart web.service && cp /etc/hostname /etc/web.pem && \
        chown www-data:mail /etc/web.pem && touch /var/lib/acme-audit/x /var/log/letsencrypt/x && \
        kill -HUP $$(systemctl show --value -p MainPID web.service) && ! touch /var/lib/x 2>/dev/null && echo done";
    let out = under(&booted, "acme-audit-renew.service", &[&format!("/bin/sh -c '{simple}'")]);
    let journal = booted.sh("journalctl -q -o cat -u acme-audit-renew.service | tail -n 20");
    assert_eq!(out, "done\n", "{journal}");
    booted.sh("test -e /run/reloaded");
}

#[test]
fn the_timers_have_a_next_time_and_keep_the_cron_line_quiet() {
    let host = Host::manifest(DEMO);
    install(host.root());
    let Some(booted) = Booted::start(host.root()) else { return };
    let audit = jobs(&text("cron/acme-audit"), 6)[0].1.replace("acme-audit -q", "echo runs");
    assert_eq!(booted.sh(&audit), "runs\n");
    booted.sh("systemctl enable -q --now acme-audit.timer acme-audit-renew.timer");
    for timer in ["acme-audit.timer", "acme-audit-renew.timer"] {
        let next = booted.sh(&format!("systemctl show --value -p NextElapseUSecRealtime {timer}"));
        assert!(next.contains(':'), "{timer}: {next:?}");
    }
    assert_eq!(booted.sh(&audit), "");
}
