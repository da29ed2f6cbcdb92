//! Who listens on a port or a path.

use std::fmt;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use super::Address;
use crate::facts::{Listener, Process, is_in_the_way};
use crate::gather::sockets::{at_port, first, owners, process};

/// Where the kernel tells of processes, and of the network that this thread is in.
const PROC: &str = "/proc";

/// A socket that listens, and who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Where it listens.
    pub address: Address,
    /// The number of the user who made it.
    pub user: u32,
    /// `None` where this process may not see it: another user's, without root, or one outside of our container.
    pub process: Option<Process>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.process {
            Some(process) => process.fmt(f),
            None => write!(f, "a process of user {}", self.user),
        }?;
        write!(f, " on {}", self.address)
    }
}

impl Holder {
    /// All sockets of this network namespace that listen on a TCP port, on any address.
    pub fn of_port(port: u16) -> Vec<Holder> {
        below(Path::new(PROC), port)
    }

    /// Who listens behind the path of a unix socket, whose file is this user's.
    pub(super) fn of_path(path: &Path, user: u32) -> Vec<Holder> {
        let proc = Path::new(PROC);
        let table = fs::read(proc.join("thread-self/net/unix")).unwrap_or_default();
        let table = String::from_utf8_lossy(&table);
        let inodes = table.lines().filter_map(|line| listening_at(line, path)).collect();
        let owners = owners(proc, &inodes);
        let firsts = owners.values().filter_map(|pids| first(proc, pids));
        let holder =
            |pid| Holder { address: Address::Unix(path.into()), user, process: Some(process(proc, pid)) };
        firsts.map(holder).collect()
    }

    /// Whether it keeps others from listening on this address at the same port.
    pub(super) fn is_in_the_way_of(&self, ip: IpAddr) -> bool {
        let Address::Tcp(held) = &self.address else { return false };
        is_in_the_way(held.ip(), ip)
    }
}

/// The inode of a line of `/proc/net/unix` whose socket listens at this path (proc_pid_net(5), unix(7)).
fn listening_at(line: &str, path: &Path) -> Option<u64> {
    let mut rest = line;
    let mut field = || {
        let (field, more) = rest.trim_start().split_once(' ')?;
        rest = more;
        Some(field)
    };
    let [_, _, _, flags, _, _, inode] =
        [field()?, field()?, field()?, field()?, field()?, field()?, field()?];
    (flags == "00010000" && Path::new(rest) == path).then(|| inode.parse().ok())?
}

fn below(proc: &Path, port: u16) -> Vec<Holder> {
    let holder = |listener: Listener| Holder {
        address: Address::Tcp(listener.address),
        user: listener.user,
        process: listener.process,
    };
    at_port(proc, port).into_iter().map(holder).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 4242 1 0 0 100 0 0 10 0
   1: 0100007F:0050 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 0 100 0 0 10 0
   2: 0100007F:20D2 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4244 1 0 0 100 0 0 10 0
";
    const TCP6: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4245 1 0 0 100 0 0 10 0
";

    /// A process with one file.
    fn add(proc: &Path, pid: u32, parent: u32, name: &str, cgroup: &str, file: &str) {
        let dir = proc.join(pid.to_string());
        fs::create_dir_all(dir.join("fd")).unwrap();
        fs::write(dir.join("stat"), format!("{pid} ({name}) S {parent} 1 1")).unwrap();
        fs::write(dir.join("comm"), format!("{name}\n")).unwrap();
        fs::write(dir.join("cgroup"), cgroup).unwrap();
        symlink(file, dir.join("fd/6")).unwrap();
    }

    fn host() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("thread-self/net")).unwrap();
        fs::write(dir.path().join("thread-self/net/tcp"), TCP).unwrap();
        fs::write(dir.path().join("thread-self/net/tcp6"), TCP6).unwrap();
        dir
    }

    #[test]
    fn the_master_of_the_workers_is_named_with_its_unit() {
        let host = host();
        add(host.path(), 1, 0, "systemd", "0::/init.scope\n", "socket:[4242]");
        add(host.path(), 90, 100, "web) S 7 (", "0::/system.slice/web.service\n", "socket:[4242]");
        add(host.path(), 100, 1, "web", "0::/system.slice/web.service\n", "socket:[4242]");
        add(host.path(), 110, 1, "other", "0::/system.slice/other.service\n", "socket:[42420]");
        let [v4, v6] = &below(host.path(), 80)[..] else { panic!("two sockets") };
        assert_eq!(v4.to_string(), "web (pid 100, web.service) on 0.0.0.0:80");
        assert_eq!(v6.to_string(), "a process of user 0 on [::1]:80");
    }

    #[test]
    fn a_socket_that_only_systemd_has_is_systemds() {
        let host = host();
        add(host.path(), 1, 0, "systemd", "0::/init.scope\n", "socket:[4244]");
        let holders = below(host.path(), 8402);
        assert_eq!(
            holders.iter().map(Holder::to_string).collect::<Vec<_>>(),
            ["systemd (pid 1) on 127.0.0.1:8402"]
        );
    }

    #[test]
    fn nobody_listens_on_the_port_of_a_connection_or_without_proc() {
        assert_eq!(below(host().path(), 40_000), []);
        assert_eq!(below(Path::new("/nonexistent"), 80), []);
    }

    #[test]
    fn a_unix_socket_is_found_by_its_path() {
        let line = "000000005d0b71d4: 00000002 00000000 00010000 0001 01  1056 /run/a b.sock";
        assert_eq!(listening_at(line, Path::new("/run/a b.sock")), Some(1056));
        assert_eq!(listening_at(line, Path::new("/run/a")), None);
        assert_eq!(listening_at(&line.replace("00010000", "00000000"), Path::new("/run/a b.sock")), None);
        assert_eq!(
            listening_at("000000005d0b71d4: 00000003 00000000 00000000 0001 03 4", Path::new("")),
            None
        );
    }
}
