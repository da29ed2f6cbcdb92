//! DNS messages (RFC 1035, section 4), down to the byte: a library would not write wrong ones.

/// The types that are asked for here.
pub const A: u16 = 1;
pub const NS: u16 = 2;
pub const CNAME: u16 = 5;
pub const SOA: u16 = 6;
pub const CAA: u16 = 257;
const OPT: u8 = 41;

/// Flags of an answer, and that it is authoritative, and truncated.
pub const ANSWER: u16 = 0x8000;
pub const AA: u16 = 0x0400;
pub const TC: u16 = 0x0200;

/// Response codes.
pub const FORMERR: u16 = 1;
pub const SERVFAIL: u16 = 2;
pub const NXDOMAIN: u16 = 3;
pub const NOTIMP: u16 = 4;
pub const REFUSED: u16 = 5;

/// Where the name of a question stands in every message.
const QUESTION: [u8; 2] = [0xc0, 12];

/// A question.
pub struct Query {
    pub id: u16,
    /// In lower case, without the last dot.
    pub name: String,
    pub kind: u16,
    /// It has an OPT record.
    pub edns: bool,
    /// The question section as it came.
    question: Vec<u8>,
}

impl Query {
    /// Reads a message with one question.
    pub fn parse(message: &[u8]) -> Option<Query> {
        let id = u16::from_be_bytes([*message.first()?, *message.get(1)?]);
        let mut rest = message.get(12..)?;
        let mut labels = Vec::new();
        loop {
            let (length, after) = rest.split_first()?;
            if *length == 0 {
                rest = after;
                break;
            }
            labels.push(String::from_utf8_lossy(after.get(..usize::from(*length))?).to_lowercase());
            rest = after.get(usize::from(*length)..)?;
        }
        let kind = u16::from_be_bytes([*rest.first()?, *rest.get(1)?]);
        let additional = rest.get(4..)?;
        let question = message.get(12..message.len() - additional.len())?.to_vec();
        let edns = additional.get(..3) == Some([0, 0, OPT].as_slice());
        Some(Query { id, name: labels.join("."), kind, edns, question })
    }

    /// An answer with these records in its answer and authority sections.
    pub fn reply(&self, flags: u16, answers: &[Vec<u8>], authority: &[Vec<u8>]) -> Vec<u8> {
        let counts = [1, answers.len() as u16, authority.len() as u16, 0];
        let mut message = self.header(flags, counts);
        message.extend(&self.question);
        message.extend(answers.concat());
        message.extend(authority.concat());
        message
    }

    /// The first twelve bytes of an answer.
    pub fn header(&self, flags: u16, counts: [u16; 4]) -> Vec<u8> {
        [self.id, ANSWER | flags].into_iter().chain(counts).flat_map(u16::to_be_bytes).collect()
    }

    /// How long an answer without records is.
    pub fn end(&self) -> usize {
        12 + self.question.len()
    }
}

/// A record of the name that was asked for.
pub fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    record_of(&QUESTION, kind, data.len() as u16, data)
}

/// A record of any name, which may say that its data are longer than they are.
pub fn record_of(owner: &[u8], kind: u16, length: u16, data: &[u8]) -> Vec<u8> {
    let mut record = owner.to_vec();
    record.extend(kind.to_be_bytes());
    record.extend([0, 1]);
    record.extend(60u32.to_be_bytes());
    record.extend(length.to_be_bytes());
    record.extend(data);
    record
}

/// A name as messages have it, without compression.
pub fn name(text: &str) -> Vec<u8> {
    let mut name = Vec::new();
    for label in text.split('.').filter(|l| !l.is_empty()) {
        name.push(label.len() as u8);
        name.extend(label.bytes());
    }
    name.push(0);
    name
}
