//! The way to a CA through a real proxy: tinyproxy on loopback.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::time::Duration;

use super::{healthy, host, report_with, server::Server};
use crate::lab::{lab, skip};

/// A proxy that asks for a password, until it is dropped.
struct Proxy {
    port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

impl Proxy {
    fn start() -> Option<Self> {
        lab()?;
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let (conf, log) = (folder.path().join("conf"), folder.path().join("log"));
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 20\nLogFile \"{}\"\nLogLevel Connect\nBasicAuth me s3cret\n",
            log.display()
        );
        std::fs::write(&conf, text).expect("written");
        let Ok(child) = Command::new("tinyproxy").arg("-d").arg("-c").arg(&conf).spawn() else {
            skip("needs tinyproxy");
            return None;
        };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self { port, folder, child })
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file that gives cron's jobs a variable.
fn environment(variable: &str) -> String {
    format!("file /etc/environment <<END\n{variable}\nEND\n")
}

#[test]
fn the_schedules_proxy_is_the_way_to_the_ca() {
    let Some(proxy) = Proxy::start() else { return };
    let server = Server::start(healthy);
    let variables = format!("HTTPS_PROXY=http://me:s3cret@127.0.0.1:{}", proxy.port);
    let through = host(&server, &environment(&variables));
    // What this process has set does not matter to the schedule.
    let (report, said) = report_with(&server, &through, true, &[("HTTPS_PROXY", "http://127.0.0.1:1")]);
    assert_eq!(said, Vec::<String>::new());
    assert!(proxy.log().contains("CONNECT localhost:"), "{}", proxy.log());
    assert!(!report.to_string().contains("s3cret"));
}

#[test]
fn a_proxy_that_does_not_let_it_through_is_named_with_its_place() {
    let Some(proxy) = Proxy::start() else { return };
    let server = Server::start(healthy);
    let wrong = format!("HTTPS_PROXY=http://me:wrong@127.0.0.1:{}", proxy.port);
    let dead = "https_proxy=http://127.0.0.1:1".to_owned();
    for (variables, why) in [(wrong, "it refuses to connect"), (dead, "refused")] {
        let host = host(&server, &environment(&variables));
        // This process goes there directly: the schedule alone is at fault.
        let (report, said) = report_with(&server, &host, true, &[]);
        assert_eq!(said, ["may-fail cannot-reach-ca"], "{variables}");
        let says = report["findings"][0]["says"].as_str().expect("text").to_lowercase();
        assert!(says.contains(why) && says.contains("(/etc/environment:1)"), "{says}");
        assert!(!report.to_string().contains("wrong@"));
    }
}

#[test]
fn what_only_this_process_knows_is_said() {
    let Some(proxy) = Proxy::start() else { return };
    let server = Server::start(healthy);
    let own = format!("http://me:s3cret@127.0.0.1:{}", proxy.port);
    let host = host(&server, &environment("HTTPS_PROXY=http://127.0.0.1:1"));
    let (report, said) = report_with(&server, &host, true, &[("HTTPS_PROXY", &own)]);
    assert_eq!(said, ["may-fail cannot-reach-ca"]);
    let says = report["findings"][0]["says"].as_str().expect("text");
    assert!(says.contains(&format!("HTTPS_PROXY=http://***@127.0.0.1:{}", proxy.port)), "{says}");
}
