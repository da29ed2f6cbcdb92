//! The child's server: many connections, few resources, and no peer that can keep another out.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::Request;
use hyper::header::{HOST, HeaderName, USER_AGENT};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::answer::{Tokens, answer};
use super::lock;
use super::message::{Asked, Report};

/// hyper takes no smaller one.
const HEAD: usize = 8 * 1024;
/// The time for a request's head.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// The time for all of a connection.
const TIME: Duration = Duration::from_secs(10);
/// How long a connection is safe from being thrown out for a newer one.
const GRACE: Duration = Duration::from_millis(5);
/// How often a new connection that has to wait looks whether there is room.
const LOOK: Duration = Duration::from_millis(1);
/// How many connections are accepted before those that are there get their turn.
const BATCH: usize = 16;
/// How long an error of the whole process or host is waited out.
const PAUSE: Duration = Duration::from_millis(50);
/// How much of a header field is told.
const TOLD: usize = 256;

/// A socket that listens.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// What all connections share.
pub(super) struct Server {
    pub(super) tokens: Mutex<Tokens>,
    open: Mutex<Open>,
    /// How many connections may be open.
    most: usize,
    reports: mpsc::Sender<Report>,
}

/// The connections that are open, by their number: the first is the oldest.
#[derive(Default)]
struct Open {
    last: u64,
    connections: BTreeMap<u64, (Instant, AbortHandle)>,
}

impl Server {
    pub(super) fn new(most: usize, reports: mpsc::Sender<Report>) -> Arc<Self> {
        Arc::new(Self { tokens: Mutex::default(), open: Mutex::default(), most, reports })
    }

    /// Whether nobody is connected.
    pub(super) fn is_idle(&self) -> bool {
        lock(&self.open).connections.is_empty()
    }

    /// Accepts without end.
    pub(super) async fn accept(self: Arc<Self>, listener: Listener) {
        loop {
            for _ in 0..BATCH {
                self.room().await;
                let accepted = match &listener {
                    Listener::Tcp(tcp) => {
                        tcp.accept().await.map(|(stream, peer)| self.admit(stream, Some(peer)))
                    }
                    Listener::Unix(unix) => unix.accept().await.map(|(stream, _)| self.admit(stream, None)),
                };
                match accepted {
                    Ok(()) => {}
                    // That peer is gone already.
                    Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
                    // Too many open files, no memory: the next attempt would fail at once.
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a connection could be taken without throwing out one that has hardly begun.
    async fn room(&self) {
        let is_full = || {
            let open = lock(&self.open);
            let oldest = open.connections.first_key_value();
            open.connections.len() >= self.most
                && oldest.is_some_and(|(_, (begun, _))| begun.elapsed() < GRACE)
        };
        while is_full() {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Serves a connection. Where there are too many, the oldest goes: a peer who asks at once is answered long before
    /// it is the oldest, and one who waits does so at the cost of those who wait too.
    fn admit<S>(self: &Arc<Self>, stream: S, peer: Option<SocketAddr>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut open = lock(&self.open);
        if open.connections.len() >= self.most
            && let Some((_, (_, oldest))) = open.connections.pop_first()
        {
            oldest.abort();
        }
        open.last += 1;
        let number = open.last;
        let server = Arc::clone(self);
        let task = tokio::spawn(async move {
            server.serve(stream, peer).await;
            lock(&server.open).connections.remove(&number);
        });
        open.connections.insert(number, (Instant::now(), task.abort_handle()));
    }

    async fn serve<S>(&self, stream: S, peer: Option<SocketAddr>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let respond = service_fn(|request| {
            let (response, question) = answer(&request, &mut lock(&self.tokens));
            if let Some(question) = question {
                // Where the parent does not listen fast enough, answers are worth more than reports.
                let _ = self.reports.try_send(Report::Asked(Asked {
                    token: question.token,
                    answered: question.answered,
                    at: Timestamp::now(),
                    peer: peer.map(|peer| SocketAddr::new(peer.ip().to_canonical(), peer.port())),
                    host: field(&request, &HOST),
                    user_agent: field(&request, &USER_AGENT),
                    forwarded_for: field(&request, &HeaderName::from_static("x-forwarded-for")),
                }));
            }
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(HEAD)
            .keep_alive(false)
            // A peer may close its side behind the request.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), respond);
        // What a peer does wrong is its own business.
        let _ = tokio::time::timeout(TIME, connection).await;
    }
}

fn field<B>(request: &Request<B>, name: &HeaderName) -> Option<String> {
    let value = String::from_utf8_lossy(request.headers().get(name)?.as_bytes());
    Some(value.chars().filter(|c| !c.is_control()).take(TOLD).collect())
}
