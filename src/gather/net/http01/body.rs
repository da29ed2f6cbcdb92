//! The body of an answer, read as far as the CA's client reads it.

use std::io::{Error, ErrorKind, Write};

use flate2::write::MultiGzDecoder;

use super::head::{Frame, Head, field};
use super::source::{AHEAD, Broken, Source};

/// How much of a redirect's body is read before it is followed.
const MAX_OF_REDIRECT: usize = 2 << 10;

/// A body, not read yet.
pub(super) struct Body {
    source: Source,
    frame: Frame,
    gzip: bool,
}

impl Body {
    /// What follows a head.
    pub fn after(head: &Head, source: Source) -> Self {
        let gzip = head.field("content-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case(b"gzip"));
        Self { source, frame: head.frame, gzip: gzip && head.frame != Frame::Length(0) }
    }

    /// Reads to the end or to so many bytes.
    ///
    /// # Errors
    /// It breaks before both; `into` has what came until then.
    pub async fn read(mut self, most: usize, into: &mut Vec<u8>) -> Result<(), Broken> {
        let mut sink =
            Sink { most, into, gzip: self.gzip.then(|| MultiGzDecoder::new(Vec::new())), packed: 0 };
        match self.frame {
            Frame::Length(length) => self.counted(Some(length), &mut sink).await,
            Frame::Close => self.counted(None, &mut sink).await,
            Frame::Chunks => self.chunks(&mut sink).await,
        }?;
        sink.end()
    }

    /// Reads what the CA reads of a redirect's body before it goes on, whatever comes of that: the beginning, unless it is
    /// known to be long.
    pub async fn pass_over(self) {
        if !matches!(self.frame, Frame::Length(length) if length > MAX_OF_REDIRECT as u64) {
            let _ = self.read(MAX_OF_REDIRECT, &mut Vec::new()).await;
        }
    }

    /// So many bytes, or all that come.
    async fn counted(&mut self, length: Option<u64>, sink: &mut Sink<'_>) -> Result<(), Broken> {
        let mut left = length;
        while left != Some(0) && !sink.is_full() {
            let bytes = self.source.peek().await?;
            let most = left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX);
            let part = bytes.get(..most.min(bytes.len())).unwrap_or_default();
            let read = part.len();
            if read == 0 {
                return if left.is_none() { Ok(()) } else { Err(Broken::Ended) };
            }
            sink.push(part)?;
            self.source.take(read);
            left = left.map(|left| left.saturating_sub(read as u64));
        }
        Ok(())
    }

    async fn chunks(&mut self, sink: &mut Sink<'_>) -> Result<(), Broken> {
        let mut waste = Waste::default();
        while !sink.is_full() {
            let size = chunk_size(&self.source.line().await?, &mut waste)?;
            if size == 0 {
                return self.trailer().await;
            }
            self.counted(Some(size), sink).await?;
            if sink.is_full() {
                break;
            }
            for expected in *b"\r\n" {
                match self.source.next().await? {
                    Some(byte) if byte == expected => self.source.take(1),
                    Some(_) => return Err("malformed chunked encoding".into()),
                    None => return Err(Broken::Ended),
                }
            }
        }
        Ok(())
    }

    /// What follows the last chunk: fields that nobody looks at.
    async fn trailer(&mut self) -> Result<(), Broken> {
        let mut read = 0;
        loop {
            let line = self.source.line().await?;
            read += line.len();
            match line.as_slice() {
                b"\r\n" => return Ok(()),
                line if !line.ends_with(b"\n") => return Err("http: unexpected EOF reading trailer".into()),
                _ if read > AHEAD => return Err("http: suspiciously long trailer after chunked body".into()),
                line => drop(field(line.trim_ascii_end())?),
            }
        }
    }
}

/// How much of what was read is no body.
#[derive(Debug, Default)]
struct Waste(u64);

/// The size in the line before a chunk.
fn chunk_size(line: &[u8], waste: &mut Waste) -> Result<u64, Broken> {
    let Some(text) = line.strip_suffix(b"\n") else {
        return Err(if line.len() < AHEAD { Broken::Ended } else { "header line too long".into() });
    };
    let text = match text.iter().position(|b| *b == b'\r') {
        None => return Err("chunked line ends with bare LF".into()),
        Some(at) if at + 1 != text.len() => return Err("invalid CR in chunked line".into()),
        Some(at) => text.get(..at).unwrap_or_default(),
    };
    if line.len() > AHEAD {
        return Err("header line too long".into());
    }
    waste.0 = waste.0.saturating_add(text.len() as u64 + 2);
    let mut text = text;
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    let digits = text.split(|b| *b == b';').next().unwrap_or_default();
    let size = match digits {
        [] => return Err("empty hex number for chunk length".into()),
        digits if !digits.iter().all(u8::is_ascii_hexdigit) => {
            return Err("invalid byte in chunk length".into());
        }
        digits if digits.len() > 16 => return Err("http chunk length too large".into()),
        digits => {
            std::str::from_utf8(digits).ok().and_then(|d| u64::from_str_radix(d, 16).ok()).unwrap_or_default()
        }
    };
    waste.0 = waste.0.saturating_sub(size.saturating_mul(2).saturating_add(16));
    if waste.0 > 16 << 10 {
        return Err("chunked encoding contains too much non-data".into());
    }
    Ok(size)
}

/// Where the bytes of a body go, unpacked if they are packed.
struct Sink<'a> {
    most: usize,
    into: &'a mut Vec<u8>,
    gzip: Option<MultiGzDecoder<Vec<u8>>>,
    /// How many bytes came packed.
    packed: usize,
}

impl Sink<'_> {
    fn is_full(&self) -> bool {
        self.into.len() >= self.most
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let Some(gzip) = &mut self.gzip else {
            self.add(bytes);
            return Ok(());
        };
        self.packed += bytes.len();
        let written = gzip.write_all(bytes);
        let plain = std::mem::take(gzip.get_mut());
        self.add(&plain);
        written
            .map_err(|error| unpacked(&error))
            .or_else(|broken| if self.is_full() { Ok(()) } else { Err(broken) })
    }

    fn add(&mut self, bytes: &[u8]) {
        self.into.extend(bytes.iter().take(self.most.saturating_sub(self.into.len())));
    }

    fn end(mut self) -> Result<(), Broken> {
        // Nothing at all is an end as good as any.
        let Some(mut gzip) = self.gzip.take().filter(|_| self.packed > 0 && !self.is_full()) else {
            return Ok(());
        };
        let ended = gzip.try_finish();
        let plain = std::mem::take(gzip.get_mut());
        self.add(&plain);
        ended
            .map_err(|error| unpacked(&error))
            .or_else(|broken| if self.is_full() { Ok(()) } else { Err(broken) })
    }
}

/// Why a body could not be unpacked, as Go puts it.
fn unpacked(error: &Error) -> Broken {
    let words = error.to_string();
    match error.kind() {
        ErrorKind::UnexpectedEof => Broken::Ended,
        _ if words.contains("header") => "gzip: invalid header".into(),
        _ if words.contains("checksum") => "gzip: invalid checksum".into(),
        _ => Broken::Odd(format!("flate: {words}")),
    }
}
