//! A scripted server on loopback: http and https, IPv4 and IPv6, each port chosen by the system.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A request, as far as the scripts look at it.
#[derive(Debug)]
pub struct Request {
    /// It came over TLS.
    pub tls: bool,
    /// The name that TLS was told, if any.
    pub sni: Option<String>,
    /// It came over IPv6.
    pub v6: bool,
    /// The `Host` header.
    pub host: String,
    /// The target of the request line.
    pub target: String,
    /// The whole head.
    pub head: String,
    /// How many requests came before it.
    pub before: usize,
}

/// What the server does with a request.
#[derive(Debug)]
pub enum Reply {
    /// These bytes, and the end.
    Bytes(Vec<u8>),
    /// These bytes, then silence.
    Then(Vec<u8>),
    /// These bytes, one at a time, a tenth of a second apart.
    Drip(Vec<u8>),
    /// These packets, each some time after the one before, and the end.
    Parts(Vec<Vec<u8>>),
    /// These bytes, and a reset some time later.
    Cut(Vec<u8>),
    /// A head without an end.
    Flood,
    /// A reset.
    Reset,
}

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
    /// The https port answers, with a TLS of its own.
    Tls(Tls),
    /// The https port reads once, sends these bytes and ends.
    Says443(&'static [u8]),
    /// The https port sends these bytes before anything was said, and waits.
    Greets443(&'static [u8]),
    /// The https port accepts and says nothing.
    Mute443,
    /// The https port reads once and resets.
    Reset443,
    /// The https port chooses TLS 1.1.
    Hello11,
    /// The http port resets at once.
    Reset80,
    /// The http port takes no connection and refuses none.
    Full4,
    /// The same over IPv6.
    Full6,
    /// The same for the https port.
    Full443,
}

/// How the TLS of a server differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Only 1.2.
    V12,
    /// Only 1.3.
    V13,
    /// It speaks HTTP/1.1 and HTTP/2 by ALPN.
    Alpn,
    /// It asks for a certificate, and takes none as well.
    Asks,
    /// It insists on a certificate.
    Insists,
    /// It insists on a certificate, and speaks 1.2.
    Insists12,
    /// It ends the connection without a farewell.
    Rude,
    /// It sends a warning first: that it does not know the name.
    Warns,
}

/// The script of a server.
pub type Script = fn(&Request) -> Reply;

/// A server that ends when it is dropped.
pub struct Server {
    /// The port for http.
    pub http: u16,
    /// The port for https.
    pub https: u16,
    _tasks: JoinSet<()>,
    _waiting: Vec<TcpStream>,
    /// What keeps others from ports at which nothing is to listen.
    _kept: Vec<TcpSocket>,
}

/// An answer with a body.
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Reply {
    let length = body.len();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n").into_bytes();
    bytes.extend(body);
    Reply::Bytes(bytes)
}

/// 200 with a body.
pub fn ok(body: &[u8]) -> Reply {
    answer("200 OK", "", body)
}

/// A redirect.
pub fn redirect(status: u16, location: &str) -> Reply {
    answer(&format!("{status} Moved"), &format!("Location: {location}\r\n"), b"moved")
}

impl Server {
    /// Starts what is to listen.
    pub async fn start(listen: &'static [Listen], script: Script) -> Self {
        let count = Arc::new(AtomicUsize::new(0));
        let (mut tasks, mut waiting, mut kept) = (JoinSet::new(), Vec::new(), Vec::new());
        let (http, https) = (port(&mut kept), port(&mut kept));
        let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        for what in listen {
            let address = match what {
                Listen::Http4 | Listen::Full4 | Listen::Reset80 => SocketAddr::new(v4, http),
                Listen::Http6 | Listen::Full6 => SocketAddr::new(v6, http),
                Listen::Https6 => SocketAddr::new(v6, https),
                _ => SocketAddr::new(v4, https),
            };
            let full = matches!(what, Listen::Full4 | Listen::Full6 | Listen::Full443);
            let listener = bound(address).listen(if full { 0 } else { 64 }).expect("it listens");
            if full {
                waiting.extend(fill(address).await);
                tasks.spawn(async move {
                    let _listener = listener;
                    std::future::pending::<()>().await;
                });
            } else {
                tasks.spawn(accept(listener, *what, script, count.clone()));
            }
        }
        Self { http, https, _tasks: tasks, _waiting: waiting, _kept: kept }
    }
}

/// A port that nobody else uses on either family while `kept` lives.
fn port(kept: &mut Vec<TcpSocket>) -> u16 {
    loop {
        let v4 = bound((Ipv4Addr::LOCALHOST, 0).into());
        let port = v4.local_addr().expect("its number").port();
        let v6 = TcpSocket::new_v6().expect("a socket");
        v6.set_reuseaddr(true).expect("an option");
        if v6.bind((Ipv6Addr::LOCALHOST, port).into()).is_ok() {
            kept.extend([v4, v6]);
            return port;
        }
    }
}

/// A socket at an address, at which nothing listens yet.
fn bound(address: SocketAddr) -> TcpSocket {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }.expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(address).expect("the port is free");
    socket
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

async fn accept(listener: TcpListener, what: Listen, script: Script, count: Arc<AtomicUsize>) {
    let tls = TlsAcceptor::from(tls_config(what));
    let mut connections = JoinSet::new();
    while let Ok((mut stream, from)) = listener.accept().await {
        let (tls, count) = (tls.clone(), count.clone());
        connections.spawn(async move {
            let v6 = from.is_ipv6();
            match what {
                Listen::Https4 | Listen::Https6 | Listen::Tls(_) => {
                    if what == Listen::Tls(Tls::Warns) {
                        let _ = stream.write_all(&[21, 3, 3, 0, 2, 1, 112]).await;
                    }
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let sni = stream.get_ref().1.server_name().map(str::to_owned);
                    let from = From { tls: true, sni, v6, rude: what == Listen::Tls(Tls::Rude) };
                    converse(stream, from, script, &count).await;
                }
                Listen::Mute443 => std::future::pending().await,
                Listen::Says443(bytes) => {
                    let _ = stream.read(&mut [0; 2048]).await;
                    let _ = stream.write_all(bytes).await;
                }
                Listen::Greets443(bytes) => {
                    let _ = stream.write_all(bytes).await;
                    std::future::pending().await
                }
                Listen::Reset443 => {
                    let _ = stream.read(&mut [0; 2048]).await;
                    let _ = stream.set_zero_linger();
                }
                Listen::Reset80 => {
                    let _ = stream.set_zero_linger();
                }
                Listen::Hello11 => {
                    let _ = stream.read(&mut [0; 2048]).await;
                    let hello =
                        [&[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2][..], &[7; 32], &[0, 0xc0, 0x13, 0]].concat();
                    let _ = stream.write_all(&hello).await;
                    std::future::pending().await
                }
                _ => {
                    let from = From { tls: false, sni: None, v6, rude: false };
                    if let Some(stream) = converse(stream, from, script, &count).await {
                        // Closed with unread bytes or without lingering, a connection is reset.
                        let _ = stream.set_zero_linger();
                    }
                }
            }
        });
    }
}

/// How a request came.
struct From {
    tls: bool,
    sni: Option<String>,
    v6: bool,
    /// The connection ends without a farewell.
    rude: bool,
}

/// Reads a request and replies; gives the stream back where it is to be reset.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    from: From,
    script: Script,
    count: &AtomicUsize,
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
    let before = count.fetch_add(1, Ordering::SeqCst);
    let From { tls, sni, v6, rude } = from;
    match script(&Request { tls, sni, v6, host, target, head, before }) {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            if !rude {
                let _ = stream.shutdown().await;
            }
        }
        Reply::Parts(parts) => {
            for part in parts {
                let _ = stream.write_all(&part).await;
                let _ = stream.flush().await;
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
            let _ = stream.shutdown().await;
        }
        Reply::Cut(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.flush().await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            return Some(stream);
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
        Reply::Flood => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
            while stream
                .write_all(b"X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")
                .await
                .is_ok()
            {}
        }
        Reply::Reset => return Some(stream),
    }
    None
}

/// A certificate that nobody would trust: expired, for another name, signed by itself.
fn tls_config(what: Listen) -> Arc<ServerConfig> {
    let mut params = rcgen::CertificateParams::new(vec!["expired.invalid".to_owned()]).expect("names");
    params.not_before = rcgen::date_time_ymd(2001, 1, 1);
    params.not_after = rcgen::date_time_ymd(2001, 2, 1);
    let key = rcgen::KeyPair::generate().expect("a key");
    let cert = params.self_signed(&key).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = || {
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).expect("a certificate");
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
    };
    let only = match what {
        Listen::Tls(Tls::V12 | Tls::Insists12) => &[&rustls::version::TLS12][..],
        Listen::Tls(Tls::V13) => &[&rustls::version::TLS13],
        _ => rustls::DEFAULT_VERSIONS,
    };
    let config =
        ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(only).expect("versions");
    let config = match what {
        Listen::Tls(Tls::Asks) => {
            config.with_client_cert_verifier(roots().allow_unauthenticated().build().expect("roots"))
        }
        Listen::Tls(Tls::Insists | Tls::Insists12) => {
            config.with_client_cert_verifier(roots().build().expect("roots"))
        }
        _ => config.with_no_client_auth(),
    };
    let mut config =
        config.with_single_cert(vec![cert.der().clone()], key).expect("a key for the certificate");
    if what == Listen::Tls(Tls::Alpn) {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    Arc::new(config)
}
