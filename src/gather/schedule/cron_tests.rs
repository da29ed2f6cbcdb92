use super::tests::Host;
use crate::facts::{Client, Ineffective, Purpose, Rule};

const PASSWD: &str = "root:x:0:0::/root:/bin/sh\njoe:x:1000:1000::/home/joe:/bin/sh\n";

#[test]
fn a_line_says_when_it_fires() {
    let host = Host::new().with("etc/crontab", "17 3 * * * root certbot renew\n");
    assert_eq!(host.only().when.unwrap().rules, [Rule::Cron("17 3 * * *".into())]);
    let host = Host::new().with("var/spool/cron/crontabs/root", "MAILTO=\"\"\n@reboot certbot renew\n");
    let line = host.only();
    assert_eq!(line.when.unwrap().rules, [Rule::AtBoot(0)]);
    assert_eq!(line.task.discards.as_deref(), Some("MAILTO=\"\""));
}

#[test]
fn only_cronie_knows_a_zone() {
    let table = "CRON_TZ=Asia/Tokyo\n1 2 * * * root certbot renew\n";
    let zone = |id: &str| {
        let host = Host::new().with("etc/os-release", id).with("etc/crontab", table);
        host.only().when.unwrap().zone
    };
    assert_eq!((zone("ID=rocky\n").as_deref(), zone("ID=debian\n")), (Some("Asia/Tokyo"), None));
}

#[test]
fn a_user_in_a_users_table_and_none_in_the_systems() {
    let column = |word: &str| Some(Ineffective::UserColumn(word.into()));
    let host = Host::new().with("var/spool/cron/crontabs/root", "1 2 * * * root certbot renew\n");
    assert_eq!(host.why(), column("root"));
    let host = Host::new().with("etc/passwd", PASSWD).with("etc/cron.d/x", "1 2 * * * certbot renew -q\n");
    assert_eq!(host.why(), column("certbot"));
    // Debian's cron refuses the other lines with it.
    let host = host.with("etc/cron.d/x", "1 2 * * * /bin/true\n3 4 * * * root certbot renew\n");
    assert!(matches!(host.why(), Some(Ineffective::Syntax(_))));
    let host = host.with("etc/os-release", "ID=rocky\n");
    assert_eq!(host.why(), None);
}

#[test]
fn a_last_line_without_its_end_is_refused_on_debian() {
    let host = Host::new().with("etc/crontab", "1 2 * * * root certbot renew");
    assert!(matches!(host.why(), Some(Ineffective::Syntax(_))));
    let host = Host::new().with("etc/crontab", "1 2 * * * root certbot renew\n# x");
    assert_eq!(host.why(), None);
}

#[test]
fn a_percent_matters_only_where_it_cuts_the_renewal() {
    let why = |command: &str| Host::new().with("etc/crontab", &format!("1 2 * * * root {command}\n")).why();
    assert!(matches!(why("date +%F; certbot renew"), Some(Ineffective::CutByPercent(_))));
    assert!(matches!(why("certbot renew >$(date +%F)"), Some(Ineffective::CutByPercent(_))));
    assert_eq!(why("certbot renew; date +%F"), None);
    assert_eq!(why("date +\\%F; certbot renew"), None);
}

#[test]
fn a_program_must_be_on_the_path() {
    let host = |table: &str| {
        Host::new()
            .with("usr/bin/sh", "")
            .with("snap/bin/certbot", "")
            .with("var/spool/cron/crontabs/root", table)
            .why()
    };
    let lost = |path: &str| Some(Ineffective::NotOnPath("certbot".into(), path.into()));
    assert_eq!(host("1 2 * * * certbot renew\n"), lost("/usr/bin:/bin"));
    assert_eq!(host("PATH=/usr/bin:/snap/bin\n1 2 * * * certbot renew\n"), None);
    assert_eq!(host("1 2 * * * PATH=$PATH:/snap/bin certbot renew\n"), None);
    assert_eq!(host("1 2 * * * sudo certbot renew\n"), None);
    assert_eq!(host("1 2 * * * /snap/bin/certbot renew\n"), None);
}

#[test]
fn other_clients_and_audits_are_named() {
    let seen = |command: &str| {
        let line = Host::new().with("etc/crontab", &format!("1 2 * * * root {command}\n")).only();
        (line.client, line.task.purpose, line.effective())
    };
    assert_eq!(seen("/root/.acme.sh/acme.sh --cron"), (Client::AcmeSh, Purpose::Renews, false));
    assert_eq!(seen("lego --email x renew"), (Client::Lego, Purpose::Renews, false));
    assert_eq!(seen("dehydrated -c"), (Client::Dehydrated, Purpose::Renews, false));
    assert_eq!(seen("getssl -u -a -q"), (Client::Getssl, Purpose::Renews, false));
    assert_eq!(seen("uacme issue x"), (Client::Uacme, Purpose::Renews, false));
    assert_eq!(seen("acme-audit --format nagios"), (Client::AcmeAudit, Purpose::Audits, false));
    assert_eq!(seen("acme-audit renew"), (Client::AcmeAudit, Purpose::Renews, true));
}

#[test]
fn a_folders_scripts_run_by_the_line_that_names_it() {
    let script = "etc/cron.daily/renew";
    let line =
        "25 6 * * * root test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }\n";
    let host =
        Host::new().with(script, "#!/bin/sh\ncertbot renew\n").mode(script, 0o755).with("etc/crontab", line);
    assert_eq!(host.only().when.unwrap().rules, [Rule::Cron("25 6 * * *".into())]);
    let host = host
        .with(
            "etc/anacrontab",
            "START_HOURS_RANGE=3-22\nRANDOM_DELAY=45\n1 5 cron.daily run-parts /etc/cron.daily\n",
        )
        .with("var/spool/anacron/cron.daily", "20260102\n");
    let found = host.only();
    let when = found.when.unwrap();
    assert_eq!(when.rules, [Rule::Anacron(1, 3, 22)]);
    assert_eq!((when.delay, when.catches_up), (3_000 + 19 * 3_600, true));
    assert_eq!(found.last_run.unwrap().to_string(), "2026-01-02T00:00:00Z");
    let host = Host::new()
        .with(script, "#!/bin/sh\ncertbot renew\n")
        .mode(script, 0o755)
        .with("etc/crontab", "# nothing\n")
        .with("usr/bin/sh", "")
        .with("usr/bin/certbot", "")
        .with("usr/sbin/cron", "");
    let why = Ineffective::NotStarted("nothing runs the scripts in /etc/cron.daily".into());
    assert_eq!(host.why(), Some(why));
}

#[test]
fn without_a_daemon_no_table_runs() {
    let no = |why: &str| Some(Ineffective::NotStarted(why.into()));
    let host = Host::new()
        .with("usr/bin/sh", "")
        .with("usr/bin/certbot", "")
        .with("usr/sbin/nologin", "")
        .with("etc/crontab", "1 2 * * * root certbot renew\n");
    assert_eq!(host.why(), no("no cron daemon is installed"));
    let host = host.with("usr/sbin/cron", "");
    assert_eq!(host.why(), None);
    let host = host
        .with("usr/lib/systemd/systemd", "")
        .with("usr/lib/systemd/system/cron.service", "[Install]\nWantedBy=multi-user.target\n")
        .link("etc/systemd/system/multi-user.target.wants/ssh.service", "/lib/x");
    assert_eq!(host.why(), no("cron.service is not enabled"));
    let host = host.link("etc/systemd/system/multi-user.target.wants/cron.service", "/lib/x");
    assert_eq!(host.why(), None);
    let alpine = Host::new()
        .with("etc/os-release", "ID=alpine\n")
        .with("etc/crontabs/root", "1 2 * * * certbot renew\n")
        .with("etc/runlevels/default/sshd", "");
    assert_eq!(alpine.why(), no("crond is in no runlevel"));
    assert_eq!(alpine.with("etc/runlevels/default/crond", "").why(), None);
}

#[test]
fn a_wrong_line_takes_its_table_with_it_on_debian_alone() {
    for wrong in ["foo", "A='b' c", "1 2 * * x", "61 2 * * * root x", "@nightly root x"] {
        let table = format!("{wrong}\n1 2 * * * root certbot renew\n");
        let host = Host::new().with("etc/crontab", &table);
        assert!(matches!(host.why(), Some(Ineffective::Syntax(_))), "{wrong}");
        assert_eq!(host.with("etc/os-release", "ID=rocky\n").why(), None, "{wrong}");
    }
    let host = Host::new().with("etc/crontab", "0 0 31 2 * root certbot renew\n");
    assert_eq!(host.why(), Some(Ineffective::NeverFires("0 0 31 2 *".into())));
}

#[test]
fn scripts_in_a_home_or_a_folder_of_ones_own_are_read() {
    let renew = "#!/bin/sh\ncertbot renew -q\n";
    for line in ["~/x.sh", "$HOME/x.sh", "cd /root && ./x.sh", "sh x.sh", "DIR=/root; $DIR/x.sh"] {
        let host = Host::new()
            .with("root/x.sh", renew)
            .with("var/spool/cron/crontabs/root", &format!("1 2 * * * {line}\n"));
        let found = host.triggers().unwrap();
        assert_eq!(found.iter().filter(|t| t.effective()).count(), 1, "{line}");
    }
    let host = Host::new().with("etc/cron.own/x", renew).mode("etc/cron.own/x", 0o755);
    let host = host.with("etc/crontab", "1 2 * * * root cd / && run-parts /etc/cron.own\n");
    assert_eq!(host.why(), None);
}

#[test]
fn a_user_that_does_not_exist_takes_the_table_with_it_on_debian() {
    let table = "1 2 * * * certs /bin/true\n3 4 * * * root certbot renew\n";
    let host = Host::new().with("etc/passwd", PASSWD).with("etc/cron.d/x", table);
    assert!(matches!(host.why(), Some(Ineffective::Syntax(what)) if what.contains("no user `certs`")));
    // A directory may know the user.
    assert_eq!(host.with("etc/nsswitch.conf", "passwd: files sss\n").why(), None);
}

#[test]
fn busybox_reads_no_table_of_the_systems_and_cuts_at_no_percent() {
    let alpine = || Host::new().with("etc/os-release", "ID=alpine\n");
    let host = alpine().with("etc/crontab", "1 2 * * * root certbot renew\n");
    assert!(matches!(host.why(), Some(Ineffective::FileIgnored(_))));
    assert_eq!(host.with("usr/sbin/crond", "").why(), None);
    let host = alpine().with("etc/crontabs/root", "1 2 * * * date +%F; certbot renew\n");
    assert_eq!(host.why(), None);
}

#[test]
fn windows_line_ends_are_a_part_of_the_command() {
    let host = Host::new().with("var/spool/cron/crontabs/root", "1 2 * * * certbot renew -q\r\n");
    assert!(matches!(host.why(), Some(Ineffective::Syntax(what)) if what.contains("carriage return")));
}
