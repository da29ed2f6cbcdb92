//! Servers that do what real ones cannot be made to do, at 45.45.45.66 and 2a0e:45::66.
//!
//! They are threads of this process with sockets of the world, and know what they were asked.

mod dns;
mod forward;
mod message;
mod web;

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::namespaces::Namespaces;

const ADDRESSES: [&str; 2] = ["45.45.45.66", "2a0e:45::66"];

/// How often each name was asked for.
type Asked = Arc<Mutex<BTreeMap<String, usize>>>;

/// The servers.
pub struct Liar {
    asked: Asked,
}

impl Liar {
    /// Starts them in a network. They run until this process ends.
    pub fn start(namespaces: &Namespaces) -> Liar {
        let asked = Asked::default();
        forward::start(namespaces);
        // A socket stays in the network it was made in.
        let sockets = namespaces.thread(|| {
            ADDRESSES.map(|address| {
                let tcp = |port: u16| TcpListener::bind((address, port)).expect("an address of the world");
                let udp = UdpSocket::bind((address, 53)).expect("an address of the world");
                (udp, tcp(53), tcp(80), tcp(443))
            })
        });
        for (udp, tcp, http, https) in sockets.join().expect("sockets") {
            let asked = [asked.clone(), asked.clone()];
            let [by_udp, by_tcp] = asked;
            thread::spawn(move || dns::serve_udp(&Arc::new(udp), &by_udp));
            thread::spawn(move || dns::serve_tcp(&tcp, &by_tcp));
            thread::spawn(move || web::serve(&http));
            thread::spawn(move || web::serve(&https));
        }
        Liar { asked }
    }

    /// How many questions there were for a name, of any type and by either transport.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.lock().expect("the count").get(name).copied().unwrap_or_default()
    }
}

/// Counts a question.
fn count(asked: &Asked, name: &str) {
    *asked.lock().expect("the count").entry(name.to_owned()).or_default() += 1;
}
