//! A process that has a responder, for tests that kill it or start it in another way.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use acme_audit::challenge::listen::inherited;

use super::{loopback, started};

/// What it does: `bound`, or `inherited`.
const MODE: &str = "ACME_AUDIT_TEST_PARENT";

/// This test program, to run the test below and nothing else.
pub fn command(mode: &str) -> (Vec<String>, String) {
    let program = std::env::current_exe().expect("this program").to_string_lossy().into_owned();
    let only = "challenge::parent::the_parent".to_owned();
    let args = [program, "--exact".into(), only, "--ignored".into(), "--nocapture".into()];
    (args.into(), format!("{MODE}={mode}"))
}

/// The parent as it runs.
pub struct Parent {
    pub process: Child,
    pub responder: u32,
    pub addresses: Vec<String>,
    _input: ChildStdin,
    _output: BufReader<ChildStdout>,
}

impl Parent {
    /// On a free port of 127.0.0.1.
    pub fn start() -> Parent {
        let (args, variable) = command("bound");
        let mut env = Command::new("env");
        env.arg(variable).args(args);
        Self::wait(env.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("env"))
    }

    /// Waits until it serves.
    pub fn wait(mut process: Child) -> Parent {
        let mut output = BufReader::new(process.stdout.take().expect("its output"));
        let input = process.stdin.take().expect("its input");
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(output.read_line(&mut line).expect("a line"), 0, "it ended");
            if let Some((_, says)) = line.split_once("@serves ") {
                let mut words = says.split_whitespace();
                let responder = words.next().and_then(|pid| pid.parse().ok()).expect("a pid");
                let addresses = words.map(str::to_owned).collect();
                return Parent { process, responder, addresses, _input: input, _output: output };
            }
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.addresses[0].parse().expect("an address")
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
#[ignore = "not a test: the process that other tests start"]
fn the_parent() {
    let sockets = match std::env::var(MODE).as_deref() {
        Ok("bound") => vec![loopback()],
        Ok("inherited") => inherited(),
        _ => return,
    };
    let addresses: Vec<_> = sockets.iter().map(|s| s.address().expect("an address").to_string()).collect();
    let responder = started(sockets);
    println!("\n@serves {} {}", responder.pid(), addresses.join(" "));
    let _ = std::io::stdin().read(&mut [0]);
}
