//! The system's resolver: `/etc/resolv.conf`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::facts::{Fact, Missing, Role, Why};
use crate::gather::fs::Root;

/// resolv.conf(5)
const RESOLV_CONF: &str = "/etc/resolv.conf";
const MAX_RESOLV_CONF: u64 = 256 << 10;

/// How many servers are asked: the C library takes three (MAXNS).
const MAX_SERVERS: usize = 3;

/// The servers of this machine's `resolv.conf`; without any the resolver on the loopback, as the C library does.
///
/// # Errors
/// The file is there and cannot be read.
pub fn system() -> Fact<Vec<SocketAddr>> {
    let path = Path::new(RESOLV_CONF);
    let bytes = match Root::live().read(path, MAX_RESOLV_CONF, Role::Other) {
        Ok(content) => content.bytes,
        Err(missing) if missing.why == Why::NotFound => Vec::new(),
        Err(missing) => return Err(missing),
    };
    let parsed = resolv_conf::Config::parse(&bytes)
        .map_err(|e| Missing::new(RESOLV_CONF, Why::Malformed(0, e.to_string()), Role::Other))?;
    let servers = parsed.nameservers.iter().take(MAX_SERVERS);
    let mut servers: Vec<SocketAddr> = servers.map(|ip| SocketAddr::new(IpAddr::from(ip), 53)).collect();
    if servers.is_empty() {
        servers.push((Ipv4Addr::LOCALHOST, 53).into());
    }
    Ok(servers)
}
