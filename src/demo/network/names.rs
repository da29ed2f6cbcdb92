//! Name servers that know the sandbox's sites, and nothing else: one for this host, and one for everybody else.

use std::net::Ipv4Addr;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, SOA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

use super::{SITES, Site};

/// The largest question that is read, in bytes.
const MAX_QUESTION: usize = 1_232;

/// Seconds for which an answer holds.
const TTL: u32 = 60;

/// Whose questions are answered. <https://www.rfc-editor.org/rfc/rfc8499#section-6> calls it split DNS.
#[derive(Clone, Copy, Debug)]
pub(super) enum View {
    /// This host's.
    Inside,
    /// The CA's.
    Outside,
}

impl View {
    /// The address that a site has in it.
    fn of(self, site: &Site) -> Option<Ipv4Addr> {
        match self {
            View::Inside => site.inside,
            View::Outside => site.outside,
        }
    }
}

/// Answers until it is dropped.
pub(super) async fn serve(socket: UdpSocket, view: View) {
    let mut buffer = [0; MAX_QUESTION];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let answer = buffer.get(..length).and_then(|question| answer(question, view));
        if let Some(answer) = answer {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// The answer to a question; `None` for what is none.
fn answer(question: &[u8], view: View) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.message_type = MessageType::Response;
    answer.metadata.authoritative = true;
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    let name = query.name().clone();
    let asked = name.to_lowercase().to_ascii();
    let asked = asked.trim_end_matches('.');
    let address = SITES.iter().find(|site| site.name == asked).and_then(|site| view.of(site));
    match address.filter(|_| query.query_type() == RecordType::A) {
        Some(address) => {
            answer.add_answer(Record::from_rdata(name, TTL, RData::A(A(address))));
        }
        None => {
            if address.is_none() && !is_above(asked) {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            let zone = Name::from_ascii("test.").ok()?;
            let soa = SOA::new(zone.clone(), zone.clone(), 1, 3_600, 600, 86_400, TTL);
            answer.add_authority(Record::from_rdata(zone, TTL, RData::SOA(soa)));
        }
    }
    answer.add_query(query);
    answer.to_vec().ok()
}

/// Whether a name lies above a site's, or is the root.
fn is_above(asked: &str) -> bool {
    let ends = |name: &str| name.strip_suffix(asked).is_some_and(|rest| rest.ends_with('.'));
    asked.is_empty() || SITES.iter().any(|site| ends(site.name))
}
