//! Forwarders before the resolver that does not validate, as routers and firewalls have them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::message::{CAA, Query};
use crate::namespaces::Namespaces;

const RESOLVER: (&str, u16) = ("45.45.45.55", 53);

/// How long the resolver is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where DO stands in an OPT record: behind its name, type, size, extended code and version.
const DO: (usize, u8) = (7, 0x80);

/// What becomes of a question on the way; `None` where it is not handed on.
type Change = fn(Vec<u8>) -> Option<Vec<u8>>;

/// Starts them in a network. They run until this process ends.
pub fn start(namespaces: &Namespaces) {
    for (address, change) in [("45.45.45.67", strip as Change), ("45.45.45.68", drop_caa)] {
        let bound = namespaces.thread(move || {
            let udp = Arc::new(UdpSocket::bind((address, 53)).expect("an address of the world"));
            let tcp = TcpListener::bind((address, 53)).expect("an address of the world");
            // Threads of a thread of the network make their sockets there too.
            thread::spawn(move || serve_udp(&udp, change));
            thread::spawn(move || serve_tcp(&tcp, change));
        });
        bound.join().expect("sockets");
    }
}

/// Without DO nobody gives signatures.
fn strip(mut message: Vec<u8>) -> Option<Vec<u8>> {
    let query = Query::parse(&message)?;
    if query.edns {
        message[query.end() + DO.0] &= !DO.1;
    }
    Some(message)
}

fn drop_caa(message: Vec<u8>) -> Option<Vec<u8>> {
    (Query::parse(&message)?.kind != CAA).then_some(message)
}

fn serve_udp(socket: &Arc<UdpSocket>, change: Change) {
    let mut buffer = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let (socket, message) = (socket.clone(), buffer[..length].to_vec());
        thread::spawn(move || {
            let asked = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
            asked.set_read_timeout(Some(PATIENCE)).ok()?;
            asked.send_to(&change(message)?, RESOLVER).ok()?;
            let mut answer = [0; 4096];
            let length = asked.recv(&mut answer).ok()?;
            socket.send_to(&answer[..length], from).ok()
        });
    }
}

fn serve_tcp(listener: &TcpListener, change: Change) {
    for stream in listener.incoming().flatten() {
        thread::spawn(move || converse(stream, change));
    }
}

fn converse(mut stream: TcpStream, change: Change) -> Option<()> {
    loop {
        let message = change(read(&mut stream)?)?;
        let mut asked = TcpStream::connect(RESOLVER).ok()?;
        write(&mut asked, &message)?;
        write(&mut stream, &read(&mut asked)?)?;
    }
}

fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

fn write(stream: &mut TcpStream, message: &[u8]) -> Option<()> {
    let length = u16::try_from(message.len()).ok()?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).ok()
}
