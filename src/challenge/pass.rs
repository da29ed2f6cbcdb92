//! Listening sockets from one process to another, over a unix socket.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::cmsg_space;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// How many can be passed; a host has a handful of addresses to listen on.
pub(super) const MOST: usize = 64;

/// Passes them with one byte, their number.
///
/// # Errors
/// There are none, or more than 64; or the other side is gone.
pub(super) fn send(over: &UnixStream, sockets: &[BorrowedFd<'_>]) -> io::Result<()> {
    let number = u8::try_from(sockets.len()).ok().filter(|n| (1..=MOST).contains(&usize::from(*n)));
    let number = [number.ok_or_else(|| invalid("from 1 to 64 sockets can be passed"))?];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(sockets)) {
        return Err(invalid("the sockets do not fit into a message"));
    }
    sendmsg(over, &[IoSlice::new(&number)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for them; `None` where the other side ends instead.
///
/// # Errors
/// This is no socket, or what comes is not the message of [`send`].
pub(super) fn receive(over: &UnixStream) -> io::Result<Option<Vec<OwnedFd>>> {
    let mut number = [0];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(over, &mut [IoSliceMut::new(&mut number)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut sockets = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(fds) = message {
            sockets.extend(fds);
        }
    }
    if got.bytes == 0 {
        return Ok(None);
    }
    let [number] = number;
    // The kernel passes as many as this process may have open, and says so.
    if got.flags.contains(ReturnFlags::CTRUNC) || usize::from(number) != sockets.len() {
        return Err(invalid("the sockets did not arrive"));
    }
    Ok(Some(sockets))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn sockets_arrive_as_they_were() {
        let sockets: Vec<_> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let (here, there) = UnixStream::pair().unwrap();
        send(&here, &sockets.iter().map(|s| s.as_fd()).collect::<Vec<_>>()).unwrap();
        let arrived = receive(&there)
            .unwrap()
            .unwrap()
            .into_iter()
            .map(|fd| TcpListener::from(fd).local_addr().unwrap());
        assert_eq!(
            arrived.collect::<Vec<_>>(),
            sockets.iter().map(|s| s.local_addr().unwrap()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn anything_else_is_an_error() {
        let (mut here, there) = UnixStream::pair().unwrap();
        io::Write::write_all(&mut here, b"{").unwrap();
        assert!(receive(&there).is_err());
        drop(here);
        assert!(receive(&there).unwrap().is_none());
        assert!(send(&there, &[]).is_err());
        assert!(send(&there, &[there.as_fd(); MOST + 1]).is_err());
    }
}
