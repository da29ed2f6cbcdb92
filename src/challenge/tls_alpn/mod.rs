//! TLS-ALPN-01 (RFC 8737): a listener on the port of https that shows a [`certificate`] for each name under validation, and
//! nobody else anything.

mod certificate;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as Turn, Notify};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::gate::Gate;
use super::{Socket, lock};
use crate::acme::Answer;

pub use self::certificate::{certificate, server_name};

/// What is negotiated, and nothing else. <https://www.rfc-editor.org/rfc/rfc8737#section-4>
pub const ALPN: &[u8] = b"acme-tls/1";

/// How many connections are open at once, at most: CAs look from about ten places at a name.
const CONNECTIONS: usize = 256;
/// The time for all of a connection, which is a handshake.
const TIME: Duration = Duration::from_secs(10);

/// What listens and shows certificates. Dropped, it ends soon; [`Responder::end`] waits for that.
pub struct Responder {
    shown: Arc<Shown>,
    gate: Arc<Gate>,
    accepting: Turn<JoinSet<()>>,
}

/// The certificates by the names that are asked for.
#[derive(Debug, Default)]
struct Shown {
    certificates: Mutex<HashMap<String, Arc<CertifiedKey>>>,
    /// Names are free again.
    freed: Notify,
}

impl Responder {
    /// Listens; needs tokio's runtime.
    ///
    /// # Errors
    /// The sockets cannot be used.
    pub fn start(sockets: Vec<Socket>) -> io::Result<Self> {
        let shown = Arc::new(Shown::default());
        let acceptor = TlsAcceptor::from(Arc::new(config(shown.clone()).map_err(io::Error::other)?));
        let gate = Gate::new(CONNECTIONS);
        let mut accepting = JoinSet::new();
        for socket in sockets {
            let Socket::Tcp(socket) = socket else { continue };
            socket.set_nonblocking(true)?;
            let listener = TcpListener::from_std(socket)?;
            let (acceptor, gate) = (acceptor.clone(), gate.clone());
            accepting.spawn(async move {
                let accept = || async {
                    let (stream, _) = listener.accept().await?;
                    Ok(serve(acceptor.clone(), stream))
                };
                gate.accept(accept).await;
            });
        }
        Ok(Self { shown, gate, accepting: Turn::new(accepting) })
    }

    /// Shows what answers, from when this returns; gives the names to [`Responder::remove`]. Where one of them is under validation
    /// by another order, that is waited for: a name has one certificate at a time.
    ///
    /// # Errors
    /// A certificate cannot be made; nothing is shown then.
    pub async fn plant(&self, answers: &[Answer]) -> Result<Vec<String>, String> {
        let mut made = HashMap::new();
        for answer in answers {
            made.insert(server_name(&answer.identifier), Arc::new(certificate(answer)?));
        }
        loop {
            let mut freed = std::pin::pin!(self.shown.freed.notified());
            freed.as_mut().enable();
            {
                let mut certificates = lock(&self.shown.certificates);
                if made.keys().all(|name| !certificates.contains_key(name)) {
                    let names = made.keys().cloned().collect();
                    certificates.extend(made);
                    return Ok(names);
                }
            }
            freed.await;
        }
    }

    /// Shows them no longer.
    pub fn remove(&self, names: &[String]) {
        let mut certificates = lock(&self.shown.certificates);
        names.iter().for_each(|name| {
            certificates.remove(name);
        });
        self.shown.freed.notify_waiters();
    }

    /// Ends: nobody listens and nobody is connected when this returns.
    pub async fn end(&self) {
        self.accepting.lock().await.shutdown().await;
        self.gate.shut().await;
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        hello.alpn()?.find(|protocol| *protocol == ALPN)?;
        let name = hello.server_name()?.to_ascii_lowercase();
        lock(&self.certificates).get(&name).cloned()
    }
}

fn config(shown: Arc<Shown>) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(shown);
    config.alpn_protocols = vec![ALPN.to_vec()];
    // Whoever comes again is shown the certificate again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// A handshake, after which nothing is said. What a peer does wrong is its own business.
/// <https://www.rfc-editor.org/rfc/rfc8737#section-3>
async fn serve(acceptor: TlsAcceptor, stream: TcpStream) {
    let handshake = async {
        if let Ok(mut stream) = acceptor.accept(stream).await {
            let _ = stream.shutdown().await;
        }
    };
    let _ = timeout(TIME, handshake).await;
}
