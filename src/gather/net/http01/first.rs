//! A stream that remembers how the other side began: what it said tells HTTP from TLS.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes are remembered.
const KEPT: usize = 5;

/// The first bytes that were received.
#[derive(Clone, Debug, Default)]
pub(super) struct First(Arc<Mutex<Vec<u8>>>);

impl First {
    /// The answer begins as plain HTTP does.
    pub fn is_http(&self) -> bool {
        self.bytes().starts_with(b"HTTP/")
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().map(|bytes| bytes.clone()).unwrap_or_default()
    }

    fn push(&self, read: &[u8]) {
        if let Ok(mut bytes) = self.0.lock() {
            let room = KEPT.saturating_sub(bytes.len());
            bytes.extend(read.iter().take(room));
        }
    }
}

/// The stream.
#[derive(Debug)]
pub(super) struct Listening<S> {
    inner: S,
    first: First,
}

impl<S> Listening<S> {
    /// Listens to what a stream receives.
    pub fn to(inner: S, first: First) -> Self {
        Self { inner, first }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Some(read) = buf.filled().get(before..) {
            self.first.push(read);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
