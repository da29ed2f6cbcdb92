//! The sockets that listen, and the processes that have them, as the kernel shows them below `/proc`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::facts::{Listener, Process};

/// A line of `/proc/net/tcp` or `tcp6` that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Where.
    pub address: SocketAddr,
    /// The number of the user who made it.
    pub user: u32,
    /// The socket's number, by which a process's files name it.
    pub inode: u64,
}

/// Reads a line of a socket that listens; any other gives nothing.
/// <https://docs.kernel.org/networking/proc_net_tcp.html>
pub fn listening(line: &str) -> Option<Listening> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (ip, port) = fields.next()?.split_once(':')?;
    // The peer, then the state: TCP_LISTEN.
    fields.nth(1).filter(|state| *state == "0A")?;
    let user = fields.nth(3)?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    let address = SocketAddr::new(ip_of(ip)?, u16::from_str_radix(port, 16).ok()?);
    Some(Listening { address, user, inode })
}

/// Words of 32 bits, each printed as this machine's own number of what is in network order in memory.
fn ip_of(text: &str) -> Option<IpAddr> {
    let word = |i: usize| {
        let word = u32::from_str_radix(text.get(8 * i..8 * i + 8)?, 16).ok()?;
        Some(u32::from_be_bytes(word.to_ne_bytes()))
    };
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let bits = (0..4).try_fold(0, |bits, i| Some(bits << 32 | u128::from(word(i)?)))?;
            Some(Ipv6Addr::from(bits).into())
        }
        _ => None,
    }
}

/// These sockets with their processes, each address and process once: workers may have a socket each for one address.
pub fn listeners(proc: &Path, sockets: &[Listening]) -> Vec<Listener> {
    let owners = owners(proc, &sockets.iter().map(|socket| socket.inode).collect());
    let mut listeners = Vec::new();
    for socket in sockets {
        let pids = owners.get(&socket.inode);
        let process = pids.and_then(|pids| first(proc, pids)).map(|pid| process(proc, pid));
        let listener = Listener { address: socket.address, user: socket.user, process };
        if !listeners.contains(&listener) {
            listeners.push(listener);
        }
    }
    listeners
}

/// Who listens on a TCP port of this thread's network, at whatever address.
pub fn at_port(proc: &Path, port: u16) -> Vec<Listener> {
    let mut sockets = Vec::new();
    for table in ["thread-self/net/tcp", "thread-self/net/tcp6"] {
        let table = fs::read_to_string(proc.join(table)).unwrap_or_default();
        sockets.extend(table.lines().filter_map(listening).filter(|socket| socket.address.port() == port));
    }
    listeners(proc, &sockets)
}

/// The processes that have these sockets open, as far as we may look.
pub fn owners(proc: &Path, inodes: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<u32>> {
    let mut owners: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    if inodes.is_empty() {
        return owners;
    }
    let processes = fs::read_dir(proc).into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()) {
        let files = fs::read_dir(proc.join(pid.to_string()).join("fd")).into_iter().flatten().flatten();
        for target in files.filter_map(|file| fs::read_link(file.path()).ok()) {
            let inode =
                target.to_str().and_then(|t| t.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode.filter(|inode| inodes.contains(inode)) {
                owners.entry(inode).or_default().insert(pid);
            }
        }
    }
    owners
}

/// Of the processes with one socket, the server's first: not systemd, which keeps what it has bound for others, and not
/// a worker.
pub fn first(proc: &Path, pids: &BTreeSet<u32>) -> Option<u32> {
    let started_by_another =
        |pid: &u32| parent(proc, *pid).is_some_and(|parent| parent != 1 && pids.contains(&parent));
    let ours = pids.iter().filter(|pid| **pid != 1);
    ours.clone().find(|pid| !started_by_another(pid)).or_else(|| pids.iter().next()).copied()
}

fn parent(proc: &Path, pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(proc.join(pid.to_string()).join("stat")).ok()?;
    // The name is in brackets and may contain anything.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// What the kernel tells of a process.
pub fn process(proc: &Path, pid: u32) -> Process {
    let text = |file: &str| fs::read(proc.join(pid.to_string()).join(file)).unwrap_or_default();
    let name = String::from_utf8_lossy(&text("comm")).trim_end_matches('\n').replace(char::is_control, "?");
    Process { pid, name, unit: unit(&String::from_utf8_lossy(&text("cgroup"))) }
}

/// The unit in a `/proc/PID/cgroup`: the innermost service or scope of systemd's own hierarchy, which is the only one
/// (`0::`) or `name=systemd`.
fn unit(cgroup: &str) -> Option<String> {
    let path = cgroup.lines().find_map(|line| {
        line.strip_prefix("0::")
            .or_else(|| line.split_once(":name=systemd:").map(|(_, path)| path))
            .filter(|p| *p != "/")
    })?;
    let unit = path.rsplit('/').find(|part| part.ends_with(".service") || part.ends_with(".scope"))?;
    let login = unit == "init.scope" || unit.starts_with("session-") && unit.ends_with(".scope");
    (!login).then(|| unit.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP6: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4245 1 0 0 100 0 0 10 0
";

    #[test]
    fn a_line_that_is_none_is_no_socket() {
        for line in
            ["", "a b c", "0: 00000000:0050 0 0A 0 0 0 x 0 1", "0: 0000:0050 0:0 0A 0:0 0:0 0 33 0 4242"]
        {
            assert_eq!(listening(line), None, "{line}");
        }
        let address = listening(TCP6.lines().nth(1).unwrap()).unwrap().address;
        assert_eq!(address, "[::1]:80".parse().unwrap());
    }

    #[test]
    fn units_are_found_in_both_kinds_of_hierarchy() {
        for (cgroup, want) in [
            ("0::/system.slice/nginx.service\n", Some("nginx.service")),
            ("0::/system.slice/web.service/worker\n", Some("web.service")),
            ("12:pids:/x.service\n1:name=systemd:/system.slice/a.service\n0::/\n", Some("a.service")),
            ("0::/system.slice/docker-0123.scope\n", Some("docker-0123.scope")),
            ("0::/user.slice/user-0.slice/user@0.service/app.slice/b.service\n", Some("b.service")),
            ("0::/user.slice/user-0.slice/session-4.scope\n", None),
            ("0::/\n", None),
            ("", None),
        ] {
            assert_eq!(unit(cgroup).as_deref(), want, "{cgroup}");
        }
    }
}
