//! A name server: one behaviour for each child of `test` that the registry delegates to it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::message::{
    A, AA, CAA, CNAME, FORMERR, NOTIMP, NS, NXDOMAIN, Query, REFUSED, SERVFAIL, SOA, TC, name, record,
    record_of,
};
use super::{Asked, count};

/// The audited host.
const ADDRESS: [u8; 4] = [45, 45, 45, 80];

/// Answers datagrams for ever.
pub fn serve_udp(socket: &Arc<UdpSocket>, asked: &Asked) {
    let mut buffer = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let Some(query) = buffer.get(..length).and_then(Query::parse) else { continue };
        count(asked, &query.name);
        let socket = socket.clone();
        thread::spawn(move || {
            for message in by_udp(&query) {
                let _ = socket.send_to(&message, from);
            }
        });
    }
}

/// Answers connections for ever.
pub fn serve_tcp(listener: &TcpListener, asked: &Asked) {
    for stream in listener.incoming().flatten() {
        let asked = asked.clone();
        thread::spawn(move || converse(stream, &asked));
    }
}

/// Answers what comes on a connection until it ends.
fn converse(mut stream: TcpStream, asked: &Asked) -> Option<()> {
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length).ok()?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut message).ok()?;
        let query = Query::parse(&message)?;
        count(asked, &query.name);
        match behaviour(&query) {
            "tcp-closed" => return None,
            "tcp-endless" => {
                stream.write_all(&u16::MAX.to_be_bytes()).ok()?;
                for byte in honest(&query).into_iter().chain(std::iter::repeat(0)) {
                    stream.write_all(&[byte]).ok()?;
                    thread::sleep(Duration::from_millis(100));
                }
            }
            _ => {}
        }
        for message in by_tcp(&query) {
            let length = u16::try_from(message.len()).expect("a message for TCP");
            stream.write_all(&[&length.to_be_bytes(), message.as_slice()].concat()).ok()?;
        }
    }
}

/// The label below `test`.
fn behaviour(query: &Query) -> &str {
    query.name.rsplit('.').nth(1).unwrap_or_default()
}

fn by_udp(query: &Query) -> Vec<Vec<u8>> {
    match behaviour(query) {
        "tcp-only" | "tcp-closed" | "tcp-endless" | "many" => vec![query.reply(AA | TC, &[], &[])],
        _ => by_tcp(query),
    }
}

/// The messages with which a question is answered.
fn by_tcp(query: &Query) -> Vec<Vec<u8>> {
    let refusal = |code| vec![query.reply(code, &[], &[])];
    match behaviour(query) {
        "caa-servfail" if query.kind == CAA => refusal(SERVFAIL),
        "caa-refused" if query.kind == CAA => refusal(REFUSED),
        "caa-notimp" if query.kind == CAA => refusal(NOTIMP),
        "caa-nxdomain" if query.kind == CAA => vec![query.reply(AA | NXDOMAIN, &[], &[soa(query)])],
        "caa-dropped" if query.kind == CAA => Vec::new(),
        "silent" => Vec::new(),
        "servfail" => refusal(SERVFAIL),
        "refused" => refusal(REFUSED),
        "no-edns" if query.edns => refusal(FORMERR),
        "slow" => {
            thread::sleep(Duration::from_millis(600));
            vec![honest(query)]
        }
        // Lame: what a resolver says, and what an old server said that did not know the zone.
        "not-aa" => vec![query.reply(0, &[record(A, &ADDRESS)], &[])],
        "upward" => {
            let root = name("a.nic.test");
            vec![query.reply(0, &[], &[record_of(&[0], NS, root.len() as u16, &root)])]
        }
        "many" => {
            let addresses = (0..2000u16).map(|n| {
                let [high, low] = n.to_be_bytes();
                record(A, &[45, 46, high, low])
            });
            vec![query.reply(AA, &addresses.collect::<Vec<_>>(), &[])]
        }
        "endless-cname" if query.kind != SOA && query.kind != NS => {
            let first = query.name.split('.').next().unwrap_or_default();
            let n: u32 = first.strip_prefix('n').and_then(|n| n.parse().ok()).unwrap_or(0);
            vec![query.reply(AA, &[record(CNAME, &name(&format!("n{}.endless-cname.test", n + 1)))], &[])]
        }
        "wrong-id" => vec![with_id(query.id.wrapping_add(1), honest(query))],
        "wrong-question" => {
            let mut message = query.header(AA, [1, 1, 0, 0]);
            message.extend(name("another.test"));
            message.extend([A, 1].map(u16::to_be_bytes).concat());
            message.extend(record(A, &ADDRESS));
            vec![message]
        }
        "lying-length" => vec![query.reply(AA, &[record_of(&[0xc0, 12], A, 400, &ADDRESS)], &[])],
        "lying-counts" => {
            let mut message = query.reply(AA, &[record(A, &ADDRESS)], &[]);
            message.splice(6..8, 5000u16.to_be_bytes());
            vec![message]
        }
        "pointer-loop" => {
            let itself = (0xc000 | query.end() as u16).to_be_bytes();
            vec![query.reply(AA, &[record_of(&itself, A, 4, &ADDRESS)], &[])]
        }
        "garbage" => vec![[query.header(AA, [u16::MAX; 4]), vec![0xff; 100]].concat()],
        // Five hundred guesses of somebody who wants to be believed, before the true answer.
        "flood" => {
            let honest = honest(query);
            let mut messages: Vec<_> =
                (1..=500).map(|n| with_id(query.id.wrapping_add(n), honest.clone())).collect();
            messages.push(honest);
            messages
        }
        _ => vec![honest(query)],
    }
}

fn with_id(id: u16, mut message: Vec<u8>) -> Vec<u8> {
    message.splice(..2, id.to_be_bytes());
    message
}

/// What a good server would say: every name has one address, and nothing else.
fn honest(query: &Query) -> Vec<u8> {
    let apex = query.name.split('.').count() == 2;
    match query.kind {
        A => query.reply(AA, &[record(A, &ADDRESS)], &[]),
        NS if apex => query.reply(AA, &[record(NS, &name("liar.dns.test"))], &[]),
        SOA if apex => query.reply(AA, &[soa(query)], &[]),
        _ => query.reply(AA, &[], &[soa(query)]),
    }
}

/// The SOA record of the zone.
fn soa(query: &Query) -> Vec<u8> {
    let zone = name(&format!("{}.test", behaviour(query)));
    let mut data = [name("liar.dns.test"), name("hostmaster.liar.dns.test")].concat();
    data.extend([1u32, 3600, 600, 86400, 60].into_iter().flat_map(u32::to_be_bytes));
    record_of(&zone, SOA, data.len() as u16, &data)
}
