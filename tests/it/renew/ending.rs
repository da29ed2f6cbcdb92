//! Hooks that fail or do not end, and people who do not want to wait for them.

use std::path::Path;
use std::time::Duration;

use super::killed::{send, start};
use super::site::{Folders, Site, until};
use crate::orders::world::Pebble;

/// Puts hooks into the conf of a lineage, as certbot keeps them.
fn hooks(folders: &Folders<'_>, name: &str, hooks: &[(&str, &str)]) {
    let lines: String = hooks.iter().map(|(key, command)| format!("\n{key} = {command}")).collect();
    folders.edit(&format!("etc/renewal/{name}.conf"), "[renewalparams]", &format!("[renewalparams]{lines}"));
}

#[test]
fn post_hooks_run_whatever_came_of_the_rest() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    let fails = folders.path("fails");
    let (pre, post) = (folders.hook("pre", "echo no >&2; exit 7"), folders.hook("post", ""));
    let deploy = folders.hook("deploy", &format!("test ! -e {}", fails.display()));
    hooks(&folders, "a.test", &[("pre_hook", &pre), ("post_hook", &post), ("renew_hook", &deploy)]);
    let ran = || ["pre", "deploy", "post"].map(|name| folders.hook_log(name).len());

    // certbot logs a pre hook that fails, and goes on: so do we, with another exit code.
    folders.certbot("renew --force-renewal --no-random-sleep-on-renew");
    assert_eq!((folders.live("a.test"), ran()), (2, [1, 1, 1]));
    let report = folders.renew(&["--force"]);
    report.assert(&["renewed"], 1);
    assert_eq!((folders.live("a.test"), ran()), (3, [2, 2, 2]));
    let told = &report.json["hooks"][0];
    assert_eq!((&told["exit_code"], &told["output"]), (&7.into(), &"no".into()), "{told:#}");
    let (told, code) = folders.told(&["--force", "--quiet"]);
    assert_eq!((code, folders.live("a.test"), ran()), (Some(1), 4, [3, 3, 3]), "{told}");
    assert!(told.contains(&format!("`{pre}` ended with exit code 7")) && told.contains("  no\n"), "{told}");
    let (told, code) = folders.told(&["--format", "nagios"]);
    let status = "ACME-AUDIT OK - 1 lineage: 0 renewed, 1 not due | lineages=1 renewed=0 not_due=1 held_back=0 \
                  needs_snippet=0 failed=0\n";
    assert_eq!((told.as_str(), code), (status, Some(0)));

    folders.hook("pre", "");
    std::fs::write(&fails, "").expect("written");
    folders.renew(&["--force"]).assert(&["renewed"], 1);
    // A post hook may have started what the deploy hook needs: it is tried three times more.
    assert_eq!((folders.live("a.test"), ran()), (5, [4, 7, 4]));

    let www = site.path("www").display().to_string();
    folders.edit("etc/renewal/a.test.conf", &www, folders.dir.to_str().expect("text"));
    std::fs::remove_file(&fails).expect("removed");
    folders.renew(&["--force"]).assert(&["failed"], 2);
    assert_eq!((folders.live("a.test"), ran()), (5, [5, 8, 5]), "the deploy hook was owed");
    let (told, code) = folders.told(&["--force", "--format", "nagios"]);
    let status = told.lines().next().expect("a line");
    assert!(status.starts_with("ACME-AUDIT CRITICAL - a.test: "), "{told}");
    assert!(
        status.contains(" (1 lineage: 0 renewed, 0 not due, 1 failed) | lineages=1 renewed=0 "),
        "{told}"
    );
    assert_eq!((told.matches('|').count(), code), (1, Some(2)), "{told}");
}

/// A hook that does not end by itself, nor what it has started.
fn endless(folders: &Folders<'_>, name: &str) -> String {
    folders.hook(name, "sleep 61234 &\nwait")
}

/// What endless hooks have started.
fn sleepers(site: &Site) -> String {
    let out = site.world.command("pgrep").args(["-f", "sleep 61234"]).output().expect("nsenter");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Asks it to end twice while this hook runs; the first time the hook is waited for.
fn twice(folders: &Folders<'_>, hook: &str, signals: [&str; 2]) -> Option<i32> {
    let before = folders.hook_log(hook).len();
    let mut ours = start(folders);
    until("the hook runs", || folders.hook_log(hook).len() > before);
    send(&ours, signals[0]);
    std::thread::sleep(Duration::from_millis(500));
    assert!(ours.try_wait().expect("its state").is_none(), "the hook is waited for");
    // A terminal that is closed says so, and that is not asking twice.
    send(&ours, "-HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert!(ours.try_wait().expect("its state").is_none(), "the hook is waited for");
    send(&ours, signals[1]);
    ours.wait().expect("its end").code()
}

#[test]
fn a_second_signal_ends_the_hook_that_runs_and_not_what_puts_back() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    folders.webroot("a.test", &[]);
    let before = site.orders();

    // A pre hook: nothing is ordered, and what it has stopped is started again.
    let (pre, post) = (endless(&folders, "pre"), folders.hook("post", ""));
    hooks(&folders, "a.test", &[("pre_hook", &pre), ("post_hook", &post)]);
    assert_eq!(twice(&folders, "pre", ["-INT", "-INT"]), Some(130));
    assert_eq!((folders.hook_log("post").len(), sleepers(&site)), (1, String::new()));
    assert_eq!((site.orders(), folders.live("a.test")), (before, 1));
    folders.edit("etc/renewal/a.test.conf", &format!("\npre_hook = {pre}"), "");

    // A deploy hook: it stays owed.
    let deploy = endless(&folders, "deploy");
    hooks(&folders, "a.test", &[("renew_hook", &deploy)]);
    assert_eq!(twice(&folders, "deploy", ["-TERM", "-INT"]), Some(143));
    assert_eq!((folders.hook_log("post").len(), sleepers(&site)), (2, String::new()));
    assert_eq!(folders.live("a.test"), 2);
    std::fs::write(Path::new(&deploy), "#!/bin/sh\necho again >>$0.log\n").expect("written");
    folders.renew(&[]).assert(&["not-due"], 0);
    assert_eq!(folders.hook_log("deploy").len(), 2, "the next run runs it");
    folders.edit("etc/renewal/a.test.conf", &format!("\nrenew_hook = {deploy}"), "");

    // A post hook: the next one is begun all the same.
    let last = endless(&folders, "etc/renewal-hooks/post/first");
    assert_eq!(twice(&folders, "etc/renewal-hooks/post/first", ["-INT", "-TERM"]), Some(130));
    assert_eq!((folders.hook_log("post").len(), sleepers(&site)), (3, String::new()));
    assert!(Path::new(&last).exists() && folders.live("a.test") == 3);
}
