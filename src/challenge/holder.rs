//! Who listens on a port or a path.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use super::Address;

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

/// The process of a server: of several with the same socket the one that started the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its name as the kernel has it, cut after 15 bytes.
    pub name: String,
    /// The systemd service or scope that it belongs to; `None` outside of one, and for the scope of a login.
    pub unit: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.process {
            Some(Process { pid, name, unit: Some(unit) }) => write!(f, "{name} (pid {pid}, {unit})"),
            Some(Process { pid, name, unit: None }) => write!(f, "{name} (pid {pid})"),
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
        let held = held.ip();
        // One on [::] may have the IPv4 port too; the kernel does not list whether it has.
        held == ip
            || held == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
            || held.is_ipv4() == ip.is_ipv4() && (held.is_unspecified() || ip.is_unspecified())
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
    let mut sockets = Vec::new();
    for table in ["thread-self/net/tcp", "thread-self/net/tcp6"] {
        let table = fs::read_to_string(proc.join(table)).unwrap_or_default();
        sockets.extend(table.lines().filter_map(listening).filter(|socket| socket.address.port() == port));
    }
    let owners = owners(proc, &sockets.iter().map(|socket| socket.inode).collect());
    let mut holders = Vec::new();
    for socket in sockets {
        let pids = owners.get(&socket.inode);
        let process = pids.and_then(|pids| first(proc, pids)).map(|pid| process(proc, pid));
        let holder = Holder { address: Address::Tcp(socket.address), user: socket.user, process };
        // Workers may have a socket each for one address.
        if !holders.contains(&holder) {
            holders.push(holder);
        }
    }
    holders
}

/// A line of `/proc/net/tcp` or `tcp6`.
#[derive(Debug, PartialEq, Eq)]
struct Listening {
    address: SocketAddr,
    user: u32,
    inode: u64,
}

/// Reads a line of a socket that listens (<https://docs.kernel.org/networking/proc_net_tcp.html>).
fn listening(line: &str) -> Option<Listening> {
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

/// The processes that have these sockets open, as far as we may look.
fn owners(proc: &Path, inodes: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<u32>> {
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
fn first(proc: &Path, pids: &BTreeSet<u32>) -> Option<u32> {
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

fn process(proc: &Path, pid: u32) -> Process {
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

    #[test]
    fn only_what_overlaps_is_in_the_way() {
        let held = |address: &str| Holder {
            address: Address::Tcp(address.parse().unwrap()),
            user: 0,
            process: None,
        };
        let v4 = "127.0.0.1".parse().unwrap();
        for (address, want) in [
            ("127.0.0.1:80", true),
            ("0.0.0.0:80", true),
            ("[::]:80", true),
            ("127.0.0.2:80", false),
            ("[::1]:80", false),
        ] {
            assert_eq!(held(address).is_in_the_way_of(v4), want, "{address}");
        }
        assert!(held("127.0.0.2:80").is_in_the_way_of(Ipv4Addr::UNSPECIFIED.into()));
    }
}
