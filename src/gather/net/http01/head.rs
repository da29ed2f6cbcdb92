//! The head of an answer, read as the CA's client reads it, which is Go's `net/http`.
//!
//! It takes what stricter readers refuse (any version, blanks before a colon) and refuses what others take (a line without a
//! colon). <https://pkg.go.dev/net/http#ReadResponse>

use super::source::{Broken, Source};
use crate::facts::net::quoted;

/// Bytes that the heads of an answer may have, those of 1xx answers included. <https://pkg.go.dev/net/http#Transport>
const MAX_HEAD: usize = 10 << 20;

/// Fields that tell who answered, and how.
pub(super) const TELLING: [&str; 12] = [
    "www-authenticate",
    "content-type",
    "cf-mitigated",
    "cf-ray",
    "x-amzn-waf-action",
    "x-sucuri-block",
    "x-sucuri-id",
    "x-iinfo",
    "x-datadome",
    "x-vercel-mitigated",
    "x-powered-by",
    "via",
];

/// Other fields that are looked at.
const OTHERS: [&str; 6] =
    ["location", "server", "content-length", "transfer-encoding", "content-encoding", "trailer"];

/// What an answer begins with.
#[derive(Debug)]
pub(super) struct Head {
    /// The status.
    pub status: u16,
    /// How its body ends.
    pub frame: Frame,
    fields: Vec<(String, Vec<u8>)>,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// After so many bytes.
    Length(u64),
    /// With an empty chunk.
    Chunks,
    /// With the connection.
    Close,
}

impl Head {
    /// Reads the head of the final answer; those of answers that only tell of progress are passed over.
    ///
    /// # Errors
    /// It ends early, or is none.
    pub async fn read(source: &mut Source, tls: bool) -> Result<Self, Broken> {
        source.peek().await?;
        source.forgets = !tls;
        let mut left = MAX_HEAD;
        loop {
            let head = Self::one(source, &mut left).await?;
            // 101 is an end: the connection is something else from there on.
            if !(100..200).contains(&head.status) || head.status == 101 {
                source.forgets = false;
                return Ok(head);
            }
        }
    }

    /// The first field of a name in lower case that is looked at.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        all(&self.fields, name).next()
    }

    async fn one(source: &mut Source, left: &mut usize) -> Result<Self, Broken> {
        let line = line(source, left).await?;
        let (version, status) = status_line(&line)?;
        let mut fields = Vec::new();
        if matches!(source.next().await?, Some(b' ' | b'\t')) {
            return Err("malformed MIME header initial line".into());
        }
        loop {
            let mut text = line_of_field(source, left).await?;
            if text.is_empty() {
                break;
            }
            while matches!(source.next().await?, Some(b' ' | b'\t')) {
                let more = self::line(source, left).await?;
                text = [text.as_slice(), b" ", trim(&more)].concat();
            }
            let (name, value) = field(&text)?;
            if TELLING.contains(&name.as_str()) || OTHERS.contains(&name.as_str()) {
                fields.push((name, value));
            }
        }
        let frame = frame(version, status, &fields)?;
        Ok(Self { status, frame, fields })
    }
}

/// A line without its end.
async fn line(source: &mut Source, left: &mut usize) -> Result<Vec<u8>, Broken> {
    let mut line = source.line().await?;
    if line.is_empty() {
        return Err(Broken::Ended);
    }
    *left = left.checked_sub(line.len()).ok_or("a head without an end")?;
    if line.pop_if(|b| *b == b'\n').is_some() {
        line.pop_if(|b| *b == b'\r');
    }
    Ok(line)
}

/// The first line of a field; empty at the end of the head.
async fn line_of_field(source: &mut Source, left: &mut usize) -> Result<Vec<u8>, Broken> {
    let line = line(source, left).await?;
    match line.is_empty() || line.contains(&b':') {
        true => Ok(trim(&line).to_vec()),
        // Before what may continue it is waited for.
        false => field(&line).map(|_| Vec::new()),
    }
}

fn status_line(line: &[u8]) -> Result<((u8, u8), u16), Broken> {
    let Some(blank) = line.iter().position(|b| *b == b' ') else {
        return Err(match is_http2(line) {
            true => Broken::Http2,
            false => "malformed HTTP response".into(),
        });
    };
    let (version, rest) = line.split_at_checked(blank).unwrap_or((line, b""));
    let mut code = rest.split(|b| *b == b' ').find(|part| !part.is_empty()).unwrap_or_default();
    if code.len() != 3 {
        return Err("malformed HTTP status code".into());
    }
    // Go takes a sign for part of a number.
    if let [b'+', digits @ ..] = code {
        code = digits;
    }
    let digit = |b: &u8| b.is_ascii_digit();
    let status =
        std::str::from_utf8(code).ok().filter(|_| code.iter().all(digit)).and_then(|c| c.parse().ok());
    let status = status.ok_or("malformed HTTP status code")?;
    match version {
        [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => {
            Ok(((major - b'0', minor - b'0'), status))
        }
        _ => Err("malformed HTTP version".into()),
    }
}

/// Whether a line begins as an HTTP/2 connection does, with a SETTINGS frame (RFC 9113 §6.5). The CA looks at the line as
/// Go quotes it, and sees it only where the frame's length is no printable character.
fn is_http2(line: &[u8]) -> bool {
    let [0, 0, length, 4, 0, 0, 0, 0, 0, ..] = line else { return false };
    quoted(&[*length]).starts_with("\"\\x")
}

/// A field's name in lower case, and its value.
///
/// # Errors
/// It is no field.
pub(super) fn field(text: &[u8]) -> Result<(String, Vec<u8>), Broken> {
    let Some((name, value)) = text.iter().position(|b| *b == b':').and_then(|at| text.split_at_checked(at))
    else {
        return Err(Broken::Odd(format!("malformed MIME header: missing colon: {}", quoted(text))));
    };
    let value = value.get(1..).unwrap_or_default();
    // A name with a blank is let pass, and is the name of nothing.
    let of_names = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~ ".contains(b);
    let of_values = |b: &u8| *b == b'\t' || !b.is_ascii_control();
    if name.is_empty() || !name.iter().all(of_names) || !value.iter().all(of_values) {
        return Err(Broken::Odd(format!("malformed MIME header line: {}", quoted(text))));
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    Ok((name, trim(value).to_vec()))
}

fn all<'f>(fields: &'f [(String, Vec<u8>)], name: &str) -> impl Iterator<Item = &'f [u8]> {
    fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_slice())
}

/// How the body ends, by RFC 9112 §6.3.
fn frame(version: (u8, u8), status: u16, fields: &[(String, Vec<u8>)]) -> Result<Frame, Broken> {
    let mut encodings = all(fields, "transfer-encoding");
    let chunked = match (encodings.next(), encodings.next()) {
        (Some(_), _) if version < (1, 1) && version != (0, 0) => false,
        (None, _) => false,
        (Some(one), None) if one.eq_ignore_ascii_case(b"chunked") => true,
        (Some(_), _) => return Err("unsupported transfer encoding".into()),
    };
    let mut lengths = all(fields, "content-length").map(<[u8]>::trim_ascii);
    let length = lengths.next();
    if lengths.any(|other| Some(other) != length) {
        return Err("http: message cannot contain multiple Content-Length headers".into());
    }
    let length = length.map(|text| parsed(text).ok_or("bad Content-Length")).transpose()?;
    let forbidden = |name: &[u8]| {
        let name = name.trim_ascii();
        ["transfer-encoding", "trailer", "content-length"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own.as_bytes()))
    };
    if chunked && all(fields, "trailer").any(|value| value.split(|b| *b == b',').any(forbidden)) {
        return Err("bad trailer key".into());
    }
    Ok(match (status, length) {
        (100..200 | 204 | 304, _) => Frame::Length(0),
        _ if chunked => Frame::Chunks,
        (_, Some(length)) => Frame::Length(length),
        (_, None) => Frame::Close,
    })
}

/// A number of digits alone, as Go reads it: 63 bits.
fn parsed(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number: u64 = std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()?;
    i64::try_from(number).is_ok().then_some(number)
}

/// Without blanks and tabs at both ends.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
