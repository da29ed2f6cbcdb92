//! HTTPS to an ACME server: verified against the host's trust store, bounded in time and size. Connections are used
//! again.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request, Uri};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use super::connect::{Connector, bare};
use super::refusal::{MAX_FAULT, plain};
use super::witness::{Chain, Witness};
use crate::error::Error;
use crate::facts::Egress;
use crate::facts::net::CaFault;

/// How long a whole request may take.
const WHOLE: Duration = Duration::from_secs(30);

/// How long a connection is kept for the next request. Servers close theirs later than this.
const IDLE: Duration = Duration::from_secs(20);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

const USER_AGENT: &str = concat!("acme-audit/", env!("CARGO_PKG_VERSION"));

/// The way to ACME servers.
#[derive(Debug)]
pub struct Transport {
    client: Client<Connector, Full<Bytes>>,
    witness: Arc<Witness>,
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
        let witness = Arc::new(Witness::new(roots, provider.clone()));
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::new(format!("cannot speak TLS: {e}")))?
            .dangerous()
            .with_custom_certificate_verifier(witness.clone())
            .with_no_client_auth();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(Connector { tls: Arc::new(tls), egress: Arc::new(egress) });
        Ok(Self { client, witness })
    }

    /// The certificates that the host of a URL presented last; empty where no handshake came so far.
    pub fn presented(&self, url: &str) -> Chain {
        let host = url.parse::<Uri>().ok().and_then(|uri| Some(bare(uri.host()?).to_owned()));
        host.map(|host| self.witness.presented(&host)).unwrap_or_default()
    }

    /// Asks for a URL.
    ///
    /// # Errors
    /// No answer.
    pub async fn get(&self, url: &str) -> Result<Reply, CaFault> {
        self.ask(Method::GET, url).await
    }

    /// Asks for the headers of a URL alone.
    ///
    /// # Errors
    /// No answer.
    pub async fn head(&self, url: &str) -> Result<Reply, CaFault> {
        self.ask(Method::HEAD, url).await
    }

    /// Posts a signed request.
    ///
    /// # Errors
    /// No answer.
    pub async fn post(&self, url: &str, jws: &serde_json::Value) -> Result<Reply, CaFault> {
        self.send(Method::POST, url, Some(jws.to_string())).await
    }

    async fn ask(&self, method: Method, url: &str) -> Result<Reply, CaFault> {
        match self.send(method.clone(), url, None).await {
            // The server may have closed a connection that was kept, just when it was used again.
            Err(CaFault::Broken(_)) => self.send(method, url, None).await,
            answer => answer,
        }
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
        // Most URLs are the server's own words.
        let wrong = |what: &str| CaFault::NoAcme(format!("{} is no {what}", plain(url, MAX_FAULT)));
        let uri: Uri = url.parse().map_err(|_| wrong("URL"))?;
        if uri.scheme_str() != Some("https") || uri.host().is_none_or(str::is_empty) {
            return Err(wrong("https URL"));
        }
        let mut request = Request::builder().method(method).uri(uri).header("user-agent", USER_AGENT);
        if body.is_some() {
            request = request.header("content-type", "application/jose+json");
        }
        let request = request
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|e| CaFault::Broken(e.to_string()))?;
        let answer = self.client.request(request).await.map_err(|e| fault(&e))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|e| {
            CaFault::Broken(match e.is::<LengthLimitError>() {
                true => format!("the server's answer is longer than {MAX_ANSWER} bytes"),
                false => e.to_string(),
            })
        })?;
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
    }
}

/// Why there is no answer: the connector's own word, or HTTP's.
fn fault(error: &legacy::Error) -> CaFault {
    match error.source() {
        Some(why) => match why.downcast_ref::<CaFault>() {
            Some(fault) => fault.clone(),
            None => CaFault::Broken(why.to_string()),
        },
        None => CaFault::Broken(error.to_string()),
    }
}
