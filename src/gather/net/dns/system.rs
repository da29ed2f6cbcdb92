//! The system's resolver: `/etc/resolv.conf`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::path::Path;

use resolv_conf::ScopedIp;

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
    let mut servers: Vec<SocketAddr> = servers.map(|ip| address(ip, index)).collect();
    if servers.is_empty() {
        servers.push((Ipv4Addr::LOCALHOST, 53).into());
    }
    Ok(servers)
}

/// The address of a server; a link-local one is good for the interface behind its `%` only.
fn address(ip: &ScopedIp, index: impl Fn(&str) -> Option<u32>) -> SocketAddr {
    match ip {
        ScopedIp::V6(ip, Some(zone)) => {
            let scope = zone.parse().ok().or_else(|| index(zone)).unwrap_or(0);
            SocketAddrV6::new(*ip, 53, 0, scope).into()
        }
        ip => SocketAddr::new(IpAddr::from(ip), 53),
    }
}

/// The number of an interface. <https://docs.kernel.org/networking/netdevices.html>
fn index(interface: &str) -> Option<u32> {
    let file = Path::new("/sys/class/net").join(interface).join("ifindex");
    Root::live().read_text(&file, 64, Role::Other).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_local_server_keeps_its_interface() {
        let shown = |text: &str| {
            let text = format!("nameserver {text}\n");
            let parsed = resolv_conf::Config::parse(text).unwrap();
            address(&parsed.nameservers[0], |name| (name == "eth0").then_some(7)).to_string()
        };
        assert_eq!(shown("fe80::1%eth0"), "[fe80::1%7]:53");
        assert_eq!(shown("fe80::1%3"), "[fe80::1%3]:53");
        assert_eq!(shown("2001:db8::53"), "[2001:db8::53]:53");
        assert_eq!(shown("192.0.2.53"), "192.0.2.53:53");
    }
}
