//! HTTPS to an ACME server: verified against the host's trust store, bounded in time and size.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Method, Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::proxy::tunnel;
use crate::error::Error;
use crate::facts::Egress;
use crate::facts::net::CaFault;

/// How long a connection and its handshake may take each, and how long the whole request.
pub(super) const STEP: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(30);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

const USER_AGENT: &str = concat!("acme-audit/", env!("CARGO_PKG_VERSION"));

/// The way to ACME servers.
#[derive(Debug)]
pub struct Transport {
    tls: Arc<ClientConfig>,
    egress: Egress,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Transport {
    /// Trusts these roots, and goes out as an environment says.
    ///
    /// # Errors
    /// TLS cannot be spoken.
    pub fn new(roots: RootCertStore, egress: Egress) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::new(format!("cannot speak TLS: {e}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Arc::new(tls), egress })
    }

    /// Asks for a URL.
    ///
    /// # Errors
    /// No answer.
    pub async fn get(&self, url: &str) -> Result<Reply, CaFault> {
        self.send(Method::GET, url, None).await
    }

    /// Asks for the headers of a URL alone.
    ///
    /// # Errors
    /// No answer.
    pub async fn head(&self, url: &str) -> Result<Reply, CaFault> {
        self.send(Method::HEAD, url, None).await
    }

    /// Posts a signed request.
    ///
    /// # Errors
    /// No answer.
    pub async fn post(&self, url: &str, jws: &serde_json::Value) -> Result<Reply, CaFault> {
        self.send(Method::POST, url, Some(jws.to_string())).await
    }

    async fn send(&self, method: Method, url: &str, body: Option<String>) -> Result<Reply, CaFault> {
        let reply = timeout(WHOLE, self.exchange(method.clone(), url, body)).await;
        let reply = reply.unwrap_or(Err(CaFault::Timeout));
        match &reply {
            Ok(reply) => tracing::debug!("{method} {url}: {}", reply.status),
            Err(fault) => tracing::debug!("{method} {url}: {fault}"),
        }
        reply
    }

    async fn exchange(&self, method: Method, url: &str, body: Option<String>) -> Result<Reply, CaFault> {
        let uri: Uri = url.parse().map_err(|_| CaFault::NoAcme(format!("{url} is no URL")))?;
        let authority = uri.authority().filter(|_| uri.scheme_str() == Some("https"));
        let authority = authority.ok_or_else(|| CaFault::NoAcme(format!("{url} is no https URL")))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let stream = match self.egress.proxy(&host).map_err(CaFault::Proxy)? {
            Some(proxy) => tunnel(&proxy, uri.clone()).await?,
            None => connect(&host, authority.port_u16().unwrap_or(443)).await?,
        };
        let name =
            ServerName::try_from(host.clone()).map_err(|_| CaFault::NoAcme(format!("{host} is no host")))?;
        let handshake = TlsConnector::from(self.tls.clone()).connect(name, stream);
        let stream = match timeout(STEP, handshake).await {
            Ok(stream) => stream.map_err(|e| of_tls(&e))?,
            Err(_) => return Err(CaFault::Timeout),
        };
        let broken = |e: hyper::Error| CaFault::Broken(e.to_string());
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let connection = tokio::spawn(connection);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", authority.as_str())
            .header("user-agent", USER_AGENT)
            .header("connection", "close");
        if body.is_some() {
            request = request.header("content-type", "application/jose+json");
        }
        let request = request
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|e| CaFault::Broken(e.to_string()))?;
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = answer.into_parts();
        let body =
            Limited::new(body, MAX_ANSWER).collect().await.map_err(|e| CaFault::Broken(e.to_string()))?;
        connection.abort();
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
    }
}

/// Connects to the first address that lets it, as the system resolves the name: certbot does the same.
async fn connect(host: &str, port: u16) -> Result<TcpStream, CaFault> {
    let addresses = timeout(STEP, tokio::net::lookup_host((host, port))).await;
    let addresses = addresses.map_err(|_| CaFault::Name("no answer in time".into()))?;
    let addresses = addresses.map_err(|e| CaFault::Name(e.to_string()))?;
    let mut last = CaFault::Name("it has no address".into());
    for address in addresses.take(4) {
        match timeout(STEP, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(e)) => last = CaFault::Connect(format!("{address}: {e}")),
            Err(_) => last = CaFault::Connect(format!("{address}: no answer in time")),
        }
    }
    Err(last)
}

/// A failed handshake: a certificate that is not trusted, or anything else.
fn of_tls(error: &std::io::Error) -> CaFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => CaFault::Untrusted(why.to_string()),
        _ => CaFault::Tls(error.to_string()),
    }
}
