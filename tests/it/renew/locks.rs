//! certbot and we never write at once: who comes second says who was first.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::site::{Ends, Folders, Site, both, until};
use crate::lab::run;
use crate::orders::world::Pebble;

/// Holds the lock of a folder as certbot does, until its input ends.
const HOLD: &str = "import fcntl, os, sys\n\
    fd = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY, 0o600)\n\
    fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\nprint('held', flush=True)\nsys.stdin.read()";

/// That a renewal does nothing, for these words.
fn refused(folders: &Folders<'_>, words: &[&str]) {
    let before = (folders.live("a.test"), folders.site.orders());
    let (told, code) = folders.told(&["--force"]);
    assert_eq!(code, Some(3), "{told}");
    words.iter().for_each(|words| assert!(told.contains(words), "{words}: {told}"));
    assert_eq!((folders.live("a.test"), folders.site.orders()), before);
}

#[test]
fn one_of_certbot_and_us_at_a_time() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    for folders in site.certbots() {
        folders.webroot("a.test", &[]);
        let mut python = site.world.command("python3");
        python.args(["-c", HOLD]).arg(folders.path("etc/.certbot.lock"));
        let python = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("nsenter");
        let mut python = Ends(python);
        let mut line = String::new();
        BufReader::new(python.0.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        assert_eq!(line, "held\n");
        refused(&folders, &["etc/.certbot.lock is locked by python3, process ", "hint: wait for its end"]);
        drop(python.0.stdin.take());
        python.0.wait().expect("its end");

        // certbot holds its locks while its hooks run.
        let (go, started) = (folders.path("go"), folders.path("started"));
        let slow =
            format!("touch {}; while test ! -e {}; do sleep 0.05; done", started.display(), go.display());
        let hook = folders.hook("slow", &slow);
        folders.edit(
            "etc/renewal/a.test.conf",
            "[renewalparams]",
            &format!("[renewalparams]\npre_hook = {hook}"),
        );
        let mut certbot = folders.certbot_command("renew --force-renewal --no-random-sleep-on-renew");
        let piped = certbot.stdout(Stdio::piped()).stderr(Stdio::piped());
        let certbot = piped.spawn().expect("nsenter");
        until("certbot runs its hook", || started.exists());
        refused(&folders, &["is locked by certbot, process "]);
        std::fs::write(&go, "").expect("written");
        let out = certbot.wait_with_output().expect("its end");
        assert!(out.status.success(), "{}", both(&out));
        assert_eq!(folders.live("a.test"), 2);

        // So do we.
        for path in [&go, &started] {
            std::fs::remove_file(path).expect("removed");
        }
        let mut ours = folders
            .renewal(&["--force"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nsenter");
        until("we run its hook", || started.exists());
        let out = folders.certbot_command("certificates").output().expect("nsenter");
        assert!(both(&out).contains("Another instance of Certbot is already running"), "{}", both(&out));
        refused(&folders, &["is locked by acme-audit, process "]);
        std::fs::write(&go, "").expect("written");
        assert_eq!(ours.wait().expect("its end").code(), Some(0));
        assert_eq!(folders.live("a.test"), 3);
        assert!(folders.certbot("certificates").contains("VALID"));
    }
}

#[test]
fn a_dry_run_by_its_flag_changes_nothing() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    let list = "find . -path ./log -prune -o -type f -exec sha256sum {} + -o -type l -ls";
    let listing = || run(crate::lab::clean("sh").args(["-c", list]).current_dir(folders.path("etc"))).stdout;
    let before = listing();
    let (told, code) = folders.told(&["--dry-run", "--server", crate::orders::world::PEBBLE]);
    assert_eq!(code, Some(0), "{told}");
    assert!(before == listing(), "{told}");
}
