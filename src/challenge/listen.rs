//! Sockets to answer from: the port itself, a local address behind a server, or what systemd has bound.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind as bind_socket, connect, listen,
    socket_with, sockopt,
};

use super::holder::Holder;
use super::{Address, pass};

/// How many connections the kernel keeps until they are accepted; it takes less where net.core.somaxconn is less.
pub(super) const BACKLOG: i32 = 4096;

/// Who may connect to a unix socket of ours: the web server's user, whoever that is. Nothing is secret here.
const MODE: u32 = 0o666;

/// A socket that listens.
#[derive(Debug)]
pub enum Socket {
    /// For an address and port.
    Tcp(TcpListener),
    /// For a path; with its file, where that is ours to remove.
    Unix(UnixListener, Option<SocketFile>),
}

/// The file of a unix socket that we bound; removed when this is dropped.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode: another process may have made another file there since.
    id: (u64, u64),
}

/// Why there is no socket.
#[derive(Debug)]
pub enum Unbound {
    /// Somebody else listens there: these, as far as that can be seen.
    Taken(Vec<Holder>),
    /// This user may not; a port below 1024 takes root or CAP_NET_BIND_SERVICE.
    Denied,
    /// Anything else that the system says.
    Other(io::Error),
}

impl fmt::Display for Unbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unbound::Taken(holders) if holders.is_empty() => f.write_str("taken by an unknown process"),
            Unbound::Taken(holders) => {
                f.write_str("taken by ")?;
                holders
                    .iter()
                    .enumerate()
                    .try_for_each(|(i, holder)| write!(f, "{}{holder}", if i == 0 { "" } else { ", " }))
            }
            Unbound::Denied => f.write_str("no permission to listen there"),
            Unbound::Other(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for Unbound {}

/// Binds a port on `[::]`, for IPv6 only, and on `0.0.0.0`. A host may lack one of the two families, not both.
///
/// # Errors
/// [`Unbound::Taken`] where somebody else has the port on any address of either family; nothing stays bound.
pub fn bind(port: u16) -> Result<Vec<Socket>, Unbound> {
    let (mut sockets, mut lacking) = (Vec::new(), None);
    for ip in [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)] {
        match tcp(SocketAddr::new(ip, port)) {
            Ok(listener) => sockets.push(Socket::Tcp(listener)),
            Err(e @ (Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL)) => lacking = Some(e),
            Err(e) => {
                drop(sockets);
                return Err(unbound(e, || Holder::of_port(port)));
            }
        }
    }
    match lacking {
        Some(e) if sockets.is_empty() => Err(Unbound::Other(e.into())),
        _ => Ok(sockets),
    }
}

/// Binds one address: a local one behind a server, or a single family or address of the port.
///
/// A unix socket may be used by every user of the host, and its file is removed with the [`Socket`] or the
/// [`Responder`](super::Responder) that it went to. A file that a killed process left behind is replaced. The folder
/// must be there.
///
/// # Errors
/// As [`bind`].
pub fn bind_at(address: &Address) -> Result<Socket, Unbound> {
    match address {
        Address::Tcp(address) => {
            let holders = || {
                let mut holders = Holder::of_port(address.port());
                holders.retain(|holder| holder.is_in_the_way_of(address.ip()));
                holders
            };
            tcp(*address).map(Socket::Tcp).map_err(|e| unbound(e, holders))
        }
        Address::Unix(path) => unix(path),
    }
}

/// The sockets that systemd has bound for this process (`LISTEN_FDS`, sd_listen_fds(3)); none where there are none, and
/// without those of kinds that HTTP does not use.
///
/// Call it once, before there are threads: it takes the variables out of the environment.
pub fn inherited() -> Vec<Socket> {
    // They are in the environment of everything that the process they are meant for starts.
    let ours = std::env::var("LISTEN_PID").is_ok_and(|pid| pid.parse() == Ok(std::process::id()));
    if !ours {
        return Vec::new();
    }
    let mut passed = ListenFd::from_env();
    let mut take = |i| match passed.take_tcp_listener(i) {
        Ok(tcp) => tcp.map(Socket::Tcp),
        Err(_) => passed.take_unix_listener(i).ok()?.map(|unix| Socket::Unix(unix, None)),
    };
    (0..pass::MOST).filter_map(&mut take).filter(Socket::listens).collect()
}

impl Socket {
    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<Address> {
        match self {
            Socket::Tcp(tcp) => tcp.local_addr().map(Address::Tcp),
            Socket::Unix(unix, _) => {
                let address = unix.local_addr()?;
                Ok(Address::Unix(address.as_pathname().unwrap_or(Path::new("")).into()))
            }
        }
    }

    /// A socket of a unit with Accept=yes is a connection.
    fn listens(&self) -> bool {
        sockopt::socket_acceptconn(self).unwrap_or(false)
    }

    /// Closes the socket and keeps its file.
    pub(super) fn into_file(self) -> Option<SocketFile> {
        match self {
            Socket::Tcp(_) => None,
            Socket::Unix(_, file) => file,
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Tcp(tcp) => tcp.as_fd(),
            Socket::Unix(unix, _) => unix.as_fd(),
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn tcp(address: SocketAddr) -> Result<TcpListener, Errno> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // Connections of a server that is gone are no reason to wait.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    bind_socket(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

fn unbound(e: Errno, holders: impl FnOnce() -> Vec<Holder>) -> Unbound {
    match e {
        Errno::ADDRINUSE => Unbound::Taken(holders()),
        Errno::ACCESS | Errno::PERM => Unbound::Denied,
        e => Unbound::Other(e.into()),
    }
}

fn unix(path: &Path) -> Result<Socket, Unbound> {
    let listener = match UnixListener::bind(path) {
        Err(e) if e.kind() == ErrorKind::AddrInUse => {
            remove_left_behind(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    };
    let made = listener.and_then(|listener| {
        let meta = fs::symlink_metadata(path)?;
        let file = SocketFile { path: path.to_owned(), id: (meta.dev(), meta.ino()) };
        fs::set_permissions(path, Permissions::from_mode(MODE))?;
        Ok(Socket::Unix(listener, Some(file)))
    });
    made.map_err(|e| match e.kind() {
        ErrorKind::PermissionDenied => Unbound::Denied,
        ErrorKind::AddrInUse => Unbound::Taken(Vec::new()),
        _ => Unbound::Other(e),
    })
}

/// Removes a socket's file that nobody listens behind.
fn remove_left_behind(path: &Path) -> Result<(), Unbound> {
    let meta = fs::symlink_metadata(path).map_err(Unbound::Other)?;
    if !meta.file_type().is_socket() {
        let what = format!("{} is there and is not a socket", path.display());
        return Err(Unbound::Other(io::Error::new(ErrorKind::AlreadyExists, what)));
    }
    // Without waiting: its queue may be full.
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let answers = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
        .and_then(|socket| connect(&socket, &SocketAddrUnix::new(path)?));
    match answers {
        Err(Errno::CONNREFUSED) => fs::remove_file(path).map_err(Unbound::Other),
        // Somebody's, also where they do not let us in or are too busy.
        _ => Err(Unbound::Taken(Holder::of_path(path, meta.uid()))),
    }
}
