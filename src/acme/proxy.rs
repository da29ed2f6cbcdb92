//! The way through an http proxy.

use data_encoding::BASE64;
use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

use super::connect::STEP;
use crate::facts::Proxy;
use crate::facts::net::CaFault;

/// Lets a proxy connect to the host of a URL. <https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6>
pub(super) async fn tunnel(proxy: &Proxy<'_>, to: Uri) -> Result<TcpStream, CaFault> {
    let fault = |why: String| CaFault::Proxy(format!("{} ({}): {why}", proxy.by, proxy.by.r#where));
    let address = format!("http://{}", proxy.address);
    let address: Uri = address.parse().map_err(|_| fault("it names no host".into()))?;
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(STEP));
    let mut tunnel = Tunnel::new(address, connector);
    if let Some(login) = proxy.login {
        let login = percent_encoding::percent_decode_str(login).collect::<Vec<u8>>();
        let header = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(&login)));
        tunnel = tunnel.with_auth(header.map_err(|_| fault("its password is none".into()))?);
    }
    let connecting = async {
        std::future::poll_fn(|context| tunnel.poll_ready(context)).await?;
        tunnel.call(to).await
    };
    match timeout(STEP, connecting).await {
        Ok(Ok(stream)) => Ok(stream.into_inner()),
        Ok(Err(error)) => Err(fault(innermost(&error))),
        Err(_) => Err(fault("no answer in time".into())),
    }
}

/// What lies below an error.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text = error.to_string();
        below = error.source();
    }
    match text.strip_prefix("tunnel error: ") {
        Some("unsuccessful") => "it refuses to connect".to_owned(),
        Some(other) => other.to_owned(),
        None => text,
    }
}
