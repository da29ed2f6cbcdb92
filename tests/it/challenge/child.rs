//! The child as a process: what it may do, and when it ends.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use acme_audit::challenge::{Address, Error, Responder};
use rustix::process::{Pid, Signal, geteuid, getpgid};

use super::parent::{self, Parent};
use super::{
    KEY_AUTHORIZATION, PROGRAM, TOKEN, Wrapper, exchange, is_right, lives, loopback, on_loopback, request,
    send, signal, until,
};
use crate::lab::skip;
use crate::program;

fn status(pid: u32, field: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect("a field");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Nobody has a port of 127.0.0.1.
fn is_free(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_err() && TcpListener::bind(address).is_ok()
}

#[test]
fn it_keeps_no_privileges_and_nothing_of_its_surroundings() {
    let (responder, address) = on_loopback();
    let pid = responder.pid();
    for none in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(status(pid, none), "0000000000000000", "{none}");
    }
    assert_eq!(status(pid, "NoNewPrivs"), "1");
    assert_eq!(status(pid, "Threads"), "1");
    assert_eq!(status(pid, "Name"), "acme-audit");
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).expect("limits");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    assert!(files.split_whitespace().filter(|word| *word == "512").count() == 2, "{files}");
    if geteuid().is_root() {
        assert_eq!(responder.user(), 65534);
        for all in ["Uid", "Gid"] {
            assert_eq!(status(pid, all), "65534 65534 65534 65534", "{all}");
        }
        assert_eq!(status(pid, "Groups"), "");
        assert_eq!(fs::read(format!("/proc/{pid}/environ")).expect("readable"), b"");
        assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).expect("readable"), Path::new("/"));
    } else {
        assert_eq!(responder.user(), geteuid().as_raw());
        skip("needs root to see how the user is changed");
    }
    // Ctrl-C on the terminal goes to the group of the parent.
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    assert_eq!(getpgid(pid).expect("a group"), pid.expect("a pid"));
    assert!(is_right(&send(address, request(TOKEN))));
}

#[test]
fn root_that_may_not_change_its_user_gives_its_powers_away_all_the_same() {
    if !geteuid().is_root() {
        skip("needs root");
        return;
    }
    for exec in ["exec setpriv --bounding-set=-setuid,-setgid", "exec unshare --map-root-user"] {
        let (wrapper, socket) = (Wrapper::new(exec), loopback());
        let Ok(Address::Tcp(address)) = socket.address() else { panic!("no address") };
        let mut responder = Responder::start_program(&wrapper.program(), vec![socket]).expect(exec);
        assert_eq!(responder.user(), 0, "{exec}");
        for none in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(status(responder.pid(), none), "0000000000000000", "{exec}: {none}");
        }
        assert_eq!(status(responder.pid(), "NoNewPrivs"), "1", "{exec}");
        responder.plant(TOKEN, KEY_AUTHORIZATION).expect("planted");
        assert!(is_right(&send(address, request(TOKEN))), "{exec}");
    }
}

#[test]
fn a_parent_that_is_killed_leaves_no_port_bound() {
    let mut parent = Parent::start();
    let address = parent.address();
    assert!(is_right(&send(address, request(TOKEN))));
    // Also with peers that hang.
    let _peers: Vec<_> = (0..20).map(|_| TcpStream::connect(address).expect("a connection")).collect();
    parent.process.kill().expect("killed");
    parent.process.wait().expect("its end");
    until("the child ends", || !lives(parent.responder));
    until("the port is free", || is_free(address));
}

#[test]
fn it_ends_with_its_handle_and_in_good_order_when_told() {
    let (responder, address) = on_loopback();
    let pid = responder.pid();
    drop(responder);
    assert!(!lives(pid) && is_free(address));

    let (responder, address) = on_loopback();
    let pid = responder.pid();
    let open = TcpStream::connect(address).expect("a connection");
    let answered = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        exchange(open, request(TOKEN).as_bytes())
    });
    // Accepted for sure: the answer to a later one is there.
    assert!(is_right(&send(address, request(TOKEN))));
    responder.end();
    assert!(is_right(&answered.join().expect("an answer")));
    assert!(!lives(pid) && is_free(address));
}

#[test]
fn a_child_that_is_gone_is_an_error_and_not_a_wait() {
    let (mut responder, address) = on_loopback();
    signal(responder.pid(), Signal::KILL);
    until("the port is free", || is_free(address));
    assert!(matches!(responder.plant("other", "text"), Err(Error::Gone)));
    assert!(matches!(responder.remove(TOKEN), Err(Error::Gone)));
    assert!(matches!(responder.plant("a/b", "text"), Err(Error::NotAToken(_))));
    responder.end();
}

#[test]
fn programs_that_are_no_responder_are_errors() {
    let start = |program: &str| Responder::start_program(Path::new(program), vec![loopback()]).map(drop);
    assert!(matches!(start("/nonexistent"), Err(Error::Start(_))));
    assert!(matches!(start("/bin/true"), Err(Error::Gone)));
    let none = Responder::start_program(Path::new(PROGRAM), Vec::new()).map(drop);
    assert!(matches!(none, Err(Error::Start(_))), "{none:?}");
    // A datagram socket cannot listen.
    let (one, _) = UnixStream::pair().expect("a pair");
    let odd = acme_audit::challenge::Socket::Unix(std::os::fd::OwnedFd::from(one).into(), None);
    let odd = Responder::start_program(Path::new(PROGRAM), vec![odd]).map(drop);
    assert!(matches!(odd, Err(Error::Failed(_))), "{odd:?}");
}

#[test]
fn started_by_hand_it_says_that_it_is_not_meant_for_that() {
    let output = program::run(&["responder"]);
    assert_eq!(output.status.code(), Some(3));
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(says.starts_with("error: the responder cannot serve: "), "{says}");
    assert!(says.contains("\nhint: "), "{says}");
    assert!(!String::from_utf8_lossy(&program::run(&["--help"]).stdout).contains("responder"));
}

#[test]
fn systemd_may_have_bound_the_sockets() {
    if Command::new("systemd-socket-activate").arg("--version").stdout(Stdio::null()).status().is_err() {
        skip("needs systemd-socket-activate");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("activated.sock");
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let (args, variable) = parent::command("inherited");
    let process = Command::new("systemd-socket-activate")
        .args(["-E", &variable, "-l", &port.to_string(), "-l"])
        .arg(&path)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("systemd-socket-activate");
    // The first connection starts it, and gets its answer too.
    let mut first = None;
    until("it listens", || {
        first = TcpStream::connect(port).ok();
        first.is_some()
    });
    let first = first.map(|stream| std::thread::spawn(|| exchange(stream, request(TOKEN).as_bytes())));
    let parent = Parent::wait(process);
    assert_eq!(parent.addresses, [port.to_string(), path.display().to_string()]);
    let asked = send(port, request(TOKEN));
    assert!(is_right(&asked), "{asked}");
    let asked = exchange(UnixStream::connect(&path).expect("a connection"), request(TOKEN).as_bytes());
    assert!(is_right(&asked), "{asked}");
    // It came before the token was planted, or after.
    let first = first.expect("a connection").join().expect("an answer");
    assert!(first.starts_with("HTTP/1.1 "), "{first}");
    // Nothing of the sockets stays with the parent, which starts hooks too.
    signal(parent.responder, Signal::KILL);
    until("the port is free", || is_free(port));
    // The file is systemd's.
    assert!(path.exists());
}
