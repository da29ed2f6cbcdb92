//! The responder: real processes and real sockets, on loopback or in a network of the test's own.

mod alpn;
mod answers;
mod child;
mod parent;
mod peers;
mod sockets;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use acme_audit::challenge::listen::bind_at;
use acme_audit::challenge::{Address, Responder, Socket};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::lab::skip;

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_acme-audit");
pub const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
pub const KEY_AUTHORIZATION: &str =
    "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";

/// A responder on these sockets that answers for [`TOKEN`].
fn started(sockets: Vec<Socket>) -> Responder {
    let mut responder = Responder::start_program(Path::new(PROGRAM), sockets).expect("a responder");
    responder.plant(TOKEN, KEY_AUTHORIZATION).expect("planted");
    responder
}

/// The same on a free port of 127.0.0.1.
fn on_loopback() -> (Responder, SocketAddr) {
    let socket = loopback();
    let Ok(Address::Tcp(address)) = socket.address() else { panic!("no address") };
    (started(vec![socket]), address)
}

fn loopback() -> Socket {
    bind_at(&"127.0.0.1:0".parse().expect("an address")).expect("a port")
}

/// The request of a CA.
fn request(token: &str) -> String {
    format!(
        "GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nHost: a.test\r\nUser-Agent: a CA\r\nAccept: */*\r\n\
        Connection: close\r\n\r\n"
    )
}

/// Sends this and returns all that comes until the end, also where that is a reset.
fn send(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    exchange(TcpStream::connect(address).expect("a connection"), bytes.as_ref())
}

fn exchange(mut stream: impl Read + Write, bytes: &[u8]) -> String {
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether this is the right answer for [`TOKEN`].
fn is_right(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(&format!("\r\n\r\n{KEY_AUTHORIZATION}"))
}

/// Waits for something that comes soon.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("not within 20 s: {what}");
}

/// Whether a process is there and is no zombie.
fn lives(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/status"))
        .is_ok_and(|status| !status.contains("\nState:\tZ") && !status.contains("\nState:\tX"))
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a pid");
    kill_process(pid, signal).expect("sent");
}

/// A shell script that starts the program in another way.
struct Wrapper(tempfile::TempDir);

impl Wrapper {
    /// The words before the program's name, `exec` among them.
    fn new(exec: &str) -> Wrapper {
        let dir = tempfile::tempdir().expect("a folder");
        let text = format!("#!/bin/sh\n{exec} {PROGRAM} \"$@\"\n");
        // Written by another process: what this one has open for writing cannot be executed while another test forks.
        let write = ["-c", "printf %s \"$1\" >\"$0\" && chmod 755 \"$0\""];
        let mut sh = Command::new("sh");
        sh.args(write).arg(dir.path().join("program")).arg(text);
        assert!(sh.status().expect("sh").success());
        Wrapper(dir)
    }

    fn program(&self) -> PathBuf {
        self.0.path().join("program")
    }
}

/// A network namespace with nothing but loopback, in which low ports are free.
struct Network {
    holder: Child,
}

impl Network {
    /// `None`, after a word to standard error, where this machine cannot have one.
    fn new() -> Option<Network> {
        let script = "ip link set lo up && echo up && read -r _";
        let mut holder = Command::new("unshare")
            .args(["--net", "sh", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("unshare");
        let mut up = [0; 3];
        let is_up = holder.stdout.as_mut().expect("its output").read_exact(&mut up).is_ok();
        let network = Network { holder };
        if !is_up {
            skip("needs root and network namespaces");
            return None;
        }
        Some(network)
    }

    /// Runs this in the network, in a thread of its own.
    fn within<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/proc/{}/ns/net", self.holder.id())).expect("the network");
        let enter = || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("the network");
            what()
        };
        thread::scope(|scope| scope.spawn(enter).join().expect("the thread's result"))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}
