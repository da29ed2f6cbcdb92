//! Which certificate this host's own server gives for a name: after a renewal it should be the new one.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::Served;
use crate::acme::Witness;
use crate::gather::x509;

/// The time for a connection and its handshake.
const STEP: Duration = Duration::from_secs(3);

/// How often it is looked again while the old one is given: servers load anew in the background.
const LOOKS: usize = 10;
const BETWEEN: Duration = Duration::from_millis(500);

/// Looks on the loopback, at this port, for all names; `new` and those before are serial numbers in lower-case hex.
pub async fn look(names: &[String], port: u16, new: &str, before: &[String]) -> Served {
    let mut served = Served::NotChecked;
    for round in 0..LOOKS {
        let seen = names.iter().filter(|name| !name.starts_with("*.")).map(|name| serial(name, port));
        let seen = futures_util::future::join_all(seen).await;
        let mut seen = seen.iter().flatten();
        served = match () {
            () if seen.clone().any(|serial| before.contains(serial)) => Served::Old,
            () if seen.any(|serial| serial == new) => Served::New,
            () => Served::NotChecked,
        };
        if served != Served::Old {
            break;
        }
        if round + 1 < LOOKS {
            sleep(BETWEEN).await;
        }
    }
    served
}

/// The serial number of what is given for a name.
async fn serial(name: &str, port: u16) -> Option<String> {
    let places =
        [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))];
    for place in places {
        let Ok(Ok(stream)) = timeout(STEP, TcpStream::connect(place)).await else { continue };
        return presented(name, stream).await;
    }
    None
}

async fn presented(name: &str, stream: TcpStream) -> Option<String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // It trusts nobody: what is presented is looked at, and then nothing is sent.
    let witness = Arc::new(Witness::new(RootCertStore::empty(), provider.clone()));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(witness.clone())
        .with_no_client_auth();
    let host = ServerName::try_from(name.to_owned()).ok()?;
    let shown = host.to_str().into_owned();
    let _ = timeout(STEP, TlsConnector::from(Arc::new(config)).connect(host, stream)).await;
    let chain = witness.presented(&shown);
    Some(x509::cert(&x509::parse(chain.first()?).ok()?).serial)
}
