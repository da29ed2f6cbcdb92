//! One request and its answer.

use std::error::Error as _;
use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::Options;
use super::dial::{after, dial};
use super::first::{First, Listening};
use super::redirect::is_redirect;
use super::tls;
use super::url::Url;
use crate::facts::net::{Fault, Hop};

/// Bytes that an answer's headers may have.
const MAX_HEAD: usize = 64 * 1024;

/// How many headers an answer may have.
const MAX_HEADERS: usize = 1000;

/// Bytes of a body that are read; the CA refuses one of that length.
pub(super) const MAX_BODY: usize = 128;

/// How long to wait for the body of an answer that fails for its status: it only helps to say who answered.
const PATIENCE_WITH_A_MISS: Duration = Duration::from_secs(2);

/// Headers that tell who answered, and how.
const TELLING: [&str; 12] = [
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

/// Characters of a header that are kept.
const MAX_HEADER: usize = 200;

const USER_AGENT: &str = concat!(
    "Mozilla/5.0 (compatible; acme-audit/",
    env!("CARGO_PKG_VERSION"),
    "; rehearsal of an ACME validation)"
);

/// What every exchange of a walk shares.
#[derive(Debug)]
pub(super) struct Means<'a> {
    /// The walk's options.
    pub options: &'a Options,
    /// The TLS configuration.
    pub tls: Arc<ClientConfig>,
    /// When the walk ends, whatever happens.
    pub deadline: Instant,
}

/// An answer's decisive parts; the rest is written into the hop.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its status.
    pub status: u16,
    /// The `Location` of a redirect, as sent.
    pub location: Option<String>,
    /// The body of a 200: up to 128 bytes.
    pub body: Vec<u8>,
}

/// Asks for a URL at one address.
///
/// # Errors
/// What the CA says; the hop has the system's own words.
pub(super) async fn exchange(
    url: &Url,
    host: &str,
    to: SocketAddr,
    means: &Means<'_>,
    hop: &mut Hop,
) -> Result<Answer, Fault> {
    let mut note = |(fault, words): (Fault, String)| {
        hop.error = Some(words);
        fault
    };
    let stream = dial(to, means.options.dial_timeout, means.deadline).await.map_err(&mut note)?;
    let first = First::default();
    let stream = Listening::to(stream, first.clone());
    if url.scheme != "https" {
        return speak(stream, url, &first, means, hop).await;
    }
    let name = tls::server_name(host).unwrap_or(ServerName::from(to.ip()));
    let until = means.deadline.min(after(means.options.tls_timeout));
    let handshake = TlsConnector::from(means.tls.clone()).connect(name, stream);
    let stream = match timeout_at(until, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(note((of_io(&error, &first), error.to_string()))),
        Err(_) => return Err(note((Fault::AnswerTimeout, "no end of the TLS handshake in time".into()))),
    };
    hop.tls = stream.get_ref().1.protocol_version().map(|version| match version {
        rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        other => format!("{other:?}"),
    });
    // Beyond the handshake the first bytes are those of TLS records, and tell nothing.
    speak(stream, url, &First::default(), means, hop).await
}

/// Sends the request over a stream and reads what is needed of the answer.
async fn speak<S>(
    stream: S,
    url: &Url,
    first: &First,
    means: &Means<'_>,
    hop: &mut Hop,
) -> Result<Answer, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = request(url).map_err(|error| Fault::InvalidUrl(error.to_string()))?;
    // The connection lives in a task that ends with this set.
    let mut connection = JoinSet::new();
    let answer = async {
        let (mut sender, driven) = http1::Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .allow_obsolete_multiline_headers_in_responses(true)
            .handshake(TokioIo::new(stream))
            .await?;
        connection.spawn(driven);
        sender.send_request(request).await
    };
    let response = match timeout_at(means.deadline, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            hop.error = Some(whole(&error));
            return Err(of_hyper(&error, first));
        }
        Err(_) => {
            hop.error = Some("no answer to the request in time".into());
            return Err(Fault::AnswerTimeout);
        }
    };
    take_head(&response, hop);
    let status = response.status().as_u16();
    if is_redirect(status) && hop.location.is_some() {
        return Ok(Answer { status, location: location(&response), body: Vec::new() });
    }
    let deadline = match status {
        200 => means.deadline,
        _ => means.deadline.min(after(PATIENCE_WITH_A_MISS)),
    };
    let mut body = Vec::new();
    let read = timeout_at(deadline, read_body(response.into_body(), &mut body)).await;
    hop.body = Some(String::from_utf8_lossy(&body).into_owned());
    match read {
        Ok(Err(error)) if status == 200 => {
            let words = whole(&error);
            hop.error = Some(words.clone());
            let cut = io_of(&error).is_some_and(|error| error.kind() == ErrorKind::UnexpectedEof);
            Err(Fault::BodyBroken(if cut { "unexpected EOF".into() } else { words }))
        }
        Err(_) if status == 200 => {
            hop.error = Some("no end of the body in time".into());
            Err(Fault::BodyTimeout)
        }
        _ => Ok(Answer { status, location: None, body }),
    }
}

/// Reads a body to its end or to 128 bytes.
async fn read_body(mut incoming: Incoming, body: &mut Vec<u8>) -> Result<(), hyper::Error> {
    while body.len() < MAX_BODY {
        let Some(frame) = incoming.frame().await else { break };
        if let Ok(data) = frame?.into_data() {
            body.extend(data.iter().take(MAX_BODY.saturating_sub(body.len())));
        }
    }
    Ok(())
}

fn request(url: &Url) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let mut request = Request::get(url.target())
        .header("Host", url.host.as_str())
        .header("User-Agent", USER_AGENT)
        .header("Accept", "*/*")
        .header("Connection", "close");
    if let Some(user) = &url.user {
        let user = if user.contains(':') { user.clone() } else { format!("{user}:") };
        let coded = data_encoding::BASE64.encode(user.as_bytes());
        request = request.header("Authorization", format!("Basic {coded}"));
    }
    request.body(Empty::new())
}

/// Writes what an answer's head tells into the hop.
fn take_head(response: &Response<Incoming>, hop: &mut Hop) {
    let text = |name: &str| {
        let value = response.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).chars().take(MAX_HEADER).collect::<String>())
    };
    hop.status = Some(response.status().as_u16());
    hop.location = location(response).map(|sent| shown(&sent));
    hop.server = text("server");
    hop.headers = TELLING.iter().filter_map(|name| Some(((*name).to_owned(), text(name)?))).collect();
}

/// A `Location` that is not empty, as sent.
fn location(response: &Response<Incoming>) -> Option<String> {
    let value = response.headers().get("location")?;
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    Some(text).filter(|text| !text.is_empty())
}

/// A `Location` for people: without a password, and no longer than helps.
fn shown(location: &str) -> String {
    const MAX: usize = 2100;
    let text = match Url::parse(location) {
        Ok(url) if url.user.is_some() => url.shown(),
        _ => location.to_owned(),
    };
    text.chars().take(MAX).collect()
}

/// What the CA says to a failure of HTTP.
fn of_hyper(error: &hyper::Error, first: &First) -> Fault {
    if let Some(error) = io_of(error) {
        return of_io(error, &First::default());
    }
    if first.is_http2() {
        return Fault::Http2;
    }
    match error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        true => Fault::Closed,
        false => Fault::Malformed(whole(error)),
    }
}

/// The failure of the connection that is behind a failure of HTTP.
fn io_of(error: &hyper::Error) -> Option<&Error> {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(error) = inner.downcast_ref::<Error>() {
            return Some(error);
        }
        source = inner.source();
    }
    None
}

/// What the CA says to a failure of the connection.
fn of_io(error: &Error, first: &First) -> Fault {
    if first.is_http() {
        return Fault::NotTls;
    }
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(error) = inner {
        return tls::fault(error);
    }
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => Fault::Reset,
        ErrorKind::TimedOut => Fault::ReadTimeout,
        ErrorKind::UnexpectedEof => Fault::Closed,
        _ => Fault::Malformed(error.to_string()),
    }
}

/// An error with its causes.
fn whole(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
