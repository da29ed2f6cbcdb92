//! Where it listens, and who is in the way.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use acme_audit::challenge::listen::{bind, bind_at};
use acme_audit::challenge::{Address, Holder, Unbound};
use acme_audit::facts::Process;
use rustix::process::{Gid, Signal, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::{Network, TOKEN, exchange, is_right, request, signal, started, until};
use crate::lab::skip;

fn ask(address: &str) -> String {
    let address: SocketAddr = address.parse().expect("an address");
    TcpStream::connect(address).map(|stream| exchange(stream, request(TOKEN).as_bytes())).unwrap_or_default()
}

/// Ends with its workers.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        signal(self.0.id(), Signal::TERM);
        let _ = self.0.wait();
    }
}

fn own_name() -> String {
    fs::read_to_string("/proc/self/comm").expect("a name").trim_end().to_owned()
}

#[test]
fn the_port_is_bound_for_both_families_and_free_afterwards() {
    let Some(network) = Network::new() else { return };
    let sockets = network.within(|| bind(80)).expect("port 80");
    let addresses: Vec<_> = sockets.iter().map(|s| s.address().expect("an address").to_string()).collect();
    assert_eq!(addresses, ["[::]:80", "0.0.0.0:80"]);
    let responder = started(sockets);
    for address in ["127.0.0.1:80", "127.0.0.77:80", "[::1]:80"] {
        assert!(is_right(&network.within(|| ask(address))), "{address}");
    }
    assert!(matches!(network.within(|| bind(80)), Err(Unbound::Taken(_))));
    let asked = responder.asked();
    responder.end();
    // Connections that ended are no reason to wait.
    drop(network.within(|| bind(80)).expect("port 80 again"));
    assert!(asked.iter().all(|a| a.answered), "{asked:?}");
}

#[test]
fn a_host_without_ipv6_has_the_other_family() {
    let Some(network) = Network::new() else { return };
    let off = "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6";
    assert!(network.within(|| Command::new("sh").args(["-c", off]).status()).expect("sh").success());
    assert!(network.within(|| TcpListener::bind("[::1]:80")).is_err());
    let _responder = started(network.within(|| bind(80)).expect("port 80"));
    assert!(is_right(&network.within(|| ask("127.0.0.1:80"))));
}

#[test]
fn one_family_that_is_taken_is_a_port_that_is_taken() {
    let Some(network) = Network::new() else { return };
    let taken = network.within(|| TcpListener::bind("127.0.0.1:80")).expect("port 80");
    let Err(Unbound::Taken(holders)) = network.within(|| bind(80)) else { panic!("bound") };
    let process = Process { pid: std::process::id(), name: own_name(), unit: None };
    let [Holder { address, user: 0, process: Some(seen) }] = &holders[..] else { panic!("{holders:?}") };
    assert_eq!(
        (address.to_string().as_str(), seen.pid, &seen.name),
        ("127.0.0.1:80", process.pid, &process.name)
    );
    // The other family, or another address, can be had alone, and nothing of the attempt is left.
    for free in ["[::]:80", "127.0.0.2:80"] {
        network.within(|| bind_at(&free.parse().expect("an address"))).expect(free);
    }
    drop(taken);
    network.within(|| bind(80)).expect("port 80");
}

#[test]
fn a_real_nginx_is_named_by_its_master() {
    let Some(network) = Network::new() else { return };
    if Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
        skip("needs nginx");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    // Port 80 of IPv4 comes with that of IPv6.
    let conf = "daemon off; worker_processes 2; pid nginx.pid; error_log stderr; events {}
        http { access_log off; server { listen [::]:80 ipv6only=off; } }";
    fs::write(dir.path().join("nginx.conf"), conf).expect("written");
    let mut nginx = Command::new("nginx");
    nginx.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(dir.path());
    nginx.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let nginx = Nginx(network.within(|| nginx.spawn()).expect("nginx"));
    until("nginx listens", || network.within(|| TcpStream::connect("127.0.0.1:80").is_ok()));
    let taken = network.within(|| bind(80));
    let local = network.within(|| bind_at(&"127.0.0.1:80".parse().expect("an address")));
    let here = Holder::of_port(80);
    let pid = nginx.0.id();
    drop(nginx);
    for taken in [taken.err(), local.err()] {
        let Some(Unbound::Taken(holders)) = taken else { panic!("{taken:?}") };
        let [holder] = &holders[..] else { panic!("{holders:?}") };
        assert!(holder.to_string().starts_with(&format!("nginx (pid {}", pid)), "{holder}");
        assert!(holder.to_string().ends_with(" on [::]:80"), "{holder}");
    }
    // Another network's ports are not ours.
    let is_nginx = |holder: &Holder| holder.process.as_ref().is_some_and(|p| p.pid == pid);
    assert!(!here.iter().any(is_nginx), "{here:?}");
}

#[test]
fn without_rights_to_the_port_that_is_what_is_said() {
    let Some(network) = Network::new() else { return };
    let (user, group) = (Uid::from_raw(65534), Gid::from_raw(65534));
    let as_nobody = || {
        // Linux changes this thread alone; its capabilities go with its user.
        set_thread_groups(&[]).expect("no groups");
        set_thread_res_gid(group, group, group).expect("a group");
        set_thread_res_uid(user, user, user).expect("a user");
        let folder = bind_at(&Address::Unix("/var/lib/no.sock".into()));
        (bind(80), folder)
    };
    let (port, folder) = network.within(as_nobody);
    assert!(matches!(port, Err(Unbound::Denied)), "{port:?}");
    assert!(matches!(folder, Err(Unbound::Denied)), "{folder:?}");

    // What nobody may not see is told as far as it goes.
    let _taken = network.within(|| TcpListener::bind("127.0.0.1:8402")).expect("a port");
    let as_nobody = || {
        set_thread_res_uid(user, user, user).expect("a user");
        bind_at(&"127.0.0.1:8402".parse().expect("an address"))
    };
    let Err(taken @ Unbound::Taken(_)) = network.within(as_nobody) else { panic!("bound") };
    let says = taken.to_string();
    assert!(says.starts_with("taken by ") && says.ends_with(" on 127.0.0.1:8402"), "{says}");
}

#[test]
fn a_unix_socket_serves_every_user_and_leaves_no_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("http-01.sock");
    let address = Address::Unix(path.clone());
    let responder = started(vec![bind_at(&address).expect("a socket")]);
    let ask = || exchange(UnixStream::connect(&path).expect("a connection"), request(TOKEN).as_bytes());
    assert!(is_right(&ask()));
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o666);
    let Err(Unbound::Taken(holders)) = bind_at(&address) else { panic!("bound") };
    let [Holder { process: Some(process), .. }] = &holders[..] else { panic!("{holders:?}") };
    assert_eq!((process.pid, process.name.as_str()), (responder.pid(), "acme-audit"));
    assert!(is_right(&ask()));
    responder.end();
    assert!(!path.exists());
}

#[test]
fn a_file_that_was_left_behind_is_replaced_and_others_are_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name);
    drop(UnixListener::bind(at("left")).expect("a socket"));
    let socket = bind_at(&Address::Unix(at("left"))).expect("a socket");
    // Somebody else's by now.
    fs::remove_file(at("left")).expect("removed");
    let _other = UnixListener::bind(at("left")).expect("a socket");
    drop(socket);
    assert!(fs::metadata(at("left")).expect("a file").file_type().is_socket());

    fs::write(at("file"), "text").expect("written");
    std::os::unix::fs::symlink(at("left"), at("link")).expect("a link");
    for name in ["file", "link", "no/folder"] {
        let unbound = bind_at(&Address::Unix(at(name)));
        assert!(matches!(unbound, Err(Unbound::Other(_))), "{name}: {unbound:?}");
    }
    assert!(Path::new(&at("link")).is_symlink());
}
