//! A scripted server on loopback: http and https, IPv4 and IPv6, each port chosen by the system.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acme_audit::gather::net::http01::{Addresses, Found};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A request, as far as the scripts look at it.
#[derive(Debug)]
pub struct Request {
    /// It came over TLS.
    pub tls: bool,
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
        let (mut tasks, mut waiting) = (JoinSet::new(), Vec::new());
        let (http, mut https) = (free_port().await, free_port().await);
        while https == http {
            https = free_port().await;
        }
        let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        for what in listen {
            let (address, port) = match what {
                Listen::Http4 | Listen::Full4 => (v4, http),
                Listen::Http6 | Listen::Full6 => (v6, http),
                Listen::Https4 | Listen::Plain443 | Listen::Mute443 | Listen::Old443 | Listen::Hello11 => {
                    (v4, https)
                }
                Listen::Https6 => (v6, https),
            };
            let listener =
                bind(SocketAddr::new(address, port), matches!(what, Listen::Full4 | Listen::Full6));
            if matches!(what, Listen::Full4 | Listen::Full6) {
                waiting.extend(fill(SocketAddr::new(address, port)).await);
                tasks.spawn(async move {
                    let _listener = listener;
                    std::future::pending::<()>().await;
                });
                continue;
            }
            tasks.spawn(accept(listener, *what, script, count.clone()));
        }
        Self { http, https, _tasks: tasks, _waiting: waiting }
    }
}

/// A port that is free on both families.
async fn free_port() -> u16 {
    loop {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = v4.local_addr().expect("its number").port();
        if TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.is_ok() {
            return port;
        }
    }
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

async fn accept(listener: TcpListener, what: Listen, script: Script, count: Arc<AtomicUsize>) {
    let tls = TlsAcceptor::from(tls_config());
    let mut connections = JoinSet::new();
    while let Ok((mut stream, from)) = listener.accept().await {
        let (tls, count) = (tls.clone(), count.clone());
        connections.spawn(async move {
            let v6 = from.is_ipv6();
            match what {
                Listen::Https4 | Listen::Https6 => {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    converse(stream, true, v6, script, &count).await;
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
                    if let Some(stream) = converse(stream, false, v6, script, &count).await {
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
    match script(&Request { tls, v6, host, target, head, before }) {
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

/// The names of the tests: `dual.example.com` has both families, `six.` IPv6 alone, `none.` nothing, `lan.` a private
/// address, every other one IPv4.
pub struct Names;

impl Addresses for Names {
    async fn of(&self, host: &str) -> Found {
        let (v4, v6) = (vec![Ipv4Addr::LOCALHOST], vec![Ipv6Addr::LOCALHOST]);
        match host.split('.').next().unwrap_or_default() {
            "dual" => Found { v4, v6, problem: None },
            "six" => Found { v6, ..Found::default() },
            "none" => Found::default(),
            "nx" => Found {
                problem: Some(format!("DNS problem: NXDOMAIN looking up A for {host}")),
                ..Found::default()
            },
            "lan" => Found { v4: vec![Ipv4Addr::new(10, 0, 0, 1)], ..Found::default() },
            "stuck" => std::future::pending().await,
            _ => Found { v4, ..Found::default() },
        }
    }
}
