//! From a message to an outcome: the records that were asked for, at the end of their aliases.

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{Name, RData, Record};

use crate::facts::net::{Extended, Failure, FailureKind, Outcome};

/// Extended DNS Error. <https://www.rfc-editor.org/rfc/rfc8914#section-5.1>
const EXTENDED_ERROR: u16 = 15;

/// How many aliases are followed: Boulder's resolver, unbound, stops at eleven.
pub const MAX_ALIASES: usize = 11;

/// How long a text of a server may be.
const MAX_TEXT: usize = 200;

/// The records that `pick` takes for `name`, its aliases followed within the message; the aliases, and their end.
pub fn outcome<T>(
    message: &Message,
    name: &Name,
    pick: impl Fn(&RData) -> Option<T>,
) -> (Outcome<T>, Vec<String>, Name) {
    if let Some(kind) = failed(message) {
        let failure = Failure { kind, extended: extended(message), bogus: false };
        return (Outcome::Failed(failure), Vec::new(), name.clone());
    }
    let (aliases, end) = match chain(message, name) {
        Ok(chain) => chain,
        Err(aliases) => {
            return (Outcome::Failed(Failure::new(FailureKind::AliasLoop)), aliases, name.clone());
        }
    };
    let found: Vec<T> = owned(message, &end).filter_map(|record| pick(&record.data)).collect();
    let outcome = match message.metadata.response_code {
        _ if !found.is_empty() => Outcome::Found(found),
        ResponseCode::NXDomain => Outcome::NoSuchName,
        _ => Outcome::Nothing,
    };
    (outcome, aliases, end)
}

/// How an answer says neither yes nor no.
pub fn failed(message: &Message) -> Option<FailureKind> {
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => None,
        ResponseCode::ServFail => Some(FailureKind::ServFail),
        ResponseCode::Refused => Some(FailureKind::Refused),
        other => Some(FailureKind::Code(other.into())),
    }
}

/// The names that aliases lead to, and the last of them; in error the ones up to where they come back.
fn chain(message: &Message, name: &Name) -> Result<(Vec<String>, Name), Vec<String>> {
    let mut seen = vec![name.clone()];
    let mut at = name.clone();
    loop {
        let next = owned(message, &at).find_map(|record| match &record.data {
            RData::CNAME(alias) => Some(alias.0.clone()),
            _ => None,
        });
        let shown = || seen.iter().skip(1).map(text).collect();
        match next {
            None => return Ok((shown(), at)),
            Some(next) if seen.contains(&next) || seen.len() > MAX_ALIASES => return Err(shown()),
            Some(next) => {
                seen.push(next.clone());
                at = next;
            }
        }
    }
}

fn owned<'m>(message: &'m Message, name: &Name) -> impl Iterator<Item = &'m Record> {
    let name = name.clone();
    message.answers.iter().filter(move |record| record.name == name)
}

/// A name as people write it: without the last dot.
pub fn text(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    text.strip_suffix('.').filter(|text| !text.is_empty()).unwrap_or(&text).to_owned()
}

/// The Extended DNS Errors of an answer.
pub fn extended(message: &Message) -> Vec<Extended> {
    let Some(edns) = &message.edns else { return Vec::new() };
    let errors = edns.options().options.iter().filter_map(|(_, option)| match option {
        EdnsOption::Unknown(EXTENDED_ERROR, bytes) => {
            let (code, words) = bytes.split_first_chunk::<2>()?;
            let words = String::from_utf8_lossy(words);
            let text = words.trim_end_matches('\0').chars().filter(|c| !c.is_control()).take(MAX_TEXT);
            Some(Extended { code: u16::from_be_bytes(*code), text: text.collect() })
        }
        _ => None,
    });
    errors.take(8).collect()
}
