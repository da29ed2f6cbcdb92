//! A connection read line by line.

use std::io::{Error, ErrorKind};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

/// How long a line of a head may be, in bytes.
const MAX_LINE: usize = 1 << 20;

/// What the CA's client reads at once: it does not look further ahead.
pub(super) const AHEAD: usize = 4096;

/// A connection, with TLS or without.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Why an answer could not be read.
#[derive(Debug)]
pub(super) enum Broken {
    /// The connection broke.
    Io(Error),
    /// It ended too early.
    Ended,
    /// HTTP/2 was spoken.
    Http2,
    /// What came is not what should have come.
    Odd(String),
}

impl From<&str> for Broken {
    fn from(what: &str) -> Self {
        Broken::Odd(what.to_owned())
    }
}

/// The answering side of a connection.
pub(super) struct Source {
    stream: BufReader<Box<dyn Stream>>,
    /// A reset counts as an end: between the first byte of a head without TLS and its end, the CA's client loses the error
    /// of one read and sees the end at the next.
    pub forgets: bool,
}

impl Source {
    /// Sends a request and waits for what comes back.
    ///
    /// # Errors
    /// The request could not be sent.
    pub async fn after(request: &[u8], mut stream: Box<dyn Stream>) -> Result<Self, Broken> {
        stream.write_all(request).await.map_err(Broken::Io)?;
        stream.flush().await.map_err(Broken::Io)?;
        Ok(Self { stream: BufReader::with_capacity(AHEAD, stream), forgets: false })
    }

    /// What is there, at least one byte of it; nothing at the end.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn peek(&mut self) -> Result<&[u8], Broken> {
        match self.stream.fill_buf().await {
            Ok(_) => Ok(self.stream.buffer()),
            // A TLS connection that ends without a farewell is taken for ended.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(&[]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset && self.forgets => Ok(&[]),
            Err(error) => Err(Broken::Io(error)),
        }
    }

    /// Takes away what was looked at.
    pub fn take(&mut self, bytes: usize) {
        self.stream.consume(bytes);
    }

    /// A line with its end, which is missing where the connection ends; empty where that is at once.
    ///
    /// # Errors
    /// The connection broke, or the line has no end.
    pub async fn line(&mut self) -> Result<Vec<u8>, Broken> {
        let mut line = Vec::new();
        loop {
            let bytes = self.peek().await?;
            let end = bytes.iter().position(|b| *b == b'\n');
            let part = bytes.get(..end.map_or(bytes.len(), |at| at + 1)).unwrap_or_default();
            line.extend(part);
            let taken = part.len();
            self.take(taken);
            if end.is_some() || taken == 0 {
                return Ok(line);
            }
            if line.len() > MAX_LINE {
                return Err("a line without an end".into());
            }
        }
    }

    /// The next byte, which stays; `None` at the end.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<u8>, Broken> {
        Ok(self.peek().await?.first().copied())
    }
}
