//! An ACME server that follows a script, over TLS on loopback, with a certificate of a CA of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

/// The name of the CA that certifies it.
pub const ISSUER: &str = "Corp Proxy CA";

/// A request: its method, its path and its body.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub body: String,
}

impl Request {
    /// The payload of a signed request; null where it is empty.
    pub fn payload(&self) -> Value {
        let jws: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let payload = jws["payload"].as_str().and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok());
        payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or_default()
    }
}

/// What the script says to a request.
pub enum Reply {
    /// A status, headers with their line ends, and a body; in both, `ORIGIN` stands for the server's own URL.
    Answer(u16, &'static str, String),
    /// The same with headers that were made up, and a body that need not be text.
    Bytes(u16, String, Vec<u8>),
    /// A body without an end.
    Endless,
    /// Nothing, for as long as the client waits.
    Silence,
    /// Half of an answer.
    Half,
    /// Nothing: the connection ends.
    Dropped,
}

/// The script of a server.
pub type Script = fn(&Request) -> Reply;

/// A server that runs until this process ends.
pub struct Server {
    /// `https://NAME:PORT`, without the port where it is 443.
    pub origin: String,
    /// A file with the CA certificate to trust.
    pub bundle: PathBuf,
    asked: Arc<Mutex<Vec<Request>>>,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts it on any port of localhost.
    pub fn start(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_as("localhost", 0, script)
    }

    /// Starts it with a certificate of this name, which leads to loopback.
    pub fn start_as(
        name: &str,
        port: u16,
        script: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let ca_key = rcgen::KeyPair::generate().expect("a key");
        let mut ca = rcgen::CertificateParams::new(vec![]).expect("parameters");
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        ca.distinguished_name.push(rcgen::DnType::CommonName, ISSUER);
        let ca_pem = ca.self_signed(&ca_key).expect("a certificate").pem();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let key = rcgen::KeyPair::generate().expect("a key");
        let leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .expect("a certificate with its key");
        let config = Arc::new(config);

        let listener = TcpListener::bind(("localhost", port)).expect("a port");
        let origin = match listener.local_addr().expect("an address").port() {
            443 => format!("https://{name}"),
            port => format!("https://{name}:{port}"),
        };
        let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (log, own, script) = (asked.clone(), origin.clone(), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, log, own, script) = (config.clone(), log.clone(), own.clone(), script.clone());
                thread::spawn(move || serve(stream, config, &log, &own, &*script));
            }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let bundle = folder.path().join("ca.pem");
        std::fs::write(&bundle, ca_pem).expect("written");
        Self { origin, bundle, asked, _folder: folder }
    }

    /// Everything that it was asked.
    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().expect("the log").clone()
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    log: &Mutex<Vec<Request>>,
    origin: &str,
    script: &dyn Fn(&Request) -> Reply,
) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let mut stream = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    let request = read(&mut stream)?;
    log.lock().ok()?.push(request.clone());
    match script(&request) {
        Reply::Answer(status, headers, body) => {
            let (headers, body) = (headers.replace("ORIGIN", origin), body.replace("ORIGIN", origin));
            say(&mut stream, &request, status, &headers, body.as_bytes())?;
        }
        Reply::Bytes(status, headers, body) => {
            let body = match String::from_utf8(body) {
                Ok(text) => text.replace("ORIGIN", origin).into_bytes(),
                Err(binary) => binary.into_bytes(),
            };
            say(&mut stream, &request, status, &headers.replace("ORIGIN", origin), &body)?;
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
            while stream.write_all(&[b' '; 65_536]).is_ok() {}
        }
        Reply::Silence => thread::sleep(Duration::from_secs(60)),
        Reply::Dropped => {}
        Reply::Half => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"newNo").ok()?,
    }
    stream.conn.send_close_notify();
    stream.flush().ok()
}

fn say(stream: &mut impl Write, request: &Request, status: u16, headers: &str, body: &[u8]) -> Option<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} Said\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    if request.method != "HEAD" {
        stream.write_all(body).ok()?;
    }
    Some(())
}

fn read(stream: &mut impl Read) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    loop {
        let n = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(buffer.get(..n)?);
        let all = text(&bytes);
        let Some((head, body)) = all.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        let mut words = head.split_whitespace();
        return Some(Request {
            method: words.next()?.to_owned(),
            path: words.next()?.to_owned(),
            body: body.to_owned(),
        });
    }
}
