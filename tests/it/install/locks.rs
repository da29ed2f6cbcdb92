//! certbot's locks, held by certbot and by us.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use acme_audit::install::{Folders, Lock};

use super::lineage::Lineage;
use crate::lab::{clean, skip};

fn folders(lineage: &Lineage) -> Folders {
    Folders { logs: lineage.path("log"), config: lineage.path("etc"), work: lineage.path("lib") }
}

/// Ends it with the test.
struct Holder(Child);

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_lock_that_python_holds_is_respected_and_its_holder_named() {
    for folder in ["log", "etc", "lib"] {
        let lineage = Lineage::new(1);
        let script = "import fcntl, os, sys\n\
            fd = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY, 0o600)\n\
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)\nprint('held', flush=True)\nsys.stdin.read()";
        let python = clean("python3")
            .args(["-c", script])
            .arg(lineage.path(folder).join(".certbot.lock"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(python) = python else { return skip("needs python3") };
        let mut python = Holder(python);
        let mut line = String::new();
        BufReader::new(python.0.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        assert_eq!(line, "held\n");
        let error = Lock::take(&folders(&lineage)).expect_err("held").to_string();
        let wanted = format!("{folder}/.certbot.lock is locked by python3, process {}", python.0.id());
        assert!(error.contains(&wanted) && error.contains("hint: wait for its end"), "{error}");
        drop(python.0.stdin.take());
        python.0.wait().expect("its end");
        // What was held before the one that was not is let go of.
        drop(Lock::take(&folders(&lineage)).expect("free"));
    }
}

#[test]
fn certbot_waits_for_us_and_we_for_certbot() {
    let lineage = Lineage::new(1);
    let lock = Lock::take(&folders(&lineage)).expect("free");
    let Some(said) = lineage.certbot("certificates") else { return skip("needs certbot") };
    assert!(said.contains("Another instance of Certbot is already running"), "{said}");
    // Its look at the file does not cost us the lock.
    Lock::take(&folders(&lineage)).expect_err("held by us");
    drop(lock);
    let said = lineage.certbot("certificates").expect("certbot");
    assert!(said.contains("VALID"), "{said}");

    // certbot holds its locks while it asks.
    let mut certbot = clean("certbot");
    for (flag, folder) in [("--config-dir", "etc"), ("--work-dir", "lib"), ("--logs-dir", "log")] {
        certbot.arg(flag).arg(lineage.path(folder));
    }
    let certbot = certbot
        .args(["delete", "--force-interactive"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut certbot = Holder(certbot.spawn().expect("certbot"));
    let mut asked = [0];
    certbot.0.stdout.as_mut().expect("its output").read_exact(&mut asked).expect("its question");
    let error = Lock::take(&folders(&lineage)).expect_err("held").to_string();
    assert!(error.contains("log/.certbot.lock is locked by certbot, process "), "{error}");
    drop(certbot.0.stdin.take());
    let end = Instant::now() + Duration::from_secs(20);
    while certbot.0.try_wait().expect("its state").is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(Lock::take(&folders(&lineage)).expect("free"));
}
