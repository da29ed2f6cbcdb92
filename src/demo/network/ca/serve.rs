//! HTTPS: what comes in is bounded, and every answer has a nonce.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::Ca;
use super::desk::{DIRECTORY, NEW_NONCE};
use super::issue::Issuer;
use super::refusal::Refusal;
use super::reply::Reply;

/// The largest request that is read, in bytes.
const MAX_REQUEST: usize = 64 << 10;

/// A certificate of the CA's own for its address.
///
/// # Errors
/// It cannot be made.
pub(super) fn tls(issuer: &Issuer, address: IpAddr) -> io::Result<TlsAcceptor> {
    let (key, chain) = issuer.own(address.to_string()).map_err(io::Error::other)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(chain.map_err(io::Error::other)?, key.into())
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, tls: TlsAcceptor, ca: Arc<Ca>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (tls, ca) = (tls.clone(), ca.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let Ok(stream) = tls.accept(stream).await else { return };
            let service = service_fn(|request| answered(&ca, request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answered(ca: &Arc<Ca>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let reply = asked(ca, request).await.unwrap_or_else(Reply::from);
    let mut response = Response::builder()
        .status(reply.status)
        .header("content-type", reply.content)
        .header("cache-control", "no-store")
        .header("link", format!("<{}{DIRECTORY}>;rel=\"index\"", ca.base));
    if let Some(nonce) = ca.nonces.give() {
        response = response.header("replay-nonce", nonce);
    }
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::from(reply.body)).unwrap_or_default())
}

async fn asked(ca: &Arc<Ca>, request: Request<Incoming>) -> Result<Reply, Refusal> {
    let (head, body) = request.into_parts();
    let nothing = |status| Reply { body: String::new(), ..Reply::json(status, &().into()) };
    match (&head.method, head.uri.path()) {
        (&Method::GET, DIRECTORY) => Ok(Reply::json(200, &ca.directory())),
        // <https://www.rfc-editor.org/rfc/rfc8555#section-7.2>
        (&Method::HEAD, NEW_NONCE) => Ok(nothing(200)),
        (&Method::GET, NEW_NONCE) => Ok(nothing(204)),
        (&Method::POST, path) => {
            // <https://www.rfc-editor.org/rfc/rfc8555#section-6.2>
            let content = head.headers.get("content-type").map(|value| value.as_bytes());
            if content != Some(b"application/jose+json") {
                let detail =
                    "Invalid Content-Type header on POST. Content-Type must be \"application/jose+json\"";
                return Err(Refusal::new(415, "malformed", detail));
            }
            let body = Limited::new(body, MAX_REQUEST).collect().await;
            let body = body.map_err(|_| Refusal::new(413, "malformed", "Request body too large"))?;
            ca.post(path, &body.to_bytes()).await
        }
        _ => Err(Refusal::new(405, "malformed", "Method not allowed")),
    }
}
