//! Hosts made by real certbots: silent as made, and one loud finding for each fault made in them.
//!
//! Every fault is made in a copy of both hosts. The audit must name it, blame the right lineages, say nothing else that
//! is loud, and leave every file as it was. What certbot itself says of the fault is noted for `tests/run`.

use std::fs;
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::lab::{Certbot, Host, lab, run};

const ALL: &[&str] = &["a.test", "n.test", "s.test", "shop.example.org", "wild.test"];
const A: &str = "etc/letsencrypt/renewal/a.test.conf";
const S: &str = "etc/letsencrypt/renewal/s.test.conf";
const SHOP: &str = "etc/letsencrypt/renewal/shop.example.org.conf";
const WILD: &str = "etc/letsencrypt/renewal/wild.test.conf";
const HOOK: &str = "etc/letsencrypt/renewal-hooks/deploy/reload-nginx";
const TLS_SITES: &str = "etc/nginx/sites-enabled/tls";
const ACCOUNTS: &str = "etc/letsencrypt/accounts/localhost:14000/dir";
const PRODUCTION: &str = "acme-v02.api.letsencrypt.org/directory";
const STAGING: &str = "acme-staging-v02.api.letsencrypt.org/directory";

// --- what an audit says

#[derive(Debug, PartialEq)]
struct Finding {
    id: String,
    lineages: Vec<String>,
}

struct Audit {
    exit: Option<i32>,
    verdict: String,
    /// Of the lineages, by name.
    verdicts: Vec<(String, String)>,
    /// The will-fail and may-fail findings.
    loud: Vec<Finding>,
    json: String,
}

fn audit(host: &Host, at: Option<Timestamp>) -> Audit {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acme-audit"));
    command.env_clear().args(["--format", "json", "--offline", "--root"]).arg(&host.root);
    if let Some(at) = at {
        command.args(["--at", &at.to_string()]);
    }
    let before = host.listing();
    let out = command.output().expect("acme-audit");
    assert_eq!(before, host.listing(), "the audit changed the host");

    let json = String::from_utf8(out.stdout).expect("UTF-8");
    let report: Value = serde_json::from_str(&json)
        .unwrap_or_else(|e| panic!("{e}: {json}\n{}", String::from_utf8_lossy(&out.stderr)));
    let text = |v: &Value| v.as_str().unwrap_or_else(|| panic!("not text: {v}")).to_owned();
    let list = |v: &Value| v.as_array().unwrap_or_else(|| panic!("not a list: {v}")).clone();
    assert_eq!(report["schema"], "acme-audit.report/1");
    assert_eq!(report["exit_code"].as_i64(), out.status.code().map(i64::from), "exit code and report differ");
    Audit {
        exit: out.status.code(),
        verdict: text(&report["verdict"]),
        verdicts: list(&report["lineages"]).iter().map(|l| (text(&l["name"]), text(&l["verdict"]))).collect(),
        loud: list(&report["findings"])
            .iter()
            .filter(|f| f["severity"] != "note")
            .map(|f| Finding {
                id: text(&f["id"]),
                lineages: sorted(list(&f["lineages"]).iter().map(text).collect()),
            })
            .collect(),
        json,
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

/// Nothing loud, five lineages, exit 0.
fn assert_silent(host: &Host, what: &str) {
    let audit = audit(host, None);
    let said = format!("{}, {what}: {}", host.certbot.word(), audit.json);
    assert_eq!(audit.loud, [], "{said}");
    assert_eq!((audit.exit, audit.verdict.as_str()), (Some(0), "renews"), "{said}");
    let renews: Vec<_> = ALL.iter().map(|name| (name.to_string(), "renews".to_owned())).collect();
    let mut verdicts = audit.verdicts;
    verdicts.sort();
    assert_eq!(verdicts, renews, "{said}");
}

/// What one fault must bring about: findings of this id about these lineages, and no other loud one.
struct Fault {
    ids: &'static [&'static str],
    lineages: &'static [&'static str],
    exit: i32,
    at: Option<Timestamp>,
    /// The certbot it is a fault for; the host of the other stays silent.
    only: Option<Certbot>,
}

fn fault(id: &'static [&'static str], lineages: &'static [&'static str], exit: i32) -> Fault {
    Fault { ids: id, lineages, exit, at: None, only: None }
}

impl Fault {
    fn at(self, at: Timestamp) -> Fault {
        Fault { at: Some(at), ..self }
    }

    fn only(self, certbot: Certbot) -> Fault {
        Fault { only: Some(certbot), ..self }
    }

    /// Makes the fault in a copy of both hosts and audits them; all that is wrong is told at once.
    fn made_by(&self, make: impl Fn(&Host)) {
        let Some(lab) = lab() else { return };
        let mut wrong = Vec::new();
        for host in lab.hosts().iter().map(Host::copy) {
            make(&host);
            if self.only.is_some_and(|certbot| certbot != host.certbot) {
                assert_silent(&host, self.ids[0]);
                continue;
            }
            let audit = audit(&host, self.at);
            let ids_right = audit.loud.iter().all(|f| self.ids.contains(&f.id.as_str()));
            let mut blamed: Vec<_> = audit.loud.iter().flat_map(|f| f.lineages.clone()).collect();
            blamed.sort();
            let right = !audit.loud.is_empty()
                && ids_right
                && blamed == self.lineages
                && audit.exit == Some(self.exit);
            if !right {
                wrong.push(format!(
                    "{}: wanted {:?} of {:?} and exit {}, got exit {:?} and {:#?}\n{}",
                    host.certbot.word(),
                    self.ids,
                    self.lineages,
                    self.exit,
                    audit.exit,
                    audit.loud,
                    audit.json
                ));
            }
            if self.at.is_none() {
                let (says, exit) = host.certificates();
                let word = if notices(&says, exit) { "notices" } else { "misses" };
                lab.note(&format!("{} {word} {}", host.certbot.word(), self.ids[0]));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Whether `certbot certificates` said anything but a list of good certificates.
fn notices(says: &str, exit: Option<i32>) -> bool {
    let says = says.to_lowercase();
    exit != Some(0)
        || ["invalid", "error", "unable", "traceback", "warning"].iter().any(|word| says.contains(word))
}

fn days_from_now(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * days)
}

// --- healthy

#[test]
fn hosts_are_silent_as_made() {
    let Some(lab) = lab() else { return };
    for host in lab.hosts() {
        assert_silent(&host, "as made");
        let (says, exit) = host.copy().certificates();
        assert!(
            !notices(&says, exit) && says.matches("(VALID: ").count() == ALL.len(),
            "the lab is broken: {says}"
        );
    }
}

#[test]
fn certbots_accounts_are_found_at_the_ca_and_its_names_are_walked_to() {
    let Some(lab) = lab() else { return };
    for host in lab.hosts() {
        let facts = fs::read_to_string(host.online()).expect("the facts");
        let lineages: Vec<Value> =
            facts.lines().skip(1).map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lineages.len(), ALL.len());
        for lineage in &lineages {
            let accounts = lineage["ca"]["accounts"].as_array().unwrap_or_else(|| panic!("{lineage:#}"));
            assert!(!accounts.is_empty() && accounts.iter().all(|a| a["state"] == "valid"), "{accounts:#?}");
            for name in lineage["seen"].as_array().expect("names") {
                assert!(name["dns"]["Ok"].is_object() && name["caa"]["Ok"].is_object(), "{name:#}");
            }
        }
        // nginx answers for what it serves, and of what was never planted says 404.
        let of = |name: &str| lineages.iter().find(|l| l["name"] == name).expect("the lineage");
        let walk = &of("a.test")["seen"][0]["walk"]["Ok"];
        assert_eq!(walk["fault"]["status"]["status"], 404, "{walk:#}");
        assert!(of("wild.test")["seen"][0]["walk"].is_null(), "it is proved by DNS");
        // Judged elsewhere, they are as silent as the host.
        let out = Command::new(env!("CARGO_BIN_EXE_acme-audit"))
            .args(["audit", "--format", "json", "--facts"])
            .arg(host.online())
            .output()
            .expect("acme-audit");
        let report: Value = serde_json::from_slice(&out.stdout).expect("JSON");
        let loud =
            report["findings"].as_array().expect("findings").iter().filter(|f| f["severity"] != "note");
        assert_eq!(loud.map(|f| f["id"].clone()).collect::<Vec<_>>(), Vec::<Value>::new());
    }
}

#[test]
fn hosts_stay_silent_with_what_is_ordinary() {
    let Some(lab) = lab() else { return };
    for host in lab.hosts().iter().map(Host::copy) {
        host.write("etc/letsencrypt/renewal/a.test.conf~", host.read(A));
        host.write("etc/letsencrypt/renewal/README", "one file per lineage\n");
        host.write("etc/letsencrypt/renewal-hooks/deploy/README", "scripts to run after each renewal\n");
        host.write("etc/letsencrypt/.certbot.lock", "");
        assert_silent(&host, "files beside certbot's");

        copy_account(&host, STAGING);
        assert_silent(&host, "the account of a dry run");

        host.edit(S, "key_type", "must_staple = True\nkey_type");
        assert_silent(&host, "must_staple at a CA that takes it");

        run(Command::new("sh")
            .args(["-c", "find . -exec touch -h -d '2020-01-01 00:00:00 UTC' {} +"])
            .current_dir(host.path("etc")));
        assert_silent(&host, "restored with other times");
    }
}

#[test]
fn the_audit_runs_no_program() {
    let Some(lab) = lab() else { return };
    for host in lab.hosts().iter().map(Host::copy) {
        let trace = host.root.with_file_name("trace");
        let status = Command::new("strace")
            .args(["-f", "-qq", "-e", "trace=execve,execveat", "-o"])
            .arg(&trace)
            .args([env!("CARGO_BIN_EXE_acme-audit"), "--format", "json", "--root"])
            .arg(&host.root)
            .output()
            .expect("strace")
            .status;
        assert_eq!(status.code(), Some(0), "{}", host.certbot.word());
        let trace = fs::read_to_string(trace).expect("the trace");
        assert_eq!(
            trace.lines().filter(|l| l.contains("exec")).count(),
            1,
            "{}: {trace}",
            host.certbot.word()
        );
    }
}

// --- faults of the files

#[test]
fn live_files_copied_in_the_place_of_links() {
    fault(&["live-not-symlink"], &["a.test"], 2).made_by(|host| {
        for kind in ["cert", "chain", "fullchain", "privkey"] {
            let live = format!("etc/letsencrypt/live/a.test/{kind}.pem");
            let text = host.read(&live);
            host.remove(&live);
            host.write(&live, text);
        }
    });
}

#[test]
fn archived_key_removed() {
    fault(&["symlink-target-missing"], &["a.test"], 2)
        .made_by(|host| host.remove("etc/letsencrypt/archive/a.test/privkey2.pem"));
}

#[test]
fn conf_empty() {
    fault(&["renewal-conf-empty-or-truncated"], &["a.test"], 2).made_by(|host| host.write(A, ""));
}

#[test]
fn conf_cut_off() {
    fault(&["renewal-conf-empty-or-truncated"], &["a.test"], 2).made_by(|host| {
        let text = host.read(A);
        host.write(A, &text[..text.find("chain =").expect("the chain")]);
    });
}

#[test]
fn conf_with_a_key_twice() {
    fault(&["renewal-conf-syntax"], &["a.test"], 2)
        .made_by(|host| host.edit(A, "key_type", "authenticator = webroot\nkey_type"));
}

#[test]
fn conf_with_the_text_of_a_merge_conflict() {
    fault(&["renewal-conf-syntax"], &["a.test"], 2).made_by(|host| {
        host.edit(
            A,
            "key_type = ecdsa",
            "<<<<<<< HEAD\nkey_type = ecdsa\n=======\nkey_type = rsa\n>>>>>>> web2",
        );
    });
}

#[test]
fn conf_without_renewalparams() {
    fault(&["renewalparams-missing"], &["a.test"], 2).made_by(|host| {
        let text = host.read(A);
        host.write(A, &text[..text.find("[renewalparams]").expect("the section")]);
    });
}

#[test]
fn conf_without_authenticator() {
    fault(&["authenticator-missing"], &["s.test"], 2).made_by(|host| host.remove_line(S, "authenticator"));
}

#[test]
fn reuse_key_neither_true_nor_false() {
    fault(&["typed-value-invalid"], &["shop.example.org"], 2)
        .made_by(|host| host.edit(SHOP, "reuse_key = True", "reuse_key = maybe"));
}

#[test]
fn certificate_emptied() {
    fault(&["cert-unreadable-pem"], &["a.test"], 2)
        .made_by(|host| host.write("etc/letsencrypt/archive/a.test/cert2.pem", ""));
}

#[test]
fn conf_removed() {
    fault(&["orphan-lineage-no-conf"], &["a.test"], 2).made_by(|host| host.remove(A));
}

#[test]
fn conf_renamed() {
    fault(&["conf-not-dot-conf"], &["a.test"], 2)
        .made_by(|host| fs::rename(host.path(A), host.path(&format!("{A}.bak"))).expect("rename"));
}

#[test]
fn live_one_version_back() {
    fault(&["live-behind-archive"], &["a.test"], 1).made_by(|host| relink_all(host, "a.test", 1));
}

#[test]
fn key_of_one_version_with_the_certificate_of_another() {
    fault(&["mixed-versions-in-live"], &["a.test"], 2).made_by(|host| {
        host.relink("etc/letsencrypt/live/a.test/privkey.pem", "../../archive/a.test/privkey1.pem");
    });
}

#[test]
fn chain_of_another_ca() {
    fault(&["leaf-not-signed-by-chain"], &["a.test"], 2).made_by(|host| {
        let other = fs::read_to_string(host.lab().ca().join("ca.pem")).expect("the lab's CA");
        let leaf = host.read("etc/letsencrypt/archive/a.test/cert2.pem");
        host.write("etc/letsencrypt/archive/a.test/chain2.pem", &other);
        host.write("etc/letsencrypt/archive/a.test/fullchain2.pem", leaf + &other);
    });
}

#[test]
fn server_left_on_the_older_of_two_lineages() {
    fault(&["lineage-0001-duplicate"], &["a.test", "a.test-0001"], 1).made_by(Host::add_twin);
}

#[test]
fn account_removed() {
    fault(&["account-dir-missing"], ALL, 2)
        .made_by(|host| host.remove(&format!("{ACCOUNTS}/{}", account(host))));
}

#[test]
fn account_key_cut_off() {
    fault(&["account-key-corrupt"], ALL, 2).made_by(|host| {
        let key = format!("{ACCOUNTS}/{}/private_key.json", account(host));
        let text = host.read(&key);
        host.write(&key, &text[..text.len() / 2]);
    });
}

#[test]
fn two_accounts_and_none_named() {
    fault(&["multiple-accounts-ambiguous"], &["s.test"], 2).made_by(|host| {
        host.remove_line(S, "account");
        // Its name is not the hash of its key, which certbot does not check.
        let other = format!("{ACCOUNTS}/{}", "0123456789abcdef".repeat(2));
        run(Command::new("cp")
            .arg("-a")
            .arg(host.path(&format!("{ACCOUNTS}/{}", account(host))))
            .arg(host.path(&other)));
    });
}

#[test]
fn key_that_everyone_can_read() {
    fault(&["privkey-world-readable"], &["a.test"], 1).made_by(|host| {
        host.chmod("etc/letsencrypt/archive", 0o755);
        host.chmod("etc/letsencrypt/live", 0o755);
        host.chmod("etc/letsencrypt/archive/a.test/privkey2.pem", 0o644);
    });
}

// --- faults of the configuration

#[test]
fn plugin_that_no_certbot_here_has() {
    fault(&["plugin-not-installed"], &["wild.test"], 2)
        .made_by(|host| host.edit(WILD, "authenticator = manual", "authenticator = dns-cloudflare"));
}

#[test]
fn manual_without_hook() {
    fault(&["manual-without-auth-hook"], &["wild.test"], 2)
        .made_by(|host| host.remove_line(WILD, "manual_auth_hook"));
}

#[test]
fn wildcard_by_standalone() {
    fault(&["wildcard-with-non-dns-authenticator"], &["wild.test"], 2).made_by(|host| {
        host.edit(WILD, "authenticator = manual", "authenticator = standalone");
        host.remove_line(WILD, "pref_challs");
    });
}

#[test]
fn challenge_that_no_ca_offers() {
    fault(&["preferred-challenge-gone"], &["s.test"], 2)
        .made_by(|host| host.edit(S, "key_type", "pref_challs = tls-sni-01,\nkey_type"));
}

#[test]
fn webroot_elsewhere() {
    fault(&["webroot-moved-or-deleted"], &["shop.example.org"], 2)
        .made_by(|host| host.edit(SHOP, "/var/www/shop", "/srv/shop"));
}

#[test]
fn webroot_removed_that_nginx_still_names() {
    fault(&["webroot-moved-or-deleted"], &["a.test"], 1).made_by(|host| host.remove("var/www/a"));
}

#[test]
fn name_without_webroot() {
    fault(&["webroot-map-incomplete"], &["a.test"], 2).made_by(|host| {
        host.remove_line(A, "www.a.test");
        host.remove_line(A, "webroot_path");
    });
}

#[test]
fn must_staple_at_lets_encrypt() {
    fault(&["must-staple"], &["shop.example.org"], 2).made_by(|host| {
        move_shop_to(host, PRODUCTION);
        host.edit(SHOP, "reuse_key", "must_staple = True\nreuse_key");
    });
}

#[test]
fn profile_that_lets_encrypt_has_ended() {
    // certbot before 4.0 knows no profiles.
    fault(&["required-profile-gone"], &["shop.example.org"], 2).only(Certbot::Pip).made_by(|host| {
        move_shop_to(host, PRODUCTION);
        host.edit(SHOP, "reuse_key", "required_profile = tlsclient\nreuse_key");
    });
}

#[test]
fn staging_server_in_use() {
    fault(&["staging-server-in-conf"], &["shop.example.org"], 1).made_by(|host| move_shop_to(host, STAGING));
}

#[test]
fn autorenew_off() {
    fault(&["autorenew-false"], &["s.test"], 2)
        .made_by(|host| host.edit(S, "key_type", "autorenew = False\nkey_type"));
}

// --- faults of hooks, servers and schedule

#[test]
fn hook_not_executable() {
    fault(&["hook-not-executable"], &[], 1).made_by(|host| host.chmod(HOOK, 0o644));
}

#[test]
fn hook_under_the_wrong_key() {
    // certbot 5.3 and newer read both keys: https://github.com/certbot/certbot/pull/10534
    fault(&["deploy-hook-wrong-key"], &["a.test"], 1)
        .only(Certbot::Debian)
        .made_by(|host| host.edit(A, "renew_hook", "deploy_hook"));
}

#[test]
fn no_hook_at_all() {
    fault(&["no-reload-at-all"], &["a.test", "s.test", "shop.example.org", "wild.test"], 1).made_by(|host| {
        host.remove(HOOK);
        host.remove_line(A, "renew_hook");
    });
}

#[test]
fn nginx_on_an_archived_version() {
    fault(&["points-at-archive-version"], &["a.test"], 1).made_by(|host| {
        for kind in ["fullchain", "privkey"] {
            host.edit(TLS_SITES, &format!("live/a.test/{kind}.pem"), &format!("archive/a.test/{kind}2.pem"));
        }
    });
}

#[test]
fn nginx_on_the_leaf_alone() {
    fault(&["leaf-only-chain"], &["a.test"], 1)
        .made_by(|host| host.edit(TLS_SITES, "live/a.test/fullchain.pem", "live/a.test/cert.pem"));
}

#[test]
fn nothing_runs_certbot() {
    fault(&["nothing-scheduled", "timer-disabled-or-dead"], &[], 2).made_by(|host| match host.certbot {
        Certbot::Debian => {
            host.remove("etc/systemd/system/timers.target.wants/certbot.timer");
            host.remove("etc/cron.d/certbot");
        }
        Certbot::Pip => host.edit("etc/crontab", "0 0,12 * * * root sleep 2345 && certbot renew -q\n", ""),
    });
}

// --- faults of time

#[test]
fn expired() {
    fault(&["certificate-expired"], ALL, 2).at(days_from_now(120)).made_by(|_| ());
}

#[test]
fn not_yet_valid() {
    fault(&["certificate-not-yet-valid"], ALL, 2).at(days_from_now(-30)).made_by(|_| ());
}

// --- how they are made

fn relink_all(host: &Host, lineage: &str, version: u32) {
    for kind in ["cert", "chain", "fullchain", "privkey"] {
        let live = format!("etc/letsencrypt/live/{lineage}/{kind}.pem");
        host.relink(&live, &format!("../../archive/{lineage}/{kind}{version}.pem"));
    }
}

/// The id of the host's one account.
fn account(host: &Host) -> String {
    let ids = fs::read_dir(host.path(ACCOUNTS)).expect("the accounts").flatten();
    ids.map(|entry| entry.file_name().into_string().expect("an id")).min().expect("an account")
}

/// The account again, as one of another CA's.
fn copy_account(host: &Host, server: &str) {
    let to = host.path(&format!("etc/letsencrypt/accounts/{server}"));
    fs::create_dir_all(&to).expect("the accounts");
    run(Command::new("cp").arg("-a").arg(host.path(&format!("{ACCOUNTS}/{}", account(host)))).arg(to));
}

/// As if the one lineage with a public name had come from Let's Encrypt.
fn move_shop_to(host: &Host, server: &str) {
    copy_account(host, server);
    host.edit(SHOP, "https://localhost:14000/dir", &format!("https://{server}"));
}
