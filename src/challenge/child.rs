//! The child: takes the sockets from its standard input, drops its privileges, and serves until its parent ends.

use std::ffi::CStr;
use std::io::{self, Write};
use std::net;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net as unix;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{AddressFamily, listen, sockopt};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::listen::BACKLOG;
use super::message::{Order, Report};
use super::server::{Listener, Server};
use super::{lock, pass, privileges};

/// How many connections are open at once, at most.
const CONNECTIONS: u64 = 256;
/// How many files are kept for everything else.
const KEPT: u64 = 32;
/// How many reports wait for the parent.
const REPORTS: usize = 1024;
/// How long an orderly end waits for the connections that are open.
const LAST: Duration = Duration::from_secs(1);

/// What `ps` and others call it: the program is started through a link of another name.
const NAME: &CStr = c"acme-audit";

/// Serves until standard input ends, which must be a [`Responder`](super::Responder)'s socket.
///
/// # Errors
/// Standard input is something else. Any other failure is for the parent to tell.
pub fn run() -> io::Result<()> {
    // Why not PR_SET_PDEATHSIG: it tells of the end of the thread that started us, not of the process. The socket tells
    // of the process.
    let _ = rustix::thread::set_name(NAME);
    let mut control = unix::UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let Some(sockets) = pass::receive(&control)? else { return Ok(()) };
    if let Err(e) = prepare_and_serve(sockets, &control) {
        // Nobody is left to tell where this fails.
        let _ = control.write_all(&line(&Report::Failed(e.to_string()))?);
    }
    Ok(())
}

fn prepare_and_serve(sockets: Vec<OwnedFd>, mut control: &unix::UnixStream) -> io::Result<()> {
    let files = privileges::limit();
    let user = privileges::drop_all()?.as_raw();
    let connections = usize::try_from(CONNECTIONS.min(files.saturating_sub(KEPT)).max(8)).unwrap_or(8);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listeners = sockets.into_iter().map(listener).collect::<io::Result<Vec<_>>>()?;
        control.write_all(&line(&Report::Ready { user })?)?;
        let control = control.try_clone()?;
        control.set_nonblocking(true)?;
        obey(UnixStream::from_std(control)?, listeners, connections).await
    })
}

fn line(report: &Report) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    Ok(line)
}

fn listener(socket: OwnedFd) -> io::Result<Listener> {
    // Whoever made it may have been content with fewer.
    listen(&socket, BACKLOG)?;
    if sockopt::socket_domain(&socket)? == AddressFamily::UNIX {
        let socket = unix::UnixListener::from(socket);
        socket.set_nonblocking(true)?;
        return Ok(Listener::Unix(UnixListener::from_std(socket)?));
    }
    let socket = net::TcpListener::from(socket);
    socket.set_nonblocking(true)?;
    Ok(Listener::Tcp(TcpListener::from_std(socket)?))
}

/// Serves, and carries out what the parent says, until it says no more.
async fn obey(control: UnixStream, listeners: Vec<Listener>, connections: usize) -> io::Result<()> {
    let (orders, replies) = control.into_split();
    let (reports, told) = mpsc::channel(REPORTS);
    tokio::spawn(tell(told, replies));
    let server = Server::new(connections, reports.clone());
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(Arc::clone(&server).accept(listener));
    }
    let mut orders = BufReader::new(orders).lines();
    // A parent that is killed may end this with an error as well.
    while let Ok(Some(order)) = orders.next_line().await {
        match serde_json::from_str(&order)? {
            Order::Plant { token, key_authorization } => lock(&server.tokens).plant(token, key_authorization),
            Order::Remove { token } => lock(&server.tokens).remove(&token),
            Order::End => {
                accepting.shutdown().await;
                let idle = async {
                    while !server.is_idle() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                let _ = tokio::time::timeout(LAST, idle).await;
                break;
            }
        }
        // Behind the reports of all who asked before.
        let _ = reports.send(Report::Done).await;
    }
    Ok(())
}

async fn tell(mut told: mpsc::Receiver<Report>, mut replies: OwnedWriteHalf) -> io::Result<()> {
    while let Some(report) = told.recv().await {
        replies.write_all(&line(&report)?).await?;
    }
    Ok(())
}
