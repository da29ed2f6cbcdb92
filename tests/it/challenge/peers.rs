//! Many peers, slow ones and rude ones: none of them keeps a CA out. How fast that is, is measured elsewhere.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use acme_audit::challenge::{Address, Responder};

use super::{KEY_AUTHORIZATION, TOKEN, Wrapper, is_right, loopback, on_loopback, request, send};

/// So many who connect and say this much.
fn peers(address: SocketAddr, number: usize, says: &str) -> Vec<TcpStream> {
    let connect = |_| {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let _ = stream.write_all(says.as_bytes());
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("an option");
        stream
    };
    (0..number).map(connect).collect()
}

/// Whether the other side has ended it, or does so within a moment.
fn has_ended(stream: &mut TcpStream, within: Duration) -> bool {
    stream.set_read_timeout(Some(within)).expect("an option");
    match stream.read(&mut [0]) {
        Ok(0) => true,
        Err(e) => !matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        Ok(_) => false,
    }
}

#[test]
fn the_oldest_of_too_many_gives_way() {
    let (_responder, address) = on_loopback();
    let mut peers = peers(address, 400, "GET / HT");
    assert!(is_right(&send(address, request(TOKEN))));
    for peer in peers.iter_mut().take(140) {
        assert!(has_ended(peer, Duration::from_secs(20)));
    }
    assert!(!has_ended(peers.last_mut().expect("the last"), Duration::from_millis(200)));
}

#[test]
fn peers_that_say_nothing_or_a_byte_now_and_then_are_dropped() {
    let (_responder, address) = on_loopback();
    let mut silent = peers(address, 1, "");
    let mut slow = peers(address, 1, "GET / HTTP/1.1\r\n");
    let mut ended = false;
    for _ in 0..200 {
        ended = slow[0].write_all(b"x").is_err() || has_ended(&mut slow[0], Duration::from_millis(100));
        if ended {
            break;
        }
    }
    assert!(ended, "a slow peer was there for 20 s");
    assert!(has_ended(&mut silent[0], Duration::from_secs(20)));
}

#[test]
fn a_peer_that_does_not_read_is_dropped() {
    let (_responder, address) = on_loopback();
    // The answer fits into the socket's buffers, so that it is sent and done.
    let mut rude = peers(address, 300, &request(TOKEN));
    assert!(is_right(&send(address, request(TOKEN))));
    let mut answer = String::new();
    rude[299].read_to_string(&mut answer).expect("an answer");
    assert!(is_right(&answer));
}

#[test]
fn few_files_mean_few_connections_and_an_answer_all_the_same() {
    let wrapper = Wrapper::new("ulimit -n 40; exec");
    let socket = loopback();
    let Ok(Address::Tcp(address)) = socket.address() else { panic!("no address") };
    let mut responder = Responder::start_program(&wrapper.program(), vec![socket]).expect("a responder");
    responder.plant(TOKEN, KEY_AUTHORIZATION).expect("planted");
    let _peers = peers(address, 100, "");
    assert!(is_right(&send(address, request(TOKEN))));
}
