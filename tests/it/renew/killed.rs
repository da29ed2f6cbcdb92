//! Ended in the middle: live holds the old set or the new one, whole, and the next run goes on from there.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::site::{Ends, Folders, Site, until};
use crate::orders::world::Pebble;

/// Sends a signal to the program itself: nsenter, which waits for it, ends as it does.
pub fn send(child: &Child, signal: &str) {
    let nsenter = child.id();
    let children = std::fs::read_to_string(format!("/proc/{nsenter}/task/{nsenter}/children"));
    let children = children.expect("its children");
    // It may have ended by itself just now.
    let _ = Command::new("kill").args([signal, children.trim()]).stderr(Stdio::null()).status();
}

/// A renewal of all lineages, begun.
pub fn start(folders: &Folders<'_>) -> Child {
    folders.renewal(&["--force"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nsenter")
}

/// Nothing is left in the web root and on ports.
fn nothing_left(site: &Site, when: &str) {
    assert_eq!(site.tokens(), Vec::<PathBuf>::new(), "{when}");
    assert_eq!(site.listens(), Vec::<String>::new(), "{when}");
}

/// Serves the folder `$1` and takes its time.
const SLOW: &str = "import http.server, sys, time, functools\n\
    class Slow(http.server.SimpleHTTPRequestHandler):\n\
    \x20   def do_GET(self):\n\
    \x20       time.sleep(2)\n\
    \x20       super().do_GET()\n\
    slow = functools.partial(Slow, directory=sys.argv[1])\n\
    http.server.ThreadingHTTPServer(('127.0.0.1', 8081), slow).serve_forever()";

#[test]
fn a_signal_while_the_ca_looks_takes_everything_back() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let mut slow = site.world.command("python3");
    slow.args(["-c", SLOW]).arg(site.path("www")).stdout(Stdio::null()).stderr(Stdio::null());
    let _slow = Ends(slow.spawn().expect("nsenter"));
    site.nginx(
        "a.test",
        "server { listen 80; server_name a.test; location / { proxy_pass http://127.0.0.1:8081; } }\n",
    );
    let folders = site.debian();
    let hook = folders.hook("post", "");
    folders.webroot("a.test", &["--post-hook", &hook]);
    let mut hooks = folders.hook_log("post").len();
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut ours = start(&folders);
        until("a token is published", || !site.tokens().is_empty());
        send(&ours, signal);
        assert_eq!(ours.wait().expect("its end").code(), Some(code));
        nothing_left(&site, signal);
        assert_eq!(folders.live("a.test"), 1);
        hooks += 1;
        assert_eq!(folders.hook_log("post").len(), hooks, "what a pre hook stops, a post hook starts");
    }
    // Killed, it cannot take anything back; the next one does.
    let mut ours = start(&folders);
    until("a token is published", || !site.tokens().is_empty());
    send(&ours, "-KILL");
    assert_eq!(ours.wait().expect("its end").signal(), Some(9));
    assert_eq!((site.tokens().len(), folders.live("a.test")), (1, 1));
    let (told, code) = folders.told(&["--force"]);
    assert_eq!(code, Some(0), "{told}");
    nothing_left(&site, "after the next run");
    assert_eq!(folders.live("a.test"), 2);
}

#[test]
fn a_signal_during_a_pre_hook_ends_the_run_before_any_order() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    let (started, go) = (folders.path("started"), folders.path("go"));
    folders.webroot("a.test", &[]);
    let pre = format!("touch {}; while test ! -e {}; do sleep 0.05; done", started.display(), go.display());
    let (pre, post) = (folders.hook("pre", &pre), folders.hook("post", ""));
    let params = format!("[renewalparams]\npre_hook = {pre}\npost_hook = {post}");
    folders.edit("etc/renewal/a.test.conf", "[renewalparams]", &params);
    let before = site.orders();
    let mut ours = start(&folders);
    until("the pre hook runs", || started.exists());
    send(&ours, "-TERM");
    std::thread::sleep(Duration::from_millis(300));
    assert!(ours.try_wait().expect("its state").is_none(), "the hook is waited for");
    std::fs::write(&go, "").expect("written");
    assert_eq!(ours.wait().expect("its end").code(), Some(143));
    assert_eq!((site.orders(), folders.live("a.test")), (before, 1));
    assert_eq!(folders.hook_log("post").len(), 1, "what a pre hook stops, a post hook starts");
}

#[test]
fn killed_before_a_deploy_hook_has_ended_the_next_run_owes_it() {
    let Some(site) = Site::start(Pebble::new()) else { return };
    let folders = site.debian();
    let go = folders.path("go");
    folders.webroot("a.test", &[]);
    let hook = folders.hook("deploy", &format!("while test ! -e {}; do sleep 0.05; done", go.display()));
    folders.edit(
        "etc/renewal/a.test.conf",
        "[renewalparams]",
        &format!("[renewalparams]\nrenew_hook = {hook}"),
    );
    let mut ours = start(&folders);
    until("the deploy hook runs", || folders.hook_log("deploy").len() == 1);
    send(&ours, "-KILL");
    ours.wait().expect("its end");
    std::fs::write(&go, "").expect("written");
    assert_eq!(folders.live("a.test"), 2);
    folders.renew(&[]).assert(&["not-due"], 0);
    assert_eq!(folders.hook_log("deploy").len(), 2);
    folders.renew(&[]).assert(&["not-due"], 0);
    assert_eq!(folders.hook_log("deploy").len(), 2);
}

#[test]
fn killed_at_any_time_a_lineage_is_whole_and_the_next_run_renews_it() {
    // The port of standalone is another one than nginx's.
    for (pebble, standalone) in [(Pebble::new(), false), (Pebble::new().set("httpPort", 5002.into()), true)] {
        let Some(site) = Site::start(pebble) else { return };
        let folders = site.debian();
        match standalone {
            false => folders.webroot("a.test", &[]),
            true => folders.obtain("--standalone --http-01-port 5002 -d a.test", &[]),
        }
        let start = || {
            let mut ours = folders.renewal(&["--force", "--http-port", "5002"]);
            ours.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nsenter")
        };
        let from = Instant::now();
        assert_eq!(start().wait().expect("its end").code(), Some(0));
        let took = from.elapsed();
        let mut ended = Vec::new();
        for part in 1..=20 {
            let mut ours = start();
            std::thread::sleep(took.mul_f64(f64::from(part) / 20.0));
            if ours.try_wait().expect("its state").is_none() {
                send(&ours, if part % 2 == 0 { "-TERM" } else { "-KILL" });
            }
            let end = ours.wait().expect("its end");
            // The old or the new, and whole.
            ended.push((folders.live("a.test"), end));
            // What listens is a process of its own, and needs a moment to see that nobody is left whom it works for.
            until("no port is held", || site.listens().is_empty());
        }
        let before = folders.live("a.test");
        folders.renew(&["--force", "--http-port", "5002"]).assert(&["renewed"], 0);
        assert_eq!(folders.live("a.test"), before + 1, "{ended:?}");
        nothing_left(&site, "after all");
        assert!(folders.certbot("certificates").contains("VALID"));
        folders.certbot("renew --force-renewal --no-random-sleep-on-renew");
        assert_eq!(folders.live("a.test"), before + 2);
    }
}
