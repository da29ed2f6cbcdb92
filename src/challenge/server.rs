//! The child's server of HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Request;
use hyper::header::{HOST, HeaderName, USER_AGENT};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;

use super::answer::{Tokens, answer};
use super::gate::Gate;
use super::lock;
use super::message::{Asked, Report};

/// hyper takes no smaller one.
const HEAD: usize = 8 * 1024;
/// The time for a request's head.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// The time for all of a connection.
const TIME: Duration = Duration::from_secs(10);
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
    gate: Arc<Gate>,
    reports: mpsc::Sender<Report>,
}

impl Server {
    pub(super) fn new(most: usize, reports: mpsc::Sender<Report>) -> Arc<Self> {
        Arc::new(Self { tokens: Mutex::default(), gate: Gate::new(most), reports })
    }

    /// Whether nobody is connected.
    pub(super) fn is_idle(&self) -> bool {
        self.gate.is_idle()
    }

    /// Accepts without end.
    pub(super) async fn accept(self: Arc<Self>, listener: Listener) {
        match listener {
            Listener::Tcp(tcp) => {
                let accept = || async {
                    let (stream, peer) = tcp.accept().await?;
                    Ok(Arc::clone(&self).serve(stream, Some(peer)))
                };
                self.gate.accept(accept).await;
            }
            Listener::Unix(unix) => {
                let accept = || async {
                    let (stream, _) = unix.accept().await?;
                    Ok(Arc::clone(&self).serve(stream, None))
                };
                self.gate.accept(accept).await;
            }
        }
    }

    async fn serve<S>(self: Arc<Self>, stream: S, peer: Option<SocketAddr>)
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
