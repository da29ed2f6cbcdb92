//! A scripted server: http and https, IPv4 and IPv6.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::place::Place;
use super::script::{Reply, Request, Script, token};

/// What listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// The http port answers.
    Http4,
    /// The same over IPv6.
    Http6,
    /// The https port answers.
    Https4,
    /// The same over IPv6.
    Https6,
    /// The https port speaks plain HTTP.
    Plain443,
    /// The https port accepts and says nothing.
    Mute443,
    /// The https port refuses every version of TLS that is offered.
    Old443,
    /// The https port chooses TLS 1.1.
    Hello11,
    /// The http port takes no connection and refuses none.
    Full4,
    /// The same over IPv6.
    Full6,
    /// A port that is neither for http nor for https answers.
    Other4,
}

/// A server that ends when it is dropped.
pub struct Server {
    _tasks: JoinSet<()>,
    _waiting: Vec<TcpStream>,
}

impl Server {
    /// Starts what is to listen. `thumbprint` is that of the account whose key authorizations are right.
    pub async fn start(place: Place, thumbprint: &str, listen: &[Listen], script: Script) -> Self {
        let (mut tasks, mut waiting) = (JoinSet::new(), Vec::new());
        let thumbprint: Arc<str> = thumbprint.into();
        for what in listen {
            let address = what.address(place);
            let full = matches!(what, Listen::Full4 | Listen::Full6);
            let listener = bind(address, full);
            if full {
                waiting.extend(fill(address).await);
                tasks.spawn(async move {
                    let _listener = listener;
                    std::future::pending::<()>().await;
                });
                continue;
            }
            let site = Site { place, thumbprint: thumbprint.clone(), script };
            tasks.spawn(accept(listener, *what, site));
        }
        Self { _tasks: tasks, _waiting: waiting }
    }
}

impl Listen {
    fn address(self, place: Place) -> SocketAddr {
        use Listen::*;
        let port = match self {
            Http4 | Http6 | Full4 | Full6 => place.http,
            Https4 | Https6 | Plain443 | Mute443 | Old443 | Hello11 => place.https,
            Other4 => place.other,
        };
        match self {
            Http6 | Full6 | Https6 => (place.v6, port).into(),
            _ => (place.v4, port).into(),
        }
    }
}

/// What every connection to a server shares.
#[derive(Clone)]
struct Site {
    place: Place,
    thumbprint: Arc<str>,
    script: Script,
}

fn bind(address: SocketAddr, tiny: bool) -> TcpListener {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }.expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(address).expect("the port is free");
    socket.listen(if tiny { 0 } else { 64 }).expect("it listens")
}

/// Connects until the queue is full and the kernel drops what comes.
async fn fill(address: SocketAddr) -> Vec<TcpStream> {
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        waiting.push(stream);
    }
    waiting
}

async fn accept(listener: TcpListener, what: Listen, site: Site) {
    let tls = TlsAcceptor::from(tls_config());
    let mut connections = JoinSet::new();
    while let Ok((mut stream, from)) = listener.accept().await {
        let (tls, site) = (tls.clone(), site.clone());
        connections.spawn(async move {
            let v6 = from.is_ipv6();
            match what {
                Listen::Https4 | Listen::Https6 => {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    converse(stream, true, v6, &site).await;
                }
                Listen::Mute443 => std::future::pending().await,
                // An alert: protocol_version.
                Listen::Old443 => {
                    let _ = stream.read(&mut [0; 2048]).await;
                    let _ = stream.write_all(&[21, 3, 1, 0, 2, 2, 70]).await;
                }
                Listen::Hello11 => {
                    let _ = stream.read(&mut [0; 2048]).await;
                    let hello =
                        [&[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2][..], &[7; 32], &[0, 0xc0, 0x13, 0]].concat();
                    let _ = stream.write_all(&hello).await;
                    std::future::pending().await
                }
                Listen::Plain443 => {
                    let _ = stream.read(&mut [0; 2048]).await;
                    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
                }
                _ => {
                    if let Some(stream) = converse(stream, false, v6, &site).await {
                        // Closed with unread bytes or without lingering, a connection is reset.
                        let _ = stream.set_zero_linger();
                    }
                }
            }
        });
    }
}

/// Reads a request and replies; gives the stream back where it is to be reset.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    tls: bool,
    v6: bool,
    site: &Site,
) -> Option<S> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => head.extend(&buffer[..n]),
            _ => return None,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let line = |line: &str| Some(line.strip_prefix("host: ").or(line.strip_prefix("Host: "))?.to_owned());
    let host = head.lines().find_map(line).unwrap_or_default();
    let right = format!("{}.{}", token(&target), site.thumbprint);
    match (site.script)(&Request { place: site.place, tls, v6, host, target, head, right }) {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Then(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            std::future::pending::<()>().await;
        }
        Reply::Drip(bytes) => {
            for byte in bytes.iter().cycle() {
                if stream.write_all(&[*byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Reply::Slowly(bytes) => {
            for piece in bytes.chunks(bytes.len() / 5 + 1) {
                let _ = stream.write_all(piece).await;
                let _ = stream.flush().await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let _ = stream.shutdown().await;
        }
        Reply::Flood => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
            let lines = b"X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(200);
            while stream.write_all(&lines).await.is_ok() {}
        }
        Reply::Reset(bytes) => {
            let _ = stream.write_all(&bytes).await;
            // So that the bytes are read before the connection is gone.
            tokio::time::sleep(Duration::from_millis(200)).await;
            return Some(stream);
        }
    }
    None
}

/// A certificate that nobody would trust: expired, for another name, signed by itself.
fn tls_config() -> Arc<ServerConfig> {
    let mut params = rcgen::CertificateParams::new(vec!["expired.invalid".to_owned()]).expect("names");
    params.not_before = rcgen::date_time_ymd(2001, 1, 1);
    params.not_after = rcgen::date_time_ymd(2001, 2, 1);
    let key = rcgen::KeyPair::generate().expect("a key");
    let cert = params.self_signed(&key).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a key for the certificate");
    Arc::new(config)
}
