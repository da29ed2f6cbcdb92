//! Connections to ACME servers: direct or through a proxy, and always TLS.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::proxy::tunnel;
use crate::facts::Egress;
use crate::facts::net::CaFault;

/// How long a connection and its handshake may take each.
pub(super) const STEP: Duration = Duration::from_secs(10);

/// How many addresses of a name are tried.
const MAX_ADDRESSES: usize = 4;

/// Makes connections for a pool of them.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) tls: Arc<ClientConfig>,
    pub(super) egress: Arc<Egress>,
}

/// A connection whose handshake is done.
pub(super) struct Stream(TokioIo<TlsStream<TcpStream>>);

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = CaFault;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, CaFault>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CaFault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.open(to).await })
    }
}

impl Connector {
    async fn open(self, to: Uri) -> Result<Stream, CaFault> {
        let host = bare(to.host().unwrap_or_default()).to_owned();
        let stream = match self.egress.proxy(&host).map_err(CaFault::Proxy)? {
            Some(proxy) => tunnel(&proxy, to.clone()).await?,
            None => connect(&host, to.port_u16().unwrap_or(443)).await?,
        };
        // Requests are small, and each waits for an answer.
        let _ = stream.set_nodelay(true);
        let name =
            ServerName::try_from(host.clone()).map_err(|_| CaFault::NoAcme(format!("{host} is no host")))?;
        match timeout(STEP, TlsConnector::from(self.tls).connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Stream(TokioIo::new(stream))),
            Ok(Err(error)) => Err(of_tls(&error)),
            Err(_) => Err(CaFault::Timeout),
        }
    }
}

/// A host without the brackets of an IPv6 address.
pub(super) fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Connects to the first address that lets it, as the system resolves the name: certbot does the same.
async fn connect(host: &str, port: u16) -> Result<TcpStream, CaFault> {
    let addresses = timeout(STEP, tokio::net::lookup_host((host, port))).await;
    let addresses = addresses.map_err(|_| CaFault::Name("no answer in time".into()))?;
    let addresses = addresses.map_err(|e| CaFault::Name(e.to_string()))?;
    let mut last = CaFault::Name("it has no address".into());
    for address in addresses.take(MAX_ADDRESSES) {
        match timeout(STEP, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(e)) => last = CaFault::Connect(format!("{address}: {e}")),
            Err(_) => last = CaFault::Connect(format!("{address}: no answer in time")),
        }
    }
    Err(last)
}

/// A failed handshake: a certificate that is not trusted, or anything else.
fn of_tls(error: &io::Error) -> CaFault {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => CaFault::Untrusted(why.to_string()),
        _ => CaFault::Tls(error.to_string()),
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, to)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
