use super::super::client::Renews;
use super::*;
use crate::facts::{Client, Os, Purpose};
use crate::gather::fs::Root;

fn on(files: &[(&str, &str)], systemd: bool, command: &str) -> Option<Renews> {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let root = Root::below(dir.path()).unwrap();
    let os = Os { systemd, ..Os::default() };
    recognise(&look(&root, &os), command, None).map(|judged| judged.renews)
}

fn look<'a>(root: &'a Root, os: &'a Os) -> Look<'a> {
    Look { root, os, config: Path::new("/etc/letsencrypt"), zone: jiff::tz::TimeZone::UTC }
}

fn plain(command: &str) -> Option<Renews> {
    on(&[], true, command)
}

#[test]
fn the_usual_lines_renew() {
    for command in [
        "certbot -q renew",
        "/usr/bin/certbot renew --quiet --deploy-hook 'systemctl reload nginx' >/dev/null 2>&1",
        "sleep $SLEEPTIME && certbot renew -q",
        "/opt/certbot/bin/python -c 'import random; import time; time.sleep(random.random() * 3600)' && sudo certbot renew -q",
        "PATH=/bin:/usr/bin sudo -u root -- timeout 1h nice -n 19 /snap/bin/certbot renew",
        "flock -n /var/lock/letsencrypt certbot renew",
        "bash -lc \"cd /root; certbot renew\"",
        "su - root -c 'certbot renew'",
        "docker run --rm -v /etc/letsencrypt:/etc/letsencrypt certbot/certbot renew",
        "cd /srv/x && docker compose run --rm certbot renew",
        "docker start certbot",
        "docker exec web sh -c 'x' ; podman exec my-certbot sh -c 'certbot renew -q'",
        "cronitor exec abc certbot renew",
        "/usr/bin/snap run --timer=\"00:00~24:00/2\" certbot.renew",
        "/usr/bin/certbot renew $PRE_HOOK $POST_HOOK",
        "certbot $ARGS",
        "python3 -m certbot renew",
        "systemctl start certbot.service",
        "certbot certonly -n --keep-until-expiring -d example.com",
        "acme-audit renew",
        "/opt/letsencrypt/letsencrypt-auto renew",
    ] {
        assert_eq!(plain(command), Some(Ok(())), "{command}");
    }
}

#[test]
fn mentioning_certbot_is_not_calling_it() {
    for command in [
        "rsync -a /etc/letsencrypt backup:/x",
        "echo certbot renew",
        "sudo echo certbot renew",
        "test -x /usr/bin/certbot",
        "systemctl reload nginx # certbot renew",
        "command -v certbot",
        "docker logs certbot",
        "docker compose -f /opt/letsencrypt/docker-compose.yml up -d web",
        "systemctl restart certbot.timer",
    ] {
        assert_eq!(plain(command), None, "{command}");
    }
}

#[test]
fn other_clients_and_audits_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::below(dir.path()).unwrap();
    let os = Os::default();
    let seen = |command: &str| {
        let judged = recognise(&look(&root, &os), command, None).unwrap_or_else(|| panic!("{command}"));
        (judged.client, judged.purpose, judged.renews.is_ok())
    };
    for (command, client, renews) in [
        ("\"/root/.acme.sh\"/acme.sh --cron --home /root/.acme.sh > /dev/null", Client::AcmeSh, true),
        ("lego --email a@b.example --domains b.example --http renew --days 30", Client::Lego, true),
        ("/usr/bin/dehydrated -c", Client::Dehydrated, true),
        ("getssl -u -a -q", Client::Getssl, true),
        ("uacme -h /usr/share/uacme/uacme.sh issue b.example", Client::Uacme, true),
        ("acme-audit renew -q", Client::AcmeAudit, true),
        ("certbot renew", Client::Certbot, true),
    ] {
        assert_eq!(seen(command), (client, Purpose::Renews, renews), "{command}");
    }
    for command in [
        "acme-audit -q",
        "acme-audit --format nagios",
        "systemctl -q is-active x || acme-audit audit",
        "acme-audit dry-run",
    ] {
        assert_eq!(seen(command), (Client::AcmeAudit, Purpose::Audits, true), "{command}");
    }
    for other in ["acme-audit explain", "acme.sh --list"] {
        assert!(recognise(&look(&root, &os), other, None).is_none(), "{other}");
    }
}

#[test]
fn a_bare_name_is_searched_on_the_path_of_the_line() {
    let on_path = |command: &str, path: &str| {
        let dir = tempfile::tempdir().unwrap();
        for program in ["usr/bin/env", "usr/local/bin/certbot"] {
            let path = dir.path().join(program);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "").unwrap();
        }
        let (root, os) = (Root::below(dir.path()).unwrap(), Os::default());
        recognise(&look(&root, &os), command, Some(path)).unwrap().renews
    };
    let fails = |command: &str| matches!(on_path(command, "/usr/bin:/bin"), Err(Ineffective::NotOnPath(..)));
    assert!(fails("certbot renew -q") && fails("sleep 5; certbot renew"));
    for command in [
        "/usr/local/bin/certbot renew",
        "PATH=/usr/local/bin:/usr/bin certbot renew",
        "export PATH=$PATH:/usr/local/bin; certbot renew",
        "sudo certbot renew",
        "bash -lc 'certbot renew'",
    ] {
        assert_eq!(on_path(command, "/usr/bin:/bin"), Ok(()), "{command}");
    }
    assert_eq!(on_path("certbot renew", "/usr/local/bin:/usr/bin"), Ok(()));
}

#[test]
fn other_verbs_do_not_renew() {
    for (command, what) in [
        ("certbot -q", "`renew` is not among its words"),
        ("certbot", "`renew` is not among its words"),
        ("certbot renew --dry-run", "--dry-run"),
        ("certbot certonly --webroot -d example.com", "certonly"),
        ("sudo certbot certificates", "certificates"),
        ("docker run --rm certbot/certbot certonly --standalone", "certonly"),
        ("docker run --rm certbot/certbot renew --dry-run", "--dry-run"),
    ] {
        assert_eq!(plain(command), Some(Err(Ineffective::WrongVerb(what.into()))), "{command}");
    }
    assert_eq!(plain("certbot renew --dry-run && certbot renew"), Some(Ok(())));
}

#[test]
fn debians_guard_counts_only_under_systemd() {
    let line =
        r"test -x /usr/bin/certbot -a \! -d /run/systemd/system && perl -e 'sleep 1' && certbot -q renew";
    assert_eq!(on(&[], true, line), Some(Err(Ineffective::GuardedAgainstSystemd)));
    assert_eq!(on(&[], false, line), Some(Ok(())));
    for line in [
        "[ ! -d /run/systemd/system ] && certbot renew",
        "if [ -d /run/systemd/system ]; then exit 0; fi; certbot renew",
        "if ! test -d /run/systemd/system; then certbot renew; fi",
    ] {
        assert_eq!(on(&[], true, line), Some(Err(Ineffective::GuardedAgainstSystemd)), "{line}");
    }
    assert_eq!(on(&[], true, "[ -d /run/systemd/system ] && certbot renew"), Some(Ok(())));
}

#[test]
fn a_program_is_missing_only_where_its_folder_is_there() {
    let gone = |path: &str| Some(Err(Ineffective::ProgramMissing(path.into())));
    assert_eq!(on(&[("usr/bin/env", "")], true, "/usr/bin/certbot renew"), gone("/usr/bin/certbot"));
    assert_eq!(on(&[("usr/share/x", "")], true, "/usr/bin/certbot renew"), Some(Ok(())));
    assert_eq!(on(&[("usr/bin/certbot", "")], true, "/usr/bin/certbot renew"), Some(Ok(())));
    assert_eq!(on(&[("root/x", "")], true, "/root/certbot-auto renew"), gone("/root/certbot-auto"));
    assert_eq!(on(&[("opt/x/y", "")], true, "/opt/le/certbot-auto renew"), gone("/opt/le/certbot-auto"));
    let line = "test -x /usr/bin/certbot && certbot renew";
    assert_eq!(on(&[("usr/bin/env", "")], true, line), gone("/usr/bin/certbot"));
    assert_eq!(on(&[("opt/le/x", "")], true, "/opt/le/certbot-renew.sh"), gone("/opt/le/certbot-renew.sh"));
}

#[test]
fn scripts_that_call_scripts_are_followed_and_an_end_is_kept() {
    let script =
        "#!/bin/sh\nCERTBOT=/usr/local/bin/certbot\n# certbot renew\nOUT=$($CERTBOT renew --quiet 2>&1)\n";
    let files = [("root/r.sh", script), ("root/two.sh", "#!/bin/sh\n/root/r.sh\n")];
    assert_eq!(on(&files, true, "/root/r.sh"), Some(Ok(())));
    assert_eq!(on(&files, true, "sh -e /root/r.sh"), Some(Ok(())));
    assert_eq!(on(&files, true, "sudo /root/r.sh"), Some(Ok(())));
    assert_eq!(on(&files, true, "/root/two.sh"), Some(Ok(())));
    let circle =
        [("root/a.sh", "#!/bin/sh\n/root/b.sh\n"), ("root/b.sh", "#!/bin/sh\n/root/a.sh\n/root/a.sh\n")];
    assert_eq!(on(&circle, true, "/root/a.sh"), None);
    let python =
        [("root/r.py", "#!/usr/bin/env python3\nimport subprocess\nsubprocess.run(['certbot', 'renew'])\n")];
    assert_eq!(on(&python, true, "/root/r.py"), Some(Ok(())));
    let dry = [("root/r.sh", "#!/bin/bash\ncertbot renew --dry-run\n")];
    assert_eq!(on(&dry, true, "/root/r.sh"), Some(Err(Ineffective::WrongVerb("--dry-run".into()))));
}

#[test]
fn a_pile_of_wrappers_ends() {
    assert_eq!(plain(&"sudo ".repeat(5_000)), None);
    assert_eq!(plain(&"sh -c ".repeat(5_000)), None);
}

#[test]
fn variables_are_words_of_the_command() {
    let script = "#!/bin/bash\nCOMPOSE=\"/usr/bin/docker compose --ansi never\"\n$COMPOSE run certbot renew && \
                  $COMPOSE kill -s SIGHUP web\n";
    assert_eq!(on(&[("srv/renew.sh", script), ("usr/bin/docker", "")], true, "/srv/renew.sh"), Some(Ok(())));
    let later = "renew() {\n  \"$BIN\" renew -q\n}\nBIN=/usr/bin/certbot\nrenew\n";
    assert_eq!(on(&[("usr/bin/certbot", ""), ("root/x.sh", later)], true, "bash /root/x.sh"), Some(Ok(())));
    for command in [
        "sh -c '${CERTBOT:-certbot} renew'",
        ". /etc/default/x; $CERTBOT_BIN renew -q",
        "ARGS='renew -q'; certbot $ARGS",
    ] {
        assert_eq!(plain(command), Some(Ok(())), "{command}");
    }
    assert_eq!(plain("$TOOL renew"), None);
}

#[test]
fn a_script_with_windows_line_ends_is_not_run() {
    let found = on(&[("root/x.sh", "#!/bin/sh\r\ncertbot renew\r\n")], true, "/root/x.sh");
    assert!(matches!(found, Some(Err(Ineffective::ProgramMissing(_)))), "{found:?}");
}

#[test]
fn scripts_know_their_own_folder() {
    let renew = ("root/renew.sh", "#!/bin/sh\ncertbot renew\n");
    for text in [
        "#!/bin/bash\ncd \"$(dirname \"$0\")\"\n./renew.sh || exit 1\n",
        "#!/bin/bash\nDIR=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd)\"\n\"$DIR/renew.sh\"\n",
    ] {
        assert_eq!(on(&[renew, ("root/all.sh", text)], true, "/root/all.sh"), Some(Ok(())), "{text}");
    }
    let python = "import subprocess\nsubprocess.run(['certbot', 'renew'])\n";
    assert_eq!(on(&[("root/x.py", python)], true, "python3 /root/x.py"), Some(Ok(())));
    assert_eq!(plain("docker compose run --rm le renew -q"), Some(Ok(())));
    assert_eq!(plain("docker-compose run --rm le renew -q"), Some(Ok(())));
    for other in ["docker compose run --rm web rake renew", "docker run --rm goacme/lego renew"] {
        assert_eq!(plain(other), None, "{other}");
    }
}
