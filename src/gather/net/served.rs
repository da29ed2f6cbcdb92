//! Which certificates this host's own servers give for names, asked where they listen.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::acme::Witness;
use crate::facts::{Given, Listener, Process};
use crate::gather::sockets;
use crate::gather::x509;

/// The time for a connection and its handshake.
const STEP: Duration = Duration::from_secs(3);

/// At how many places of a port names are asked for.
const MAX_PLACES: usize = 4;

/// How many are asked for at once.
const AT_ONCE: usize = 32;

/// What is given for these names at a port; wildcards are not asked for.
pub async fn given<'n>(names: impl Iterator<Item = &'n str>, port: u16) -> Vec<Given> {
    let listeners = tokio::task::spawn_blocking(move || sockets::at_port(Path::new("/proc"), port)).await;
    let places = places(&listeners.unwrap_or_default());
    let names: BTreeSet<&str> = names.filter(|name| !name.starts_with("*.")).collect();
    let asks: Vec<_> = names.iter().flat_map(|name| places.iter().map(move |place| (*name, place))).collect();
    let given = stream::iter(asks).map(|(name, (address, process))| one(name, *address, process.as_ref()));
    given.buffered(AT_ONCE).filter_map(std::future::ready).collect().await
}

/// Where to ask, each with the process that answers.
fn places(listeners: &[Listener]) -> Vec<(SocketAddr, Option<Process>)> {
    let mut places: Vec<(SocketAddr, Option<Process>)> = Vec::new();
    for listener in listeners {
        let ip = match listener.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let address = SocketAddr::new(ip, listener.address.port());
        if places.len() < MAX_PLACES && places.iter().all(|(known, _)| *known != address) {
            places.push((address, listener.process.clone()));
        }
    }
    places
}

async fn one(name: &str, address: SocketAddr, process: Option<&Process>) -> Option<Given> {
    let stream = timeout(STEP, TcpStream::connect(address)).await.ok()?.ok()?;
    let leaf = presented(name, stream).await?;
    let cert = x509::cert(&x509::parse(&leaf).ok()?);
    let (name, process) = (name.to_owned(), process.cloned());
    Some(Given { name, address, serial: cert.serial, not_after: cert.not_after, process })
}

/// The certificate that comes for a name. Nobody is trusted: it is looked at, and then nothing is sent.
async fn presented(name: &str, stream: TcpStream) -> Option<Vec<u8>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
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
    witness.presented(&shown).first().map(|der| der.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_socket_is_asked_where_this_host_reaches_it() {
        let listener = |address: &str| Listener { address: address.parse().unwrap(), user: 0, process: None };
        let all = ["0.0.0.0:443", "127.0.0.1:443", "[::]:443", "192.0.2.7:443"].map(listener);
        let places: Vec<String> = places(&all).iter().map(|(address, _)| address.to_string()).collect();
        assert_eq!(places, ["127.0.0.1:443", "[::1]:443", "192.0.2.7:443"]);
    }
}
