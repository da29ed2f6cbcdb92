//! One question to one name server: UDP, and TCP where the answer was cut off.
//!
//! The messages are read and written by hickory-proto. The exchange is ours because the audit asks what no resolver's
//! interface tells: which server said it, with which Extended DNS Errors, and what it says with checking disabled.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use super::raw::keep_raw;
use crate::facts::net::FailureKind;

/// How long each of the questions over UDP is waited for: the first may be lost on the way, and a resolver that tries
/// all servers of a dead zone takes its time to say so.
const TRIES: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(3), Duration::from_secs(5)];

/// How long a question over TCP may take, its connection included.
const TCP: Duration = Duration::from_secs(5);

/// The size of an answer over UDP that passes everywhere without fragments. <https://www.dnsflagday.net/2020/>
const PAYLOAD: u16 = 1_232;

/// How many datagrams are read for one question: those that answer another one do not count as an answer.
const DATAGRAMS: usize = 64;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// The name.
    pub name: Name,
    /// The type of its records.
    pub kind: RecordType,
    /// Whether the server is to ask others for us (RD).
    pub recurse: bool,
    /// Whether it is to leave signatures unchecked (CD).
    pub unchecked: bool,
    /// Whether it is to give signatures beside the records (DO).
    pub signed: bool,
}

impl Question {
    /// A question to a resolver.
    pub fn to_resolver(name: Name, kind: RecordType) -> Self {
        Self { name, kind, recurse: true, unchecked: false, signed: false }
    }

    /// A question to a server of the zone itself.
    pub fn to_authority(name: Name, kind: RecordType) -> Self {
        Self { name, kind, recurse: false, unchecked: false, signed: false }
    }

    /// The same for one who checks signatures himself: they are given beside the records, and left unchecked.
    pub fn with_signatures(self) -> Self {
        Self { unchecked: true, signed: true, ..self }
    }

    fn message(&self) -> Message {
        let mut message = Message::query();
        message.metadata.op_code = OpCode::Query;
        message.metadata.recursion_desired = self.recurse;
        message.metadata.checking_disabled = self.unchecked;
        // AD in a question asks for AD in the answer. <https://www.rfc-editor.org/rfc/rfc6840#section-5.7>
        message.metadata.authentic_data = self.recurse;
        message.add_query(Query::query(self.name.clone(), self.kind));
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD);
        edns.set_dnssec_ok(self.signed);
        message.set_edns(edns);
        message
    }
}

/// Asks one server.
///
/// # Errors
/// No answer, or one that cannot be read.
pub async fn ask(server: SocketAddr, question: &Question) -> Result<Message, FailureKind> {
    let message = question.message();
    let bytes = message.to_vec().map_err(|e| FailureKind::Malformed(e.to_string()))?;
    let mut failure = FailureKind::Timeout;
    for wait in TRIES {
        match timeout(wait, over_udp(server, &message, &bytes)).await {
            Ok(Ok(answer)) if answer.metadata.truncation => {
                return timeout(TCP, over_tcp(server, &message, &bytes))
                    .await
                    .unwrap_or(Err(FailureKind::Timeout));
            }
            Ok(Ok(answer)) => return Ok(answer),
            // What is refused at once is asked once more: the refusal may belong to an earlier datagram.
            Ok(Err(why)) => failure = why,
            Err(_) => failure = FailureKind::Timeout,
        }
    }
    Err(failure)
}

async fn over_udp(server: SocketAddr, message: &Message, bytes: &[u8]) -> Result<Message, FailureKind> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await.map_err(unreachable)?;
    // A connected socket gets the server's datagrams only, and hears of closed ports.
    socket.connect(server).await.map_err(unreachable)?;
    socket.send(bytes).await.map_err(unreachable)?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    for _ in 0..DATAGRAMS {
        let length = socket.recv(&mut buffer).await.map_err(unreachable)?;
        let Some(datagram) = buffer.get(..length) else { continue };
        if !is_for(datagram, message) {
            continue;
        }
        return read(datagram.to_vec(), message);
    }
    Err(FailureKind::Malformed("only answers to other questions".into()))
}

async fn over_tcp(server: SocketAddr, message: &Message, bytes: &[u8]) -> Result<Message, FailureKind> {
    let mut stream = TcpStream::connect(server).await.map_err(unreachable)?;
    let length = u16::try_from(bytes.len()).map_err(|e| FailureKind::Malformed(e.to_string()))?;
    let framed = [&length.to_be_bytes(), bytes].concat();
    stream.write_all(&framed).await.map_err(unreachable)?;
    let length = stream.read_u16().await.map_err(unreachable)?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await.map_err(unreachable)?;
    if !is_for(&answer, message) {
        return Err(FailureKind::Malformed("an answer to another question over TCP".into()));
    }
    read(answer, message)
}

/// Whether a message carries the question's number, before anything else of it is read.
fn is_for(answer: &[u8], message: &Message) -> bool {
    answer.first_chunk::<2>().is_some_and(|id| u16::from_be_bytes(*id) == message.metadata.id)
}

fn read(mut answer: Vec<u8>, message: &Message) -> Result<Message, FailureKind> {
    keep_raw(&mut answer);
    let answer = Message::from_vec(&answer)
        .map_err(|e| FailureKind::Malformed(format!("an answer that cannot be read: {e}")))?;
    if answer.metadata.message_type != MessageType::Response {
        return Err(FailureKind::Malformed("a question instead of an answer".into()));
    }
    // Some servers leave the question out of an error.
    let same = answer.queries.is_empty() || answer.queries == message.queries;
    if same { Ok(answer) } else { Err(FailureKind::Malformed("an answer to another question".into())) }
}

fn unreachable(e: io::Error) -> FailureKind {
    match e.kind() {
        io::ErrorKind::ConnectionRefused => FailureKind::Unreachable("connection refused".into()),
        io::ErrorKind::UnexpectedEof => FailureKind::Malformed("an answer that ends early".into()),
        _ => FailureKind::Unreachable(e.to_string()),
    }
}
