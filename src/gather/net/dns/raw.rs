//! CAA records as they stand in a message, to be read as Boulder's DNS library reads them.
//!
//! hickory-proto refuses a whole answer for a tag with a hyphen in it or a long one; the CA's library, `miekg/dns`, takes
//! any tag, and refuses only a record that is shorter than it says. <https://github.com/miekg/dns/blob/master/types.go>

use hickory_proto::rr::{RData, Record, RecordType};

use crate::facts::net::CaaRecord;

/// The type of CAA records.
const CAA: [u8; 2] = [1, 1];

/// The type that they are given, so that their data stays as it is: one for private use.
/// <https://www.iana.org/assignments/dns-parameters/>
const RAW: u16 = 65_357;

/// Bytes of a message's header.
const HEADER: usize = 12;

/// Gives the CAA records of a message another type. Where the message itself is broken, the rest is left as it is.
pub fn keep_raw(message: &mut [u8]) {
    let count = |at: usize| {
        message.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |n| u16::from_be_bytes(*n))
    };
    let (questions, records) = (count(4), [6, 8, 10].map(count).iter().map(|n| usize::from(*n)).sum());
    let mut at = HEADER;
    for _ in 0..questions {
        let Some(end) = after_name(message, at) else { return };
        at = end + 4;
    }
    for _ in 0..records {
        let Some(kind) = after_name(message, at) else { return };
        let Some(head) = message.get_mut(kind..).and_then(|rest| rest.first_chunk_mut::<10>()) else {
            return;
        };
        let [high, low, .., long, short] = head;
        at = kind + 10 + usize::from(u16::from_be_bytes([*long, *short]));
        if [*high, *low] == CAA {
            [*high, *low] = RAW.to_be_bytes();
        }
    }
}

/// Where a name ends (RFC 1035 §4.1.4).
fn after_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match message.get(at)? {
            0 => return Some(at + 1),
            0xc0.. => return Some(at + 2),
            length => at += 1 + usize::from(*length),
        }
    }
}

/// The record with its own type again, and its data as it is: what a signature is over.
pub fn as_it_was(mut record: Record) -> Record {
    if let RData::Unknown { code, .. } = &mut record.data
        && *code == RecordType::from(RAW)
    {
        *code = RecordType::CAA;
    }
    record
}

/// A CAA record among the answers; `Err` where it is shorter than it says, which makes the CA refuse the whole answer.
pub fn caa(data: &RData) -> Option<Result<CaaRecord, Short>> {
    let raw = RecordType::from(RAW);
    match data {
        RData::Unknown { code, rdata } if *code == raw => Some(record(&rdata.anything)),
        _ => None,
    }
}

/// A record that is shorter than it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short;

/// Reads a record's data; what is left out is empty. (No data at all hickory-proto does not let pass.)
fn record(data: &[u8]) -> Result<CaaRecord, Short> {
    let (flags, rest) = data.split_first().unwrap_or((&0, &[]));
    let (length, rest) = rest.split_first().unwrap_or((&0, &[]));
    let (tag, value) = rest.split_at_checked(usize::from(*length)).ok_or(Short)?;
    Ok(CaaRecord::new(*flags, tag, value))
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::Message;

    use super::*;

    /// An answer with records of these data.
    fn answer(data: &[&[u8]]) -> Vec<u8> {
        let count = u8::try_from(data.len()).unwrap();
        let mut message = vec![0, 7, 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0, 1, b'a', 0, 1, 1, 0, 1];
        for data in data {
            message.extend([0xc0, 12, 1, 1, 0, 1, 0, 0, 0, 9, 0, u8::try_from(data.len()).unwrap()]);
            message.extend(*data);
        }
        message
    }

    fn read(data: &[&[u8]]) -> Vec<Result<String, Short>> {
        let mut message = answer(data);
        keep_raw(&mut message);
        let message = Message::from_vec(&message).unwrap();
        message
            .answers
            .iter()
            .filter_map(|record| caa(&record.data))
            .map(|r| r.map(|r| r.to_string()))
            .collect()
    }

    #[test]
    fn records_are_read_whatever_their_tag() {
        let long = [&[128, 20][..], &[b'x'; 20], b"v"].concat();
        let read = read(&[
            b"\x00\x05issueca.example",
            b"\x80\x0aissue-wild;",
            b"\x01\x05ISS e\"\\",
            b"\x00\x00v",
            &long,
        ]);
        let expected = [
            "0 issue \"ca.example\"",
            "128 issue-wild \";\"",
            "1 ISS e \"\"\\x5c\"",
            "0  \"v\"",
            &format!("128 {} \"v\"", "x".repeat(20)),
        ];
        assert_eq!(read, expected.map(|text| Ok(text.to_owned())));
    }

    #[test]
    fn what_is_left_out_is_empty_and_what_is_too_short_is_told() {
        let read = read(&[b"\x80", b"\x80\x00", b"\x00\x05iss"]);
        assert_eq!(read, [Ok("128  \"\"".into()), Ok("128  \"\"".into()), Err(Short)]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_walked_without_a_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            keep_raw(&mut bytes);
        }

        #[test]
        fn a_broken_answer_is_walked_without_a_panic(at in 0usize..60, byte in proptest::num::u8::ANY, end in 0usize..60) {
            let mut message = answer(&[b"\x00\x05issueca.example", b"\x80\x05issue;"]);
            if let Some(place) = message.get_mut(at) {
                *place = byte;
            }
            message.truncate(message.len().min(end));
            keep_raw(&mut message);
        }
    }
}
