//! An install that is killed, or refused, at every one of its system calls that change a file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Output;

use super::lineage::{Lineage, check, installer};
use crate::lab::{clean, skip};

/// What changes files, on any architecture.
const CHANGING: &str = "?open,?openat,?openat2,?creat,write,?pwrite64,?writev,fsync,?fdatasync,?rename,?renameat,renameat2,?link,\
    ?linkat,?symlink,?symlinkat,?unlink,?unlinkat,?rmdir,?mkdir,?mkdirat,?chmod,fchmod,?fchmodat,?fchmodat2,?chown,?lchown,\
    fchown,?fchownat,?ftruncate,?truncate,?fallocate,?copy_file_range,?sendfile,?setxattr,?lsetxattr,fsetxattr";

/// One system call of a run: its name, and which one of that name it is.
#[derive(Debug)]
struct Call {
    name: String,
    nth: usize,
    line: String,
}

impl Call {
    fn inject(&self, what: &str) -> String {
        format!("inject={}:{what}:when={}", self.name, self.nth)
    }
}

/// The installer under strace.
fn strace(args: &[String], log: &Path, inject: &[String]) -> Output {
    let mut strace = clean("strace");
    strace.args(["-f", "-y", "-s", "0", "-o"]).arg(log).args(["-e", &format!("trace={CHANGING}")]);
    for inject in inject {
        strace.args(["-e", inject]);
    }
    strace.arg(installer()).args(args).output().expect("strace")
}

fn is_here() -> bool {
    let is_here = clean("strace").arg("-V").output().is_ok();
    if !is_here {
        skip("needs strace");
    }
    is_here
}

/// The calls of a whole run that change a file below the lineage's folder.
fn calls(lineage: &Lineage, args: &[String], inject: &[String]) -> Vec<Call> {
    let log = lineage.path("../trace");
    let output = strace(args, &log, inject);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in fs::read_to_string(&log).expect("the trace").lines() {
        let Some((_, call)) = line.split_once(' ') else { continue };
        let Some((name, rest)) = call.trim_start().split_once('(') else { continue };
        let nth = seen.entry(name.to_owned()).or_default();
        *nth += 1;
        let reads = name.starts_with("open")
            && !["O_CREAT", "O_WRONLY", "O_RDWR"].iter().any(|flag| rest.contains(flag));
        if !reads && rest.contains(&*lineage.dir.to_string_lossy()) {
            calls.push(Call { name: name.to_owned(), nth: *nth, line: call.to_owned() });
        }
    }
    calls
}

fn kill(lineage: &Lineage, args: &[String], call: &Call, also: &[String]) {
    let inject: Vec<String> = also.iter().cloned().chain([call.inject("signal=SIGKILL")]).collect();
    let output = strace(args, &lineage.path("../trace"), &inject);
    assert_eq!(output.status.signal(), Some(9), "{call:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn recover(lineage: &Lineage, when: &str) -> u64 {
    let output = lineage.recover();
    assert!(output.status.success(), "{when}: {}", String::from_utf8_lossy(&output.stderr));
    let version = lineage.settled(when);
    assert_eq!(lineage.is_rewritten(), version == 3, "{when}: the conf goes with the certificate");
    version
}

/// Killed before each call in turn: live is whole at once, and the next run settles the rest.
#[test]
fn killed_at_every_call_live_is_whole_and_the_next_run_goes_on() {
    if !is_here() {
        return;
    }
    let lineage = Lineage::new(2);
    let args = lineage.install_args();
    let calls = calls(&lineage, &args, &[]);
    assert!(calls.len() > 40, "{calls:#?}");
    for name in ["write", "fsync", "renameat2"] {
        assert!(calls.iter().any(|call| call.name == name), "{name}: {calls:#?}");
    }
    assert_eq!(lineage.settled("not killed"), 3);
    let key = fs::read_to_string(lineage.path("key.pem")).expect("the key");
    let mut ends = BTreeMap::new();
    let mut without = Vec::new();
    for (at, call) in calls.iter().enumerate() {
        let when = format!("killed at {} {}: {}", call.name, call.nth, call.line);
        lineage.restore();
        kill(&lineage, &args, call, &[]);
        let live = lineage.whole(&when);
        match lineage.nginx() {
            Some(loads) => assert_eq!(loads, Ok(()), "{when}"),
            None => without.push("nginx"),
        }
        // certbot takes a second each time.
        if at % 8 == 0 || call.name == "renameat2" {
            match lineage.certbot("certificates") {
                Some(said) => assert!(
                    said.contains("Certificate Name: a.test") && said.contains("VALID"),
                    "{when}: {said}"
                ),
                None => without.push("certbot"),
            }
            assert_eq!(lineage.whole(&when), live, "certbot changes nothing");
        }
        for (path, _) in super::lineage::files(&lineage.path("state")) {
            let text = fs::read_to_string(lineage.path("state").join(&path)).unwrap_or_default();
            assert!(key.lines().all(|line| !text.contains(line)), "{when}: the journal holds key material");
        }
        let settled = recover(&lineage, &when);
        assert!(settled >= live, "{when}: it never goes back");
        *ends.entry((live, settled)).or_insert(0) += 1;
        let again = lineage.install();
        assert!(again.status.success(), "{when}: {}", String::from_utf8_lossy(&again.stderr));
        assert_eq!(lineage.settled(&when), settled + 1);
    }
    // Rolled back, finished from before the exchange, finished from after it.
    assert_eq!(ends.keys().copied().collect::<Vec<_>>(), [(2, 2), (2, 3), (3, 3)], "{ends:?}");
    without.dedup();
    if !without.is_empty() {
        skip(&format!("{without:?} did not look at what was left"));
    }
}

/// The run that settles is killed, too.
#[test]
fn killed_again_while_it_recovers_live_is_whole() {
    if !is_here() {
        return;
    }
    let lineage = Lineage::new(2);
    let (args, recovery) = (lineage.install_args(), lineage.recover_args());
    let all = calls(&lineage, &args, &[]);
    // Some from everywhere, and what follows each exchange.
    let exchanged = |at: usize| at > 0 && all[at - 1].name == "renameat2";
    for (_, first) in all.iter().enumerate().filter(|(at, _)| at % 9 == 0 || exchanged(*at)) {
        lineage.restore();
        kill(&lineage, &args, first, &[]);
        for second in calls(&lineage, &recovery, &[]) {
            let when = format!("killed at {first:?}, then at {second:?}");
            lineage.restore();
            kill(&lineage, &args, first, &[]);
            kill(&lineage, &recovery, &second, &[]);
            let live = lineage.whole(&when);
            assert!(recover(&lineage, &when) >= live, "{when}");
        }
    }
}

/// certbot comes first after a kill: it finds a lineage that it can work with, and we one that we can.
#[test]
fn certbot_renews_after_a_kill_and_the_next_run_goes_on() {
    if !is_here() {
        return;
    }
    let lineage = Lineage::new(2);
    let args = lineage.install_args();
    let calls = calls(&lineage, &args, &[]);
    let named = calls.iter().position(|call| call.name == "renameat2").expect("the exchange");
    for (at, call) in calls.iter().enumerate().filter(|(at, _)| at % 9 == 0 || *at == named) {
        let when = format!("killed at {} {}: {}", call.name, call.nth, call.line);
        lineage.restore();
        kill(&lineage, &args, call, &[]);
        let live = lineage.whole(&when);
        let Some(said) = lineage.certbot("renew") else { return skip("needs certbot") };
        assert!(!said.contains("error") && said.contains("not due for renewal"), "{when}: {said}");
        // It links to a version that is complete in the archive, and to none that is not.
        let linked = lineage.whole(&when);
        assert_eq!(linked, if at == named { 3 } else { live }, "{when}: {said}");
        assert_eq!(said.contains("was not linked to in /live/"), at == named, "{when}: {said}");
        assert!(recover(&lineage, &when) >= linked, "{when}");
    }
}

/// A file system that cannot exchange folders: certbot itself, or the next run, heals what a kill leaves.
#[test]
fn killed_while_links_are_swapped_certbot_or_the_next_run_heals_it() {
    if !is_here() {
        return;
    }
    let no_exchange = ["inject=renameat2:error=EINVAL".to_owned()];
    let lineage = Lineage::new(2);
    let args = lineage.install_args();
    let calls = calls(&lineage, &args, &no_exchange);
    let mut torn = 0;
    for call in calls.iter().filter(|call| call.name != "renameat2") {
        let when = format!("killed at {} {}: {}", call.name, call.nth, call.line);
        lineage.restore();
        kill(&lineage, &args, call, &no_exchange);
        if check(&lineage.path("etc")).is_err() {
            torn += 1;
            let kept = lineage.keep();
            match lineage.certbot("certificates") {
                Some(said) => {
                    assert!(said.contains("VALID"), "{when}: {said}");
                    assert_eq!(lineage.whole(&when), 2, "certbot took it back");
                    assert_eq!(recover(&lineage, &when), 3);
                }
                None => skip("needs certbot"),
            }
            lineage.restore_from(&kept);
        }
        let output = strace(&lineage.recover_args(), &lineage.path("../trace"), &no_exchange);
        assert!(output.status.success(), "{when}: {}", String::from_utf8_lossy(&output.stderr));
        lineage.settled(&when);
        assert!(lineage.install().status.success(), "{when}");
    }
    assert_eq!(torn, 3, "between the first of the four and the last");
}

/// Refused each call in turn: an error takes all back, or the new set is in use and the next run does what is left.
#[test]
fn refused_at_every_call_the_old_set_stays_or_the_new_one_is_whole() {
    if !is_here() {
        return;
    }
    let lineage = Lineage::new(2);
    let args = lineage.install_args();
    let calls = calls(&lineage, &args, &[]);
    for (at, call) in calls.iter().enumerate() {
        let errno = ["EIO", "ENOSPC", "EROFS"][at % 3];
        let when = format!("{errno} at {} {}: {}", call.name, call.nth, call.line);
        lineage.restore();
        let output = strace(&args, &lineage.path("../trace"), &[call.inject(&format!("error={errno}"))]);
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let live = lineage.whole(&when);
        if output.status.code() == Some(0) {
            assert_eq!(live, 3, "{when}: {said}");
        } else {
            assert_eq!((output.status.code(), live), (Some(3), 2), "{when}: {said}");
            assert!(said.contains("error: cannot ") && said.contains("hint: "), "{when}: {said}");
            assert!(said.contains(&*lineage.dir.to_string_lossy()), "{when}: {said}");
            assert_eq!(lineage.settled(&when), 2);
        }
        assert_eq!(recover(&lineage, &when), live, "{when}: {said}");
    }
}

/// There is no moment when the key is open to others, whatever the umask.
#[test]
fn the_key_is_never_open_to_others() {
    if !is_here() {
        return;
    }
    for (umask, public) in [("000", 0o644), ("022", 0o644), ("077", 0o600)] {
        let lineage = Lineage::new(2);
        let log = lineage.path("../trace");
        let script = r#"umask "$1"; shift; exec "$@""#;
        let output = clean("sh")
            .args([
                "-c",
                script,
                "sh",
                umask,
                "strace",
                "-f",
                "-y",
                "-s",
                "0",
                "-e",
                "trace=?open,openat,?chmod,fchmod,?fchmodat",
            ])
            .arg("-o")
            .arg(&log)
            .arg(installer())
            .args(lineage.install_args())
            .output()
            .expect("strace");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("PRIVATE"), "{said}");
        let trace = fs::read_to_string(&log).expect("the trace");
        let of_key: Vec<&str> = trace
            .lines()
            .filter(|line| line.contains("privkey3.pem") && !line.contains("O_RDONLY"))
            .collect();
        let modes: Vec<&str> = of_key
            .iter()
            .filter_map(|line| line.rsplit_once(", 0")?.1.split_once(')'))
            .map(|(mode, _)| mode)
            .collect();
        assert_eq!(modes, ["600", "640"], "made, then given the bits of the key before: {of_key:?}");
        assert_eq!(lineage.settled(umask), 3);
        let modes = super::lineage::files(&lineage.path("etc/archive/a.test"));
        assert_eq!(
            (modes["cert3.pem"], modes["fullchain3.pem"], modes["privkey3.pem"]),
            (public, public, 0o640)
        );
    }
}
