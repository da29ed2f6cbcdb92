//! One request and its answer.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::Options;
use super::body::Body;
use super::dial::{after, dial};
use super::first::{First, Listening};
use super::head::{Head, TELLING};
use super::redirect::is_redirect;
use super::request::request;
use super::source::{Broken, Source, Stream};
use super::tls;
use super::url::Url;
use crate::facts::net::{Fault, Hop};

/// Bytes of a body that are read; the CA refuses one of that length.
pub(super) const MAX_BODY: usize = 128;

/// How long to wait for the body of an answer that fails for its status: it only helps to say who answered.
const PATIENCE_WITH_A_MISS: Duration = Duration::from_secs(2);

/// Characters of a header that are kept.
const MAX_HEADER: usize = 200;

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

/// What to ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The URL.
    pub url: &'a Url,
    /// The one that led to it.
    pub from: Option<&'a Url>,
    /// The host that is dialled, as it was resolved.
    pub host: &'a str,
    /// The address and the port that are dialled.
    pub to: SocketAddr,
}

/// An answer's decisive parts; the rest is written into the hop.
pub(super) enum Answer {
    /// It leads elsewhere.
    Redirect {
        /// Its status.
        status: u16,
        /// The `Location`, as sent.
        location: Vec<u8>,
        /// Its body, not read yet.
        body: Body,
    },
    /// It is the end.
    Final {
        /// Its status.
        status: u16,
        /// Up to 128 bytes.
        body: Vec<u8>,
    },
}

/// Asks for a URL at one address.
///
/// # Errors
/// What the CA says; the hop has the system's own words.
pub(super) async fn exchange(asked: Asked<'_>, means: &Means<'_>, hop: &mut Hop) -> Result<Answer, Fault> {
    let mut note = |(fault, words): (Fault, String)| {
        hop.error = Some(words);
        fault
    };
    let Asked { url, host, to, .. } = asked;
    // The CA's client looks for the host as the URL has it, in ASCII, among those that were resolved.
    if url.name() != host || !host.is_ascii() {
        let words = format!("{} is not how the CA writes that host", url.name());
        return Err(note((Fault::OtherSpelling(url.name().to_owned()), words)));
    }
    let stream = dial(to, means.options.dial_timeout, means.deadline).await.map_err(&mut note)?;
    let ends = Ends::of(&stream);
    if url.scheme != "https" {
        return speak(Box::new(stream), asked, &ends, means, hop).await;
    }
    let first = First::default();
    let stream = Listening::to(stream, first.clone());
    let name = tls::server_name(host).unwrap_or(ServerName::from(to.ip()));
    let until = means.deadline.min(after(means.options.tls_timeout));
    let handshake = TlsConnector::from(means.tls.clone()).connect(name, stream);
    let stream = match timeout_at(until, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(note((of_handshake(&error, &first), error.to_string()))),
        Err(_) => return Err(note((Fault::AnswerTimeout, "no end of the TLS handshake in time".into()))),
    };
    hop.tls = stream.get_ref().1.protocol_version().map(|version| match version {
        rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        other => format!("{other:?}"),
    });
    speak(Box::new(stream), asked, &ends, means, hop).await
}

/// Sends the request over a stream and reads what is needed of the answer.
async fn speak(
    stream: Box<dyn Stream>,
    asked: Asked<'_>,
    ends: &Ends,
    means: &Means<'_>,
    hop: &mut Hop,
) -> Result<Answer, Fault> {
    let answer = async {
        let mut source = Source::after(&request(asked.url, asked.from), stream).await?;
        let head = Head::read(&mut source, asked.url.scheme == "https").await?;
        Ok((head, source))
    };
    let (head, source) = match timeout_at(means.deadline, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(broken)) => {
            let (fault, words) = of_head(broken);
            hop.error = Some(words);
            return Err(fault);
        }
        Err(_) => {
            hop.error = Some("no answer to the request in time".into());
            return Err(Fault::AnswerTimeout);
        }
    };
    take_head(&head, hop);
    let status = head.status;
    let body = Body::after(&head, source);
    if let Some(location) = location(&head).filter(|_| is_redirect(status)) {
        return Ok(Answer::Redirect { status, location: location.to_vec(), body });
    }
    let deadline = match status {
        200 => means.deadline,
        _ => means.deadline.min(after(PATIENCE_WITH_A_MISS)),
    };
    let mut read = Vec::new();
    let end = timeout_at(deadline, body.read(MAX_BODY, &mut read)).await;
    hop.body = Some(String::from_utf8_lossy(&read).into_owned());
    match end {
        Ok(Err(broken)) if status == 200 => {
            let words = ends.of_body(broken);
            hop.error = Some(words.clone());
            Err(Fault::BodyBroken(words))
        }
        Err(_) if status == 200 => {
            hop.error = Some("no end of the body in time".into());
            Err(Fault::BodyTimeout)
        }
        _ => Ok(Answer::Final { status, body: read }),
    }
}

/// Writes what an answer's head tells into the hop.
fn take_head(head: &Head, hop: &mut Hop) {
    let text = |name: &str| {
        let value = head.field(name)?;
        Some(String::from_utf8_lossy(value).chars().take(MAX_HEADER).collect::<String>())
    };
    hop.status = Some(head.status);
    hop.location = location(head).map(shown);
    hop.server = text("server");
    hop.headers = TELLING.iter().filter_map(|name| Some(((*name).to_owned(), text(name)?))).collect();
}

/// A `Location` that is not empty, as sent.
fn location(head: &Head) -> Option<&[u8]> {
    head.field("location").filter(|location| !location.is_empty())
}

/// A `Location` for people: without a password, and no longer than helps.
fn shown(location: &[u8]) -> String {
    const MAX: usize = 2100;
    let text = String::from_utf8_lossy(location);
    without_password(&text).unwrap_or_else(|| text.into_owned()).chars().take(MAX).collect()
}

/// A URL with `***` for its password; `None` where it has none.
fn without_password(url: &str) -> Option<String> {
    let start = url.find("//")? + 2;
    let authority = url.get(start..)?.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (name, _) = user.split_once(':')?;
    let (before, rest) = url.split_at_checked(start + name.len())?;
    Some(format!("{before}:***{}", rest.get(user.len() - name.len()..)?))
}

/// What the CA says to a head that could not be read, and why it could not.
fn of_head(broken: Broken) -> (Fault, String) {
    match broken {
        Broken::Io(error) => (of_io(&error), error.to_string()),
        Broken::Ended => (Fault::Closed, "the connection ended before the answer".into()),
        Broken::Http2 => (Fault::Http2, "HTTP/2 without TLS".into()),
        Broken::Odd(words) => (Fault::Malformed(words.clone()), words),
    }
}

/// What the CA says to a failed handshake.
fn of_handshake(error: &Error, first: &First) -> Fault {
    if first.is_http() {
        return Fault::NotTls;
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => tls::fault(error),
        None => of_io(error),
    }
}

/// What the CA says to a failure of the connection.
fn of_io(error: &Error) -> Fault {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls::fault(error);
    }
    match error.kind() {
        ErrorKind::ConnectionReset => Fault::Reset,
        ErrorKind::TimedOut => Fault::ReadTimeout,
        ErrorKind::UnexpectedEof => Fault::Closed,
        _ => Fault::Malformed(error.to_string()),
    }
}

/// The two ends of a connection.
struct Ends(Option<(SocketAddr, SocketAddr)>);

impl Ends {
    fn of(stream: &tokio::net::TcpStream) -> Self {
        Self(stream.local_addr().and_then(|own| Ok((own, stream.peer_addr()?))).ok())
    }

    /// Why a body could not be read to its end, as Go puts it.
    fn of_body(&self, broken: Broken) -> String {
        match broken {
            Broken::Ended => "unexpected EOF".into(),
            Broken::Odd(words) => words,
            Broken::Http2 => "HTTP/2".into(),
            Broken::Io(error) => match (error.kind(), self.0) {
                (ErrorKind::ConnectionReset, Some((own, peer))) => {
                    format!("read tcp {own}->{peer}: read: connection reset by peer")
                }
                _ => error.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_location_is_shown_as_sent_but_for_its_password() {
        for (location, text) in [
            ("HTTP://u:secret@Example.com/a:b@c", "HTTP://u:***@Example.com/a:b@c"),
            ("//u:se:cr@et@h?x", "//u:***@h?x"),
            ("http://u:@h", "http://u:***@h"),
            ("http://u@h:80/", "http://u@h:80/"),
            ("http://h:80/a@b", "http://h:80/a@b"),
            ("/a:b@c", "/a:b@c"),
            ("http:u:p@h", "http:u:p@h"),
        ] {
            assert_eq!(shown(location.as_bytes()), text);
        }
        assert_eq!(shown(&[b'x'; 3000]).len(), 2100);
    }
}
