//! Deploy hooks: run for what was renewed, and owed until they succeed.

use super::site::Site;
use crate::orders::world::Pebble;

#[test]
fn a_deploy_hook_is_owed_until_it_succeeds() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    let fails = folders.path("fails");
    let hook = folders.hook("hook", &format!("test ! -e {}", fails.display()));
    folders.webroot("a.test,www.a.test", &["--deploy-hook", &hook]);
    folders.webroot("b.test", &[]);
    std::fs::remove_file(folders.path("hook.log")).expect("certbot has run it");
    let live = folders.path("etc/live/a.test");
    let line = format!("{} a.test www.a.test", live.display());

    folders.renew(&["--force"]).assert(&["renewed", "renewed"], 0);
    assert_eq!(folders.hook_log("hook"), [line.as_str()], "for its own lineage alone");

    // It fails, and so does every run until it does not; nothing is ordered for it.
    std::fs::write(&fails, "").expect("written");
    let report = folders.renew(&["--force", "a.test"]);
    report.assert(&["renewed"], 1);
    assert_eq!(report.of("a.test")["hooks"][0]["exit_code"], 1);
    let before = site.orders();
    let (told, code) = folders.told(&[]);
    assert_eq!((code, site.orders()), (Some(1), before), "{told}");
    assert!(told.contains("ended with exit code 1") && told.contains("owed by an earlier run"), "{told}");
    assert_eq!(folders.hook_log("hook").len(), 3);
    // Another lineage's run leaves it alone, and so does one without hooks.
    folders.renew(&["b.test"]).assert(&["not-due"], 0);
    folders.renew(&["--no-hooks"]).assert(&["not-due", "not-due"], 0);
    assert_eq!(folders.hook_log("hook").len(), 3);
    std::fs::remove_file(&fails).expect("removed");
    folders.renew(&[]).assert(&["not-due", "not-due"], 0);
    assert_eq!(folders.hook_log("hook"), [line.as_str(); 4]);
    folders.renew(&[]).assert(&["not-due", "not-due"], 0);
    assert_eq!(folders.hook_log("hook").len(), 4, "it is owed no more");

    folders.renew(&["--force", "--no-hooks"]).assert(&["renewed", "renewed"], 0);
    folders.renew(&[]).assert(&["not-due", "not-due"], 0);
    assert_eq!(folders.hook_log("hook").len(), 4, "nobody wanted it");
}

#[test]
fn hooks_of_the_folders_and_of_confs_run_in_certbots_order_and_once() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    let log = folders.path("order.log");
    let say = |word: &str| format!("echo {word} >>{}", log.display());
    let (pre, post, deploy) = (say("pre"), say("post"), say("deploy"));
    let both = ["--pre-hook", &pre, "--post-hook", &post, "--deploy-hook", &deploy];
    folders.webroot("a.test", &both);
    folders.webroot("b.test", &both);
    for (stage, word) in [("pre", "folder-pre"), ("post", "folder-post"), ("deploy", "folder-deploy")] {
        let hook = folders.hook(word, &say(word));
        let to = folders.path(&format!("etc/renewal-hooks/{stage}/{word}"));
        std::fs::rename(hook, to).expect("moved");
    }
    let said =
        || std::fs::read_to_string(&log).expect("the log").lines().map(str::to_owned).collect::<Vec<_>>();
    std::fs::write(&log, "").expect("written");
    folders.certbot("renew --force-renewal --no-random-sleep-on-renew");
    let mut by_certbot = said();
    std::fs::write(&log, "").expect("written");
    folders.renew(&["--force"]).assert(&["renewed", "renewed"], 0);
    let mut by_us = said();
    for all in [&by_certbot, &by_us] {
        assert_eq!(all[..2], ["folder-pre", "pre"], "{all:?}");
        assert_eq!(all[all.len() - 2..], ["folder-post", "post"], "{all:?}");
    }
    by_certbot.sort();
    by_us.sort();
    assert_eq!(by_us, by_certbot);
    // Post hooks get the names, as with certbot from 4.2 on.
    let names = folders.path("domains.log");
    let say = format!("echo \"[$RENEWED_DOMAINS] [$FAILED_DOMAINS]\" >>{}", names.display());
    let to = folders.path("etc/renewal-hooks/post/names");
    std::fs::rename(folders.hook("names", &say), to).expect("moved");
    let (www, elsewhere) = (site.path("www"), folders.path("elsewhere"));
    folders.edit("etc/renewal/b.test.conf", &www.display().to_string(), &elsewhere.display().to_string());
    folders.renew(&["--force"]).assert(&["renewed", "failed"], 2);
    assert_eq!(std::fs::read_to_string(&names).expect("the log"), "[a.test] [b.test]\n");

    // Where nothing is due, none of them runs.
    std::fs::write(&log, "").expect("written");
    folders.renew(&[]).assert(&["not-due", "not-due"], 0);
    assert_eq!(said(), Vec::<String>::new());
}
