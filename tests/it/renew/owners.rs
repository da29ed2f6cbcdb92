//! Trees that are not all root's: keys for a group, and a user of the service who has all of it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::site::{Folders, KINDS, Site, both};
use crate::lab::run;
use crate::orders::world::{Pebble, bundle};

/// A group that may read keys, the user of a service, and somebody else.
const GROUP: u32 = 4_242;
const SERVICE: u32 = 6_001;
const OTHER: u32 = 6_002;

/// Mode, owner and group.
fn modes(path: &Path) -> (u32, u32, u32) {
    let meta = path.symlink_metadata().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (meta.mode() & 0o7777, meta.uid(), meta.gid())
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
}

/// Those of the files of a version, and of the folders.
fn all(folders: &Folders<'_>, version: u64) -> Vec<(u32, u32, u32)> {
    let files = KINDS.map(|kind| format!("etc/archive/a.test/{kind}{version}.pem"));
    let links = KINDS.map(|kind| format!("etc/live/a.test/{kind}.pem"));
    let others = [
        "etc",
        "etc/archive",
        "etc/archive/a.test",
        "etc/live",
        "etc/live/a.test",
        "etc/renewal/a.test.conf",
    ];
    let paths = files.iter().chain(&links).map(String::as_str).chain(others);
    paths.map(|path| modes(&folders.path(path))).collect()
}

#[test]
fn a_key_stays_readable_for_its_group_as_with_certbot() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    for folders in site.certbots() {
        folders.webroot("a.test", &[]);
        let of = |path: &str, bits: u32, group: bool| {
            let path = folders.path(path);
            chown(&path, None, group.then_some(GROUP)).expect("its group");
            mode(&path, bits);
        };
        // As people set it up for a server that does not start as root.
        of("etc/archive/a.test/privkey1.pem", 0o640, true);
        for folder in ["etc/archive", "etc/live", "etc/live/a.test"] {
            of(folder, 0o750, true);
        }
        of("etc/archive/a.test", 0o2750, true);
        of("etc/renewal/a.test.conf", 0o640, false);
        for version in [2, 4] {
            folders.renew(&["--force"]).assert(&["renewed"], 0);
            let key = folders.path(&format!("etc/archive/a.test/privkey{version}.pem"));
            assert_eq!(modes(&key), (0o640, 0, GROUP));
            let ours = all(&folders, version);
            folders.certbot("renew --force-renewal --no-random-sleep-on-renew");
            assert_eq!(all(&folders, version + 1), ours, "{}", folders.program.display());
        }
        // Others never get more than certbot leaves them.
        let key = folders.path("etc/archive/a.test/privkey5.pem");
        mode(&key, 0o666);
        folders.renew(&["--force"]).assert(&["renewed"], 0);
        let ours = modes(&folders.path("etc/archive/a.test/privkey6.pem"));
        mode(&folders.path("etc/archive/a.test/privkey6.pem"), 0o666);
        folders.certbot("renew --force-renewal --no-random-sleep-on-renew");
        assert_eq!(modes(&folders.path("etc/archive/a.test/privkey7.pem")), ours);
    }
}

/// Gives all of it to a user, with a copy of the program that anybody can reach.
fn given_to(folders: &Folders<'_>, user: u32) {
    let program = folders.path("acme-audit");
    fs::copy(env!("CARGO_BIN_EXE_acme-audit"), &program).expect("a copy");
    fs::copy(bundle(), folders.path("ca.pem")).expect("a copy");
    mode(&folders.path("ca.pem"), 0o644);
    mode(&folders.dir, 0o755);
    let user = format!("{user}:{user}");
    for tree in ["etc", "lib", "log"] {
        run(crate::lab::clean("chown").args(["-R", &user]).arg(folders.path(tree)));
    }
    fs::create_dir_all(folders.path("state")).expect("a folder");
    run(crate::lab::clean("chown").arg("-R").arg(&user).arg(folders.path("state")));
    run(crate::lab::clean("chown").arg("-R").arg(&user).arg(folders.site.path("www")));
}

/// The same command as this user.
fn as_user(folders: &Folders<'_>, user: u32, command: &Command) -> Command {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_acme-audit"));
    let words = command.get_args().skip_while(|word| *word != "--wd").skip(2);
    let words = words.map(|word| match Path::new(word) {
        path if path == program => folders.path("acme-audit").into(),
        path if path == bundle() => folders.path("ca.pem").into(),
        _ => word.to_owned(),
    });
    let mut whole = folders.site.world.command("setpriv");
    whole.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]);
    whole.args(words.collect::<Vec<OsString>>()).env("REQUESTS_CA_BUNDLE", folders.path("ca.pem"));
    whole
}

/// What a renewal as this user says, and its exit code.
fn told(folders: &Folders<'_>, user: u32) -> (String, Option<i32>) {
    let out = as_user(folders, user, &folders.renewal(&["--force"])).output().expect("nsenter");
    (both(&out), out.status.code())
}

#[test]
fn the_user_of_a_service_renews_what_is_its_own() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    given_to(&folders, SERVICE);
    let (said, code) = told(&folders, SERVICE);
    assert_eq!((code, folders.live("a.test")), (Some(0), 2), "{said}");
    let ours = all(&folders, 2);
    assert!(ours.iter().all(|(_, user, group)| (*user, *group) == (SERVICE, SERVICE)), "{ours:?}");
    let certbot = folders.certbot_command("renew --force-renewal --no-random-sleep-on-renew");
    run(&mut as_user(&folders, SERVICE, &certbot));
    assert_eq!((folders.live("a.test"), all(&folders, 3)), (3, ours));
    assert_eq!(site.tokens(), Vec::<PathBuf>::new());
}

#[test]
fn whoever_may_not_write_is_told_before_anything_is_ordered() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    given_to(&folders, SERVICE);
    let before = site.orders();
    let refused = |user: u32, words: &[&str], wanted: i32| {
        let (said, code) = told(&folders, user);
        words.iter().for_each(|words| assert!(said.contains(words), "{words}: {said}"));
        assert_eq!((code, folders.live("a.test"), site.orders()), (Some(wanted), 1, before), "{said}");
    };
    // Somebody else.
    refused(
        OTHER,
        &["log/.certbot.lock: Permission denied", "hint: run as root, or as the user who owns"],
        3,
    );

    // Its own user, of whom a part of the tree is not.
    for (path, words) in [("etc/archive/a.test", "etc/archive/a.test/*.pem"), ("etc/live", "etc/live/a.test")]
    {
        let path = folders.path(path);
        chown(&path, Some(0), Some(0)).expect("its owner");
        mode(&path, 0o755);
        let words = [words, ": Permission denied", "run as root, or as the user who owns"];
        refused(SERVICE, &words, 2);
        chown(&path, Some(SERVICE), Some(SERVICE)).expect("its owner");
    }
    // A key of a group that it is not in cannot be given its like.
    let key = folders.path("etc/archive/a.test/privkey1.pem");
    chown(&key, None, Some(GROUP)).expect("its group");
    refused(SERVICE, &["not in the group 4242 of", "privkey1.pem", "add the user to that group"], 2);
    chown(&key, None, Some(SERVICE)).expect("its group");

    // The web root, and what later runs need.
    let www = site.path("www");
    chown(&www, Some(0), Some(0)).expect("its owner");
    let challenge = site.path("www/.well-known");
    assert!(!challenge.exists());
    refused(SERVICE, &["no token can be published", "www: Permission denied", "run as root"], 2);
    chown(&www, Some(SERVICE), None).expect("its owner");
    chown(folders.path("state"), Some(0), Some(0)).expect("its owner");
    mode(&folders.path("state"), 0o755);
    refused(SERVICE, &["cannot write to", "/state: Permission denied", "--state-dir DIR"], 3);
    chown(folders.path("state"), Some(SERVICE), None).expect("its owner");
    let (said, code) = told(&folders, SERVICE);
    assert_eq!((code, folders.live("a.test")), (Some(0), 2), "{said}");
}
