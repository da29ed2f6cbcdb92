//! Where a scripted server listens, and the names that lead there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use acme_audit::gather::net::http01::{Addresses, Found};

/// The addresses and ports of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub v4: IpAddr,
    pub v6: IpAddr,
    /// What stands for port 80.
    pub http: u16,
    /// What stands for port 443.
    pub https: u16,
    /// A port that no CA goes to.
    pub other: u16,
}

impl Place {
    /// Loopback, with ports of its own that are free on both families.
    pub fn free() -> Self {
        let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
        Self { v4, v6, http: free_port(), https: free_port(), other: free_port() }
    }

    /// The addresses of a name with this first label, by family.
    ///
    /// `dual` has both families, `six` IPv6 alone, every other one of [`LABELS`] IPv4 alone.
    pub fn addresses(self, label: &str) -> Vec<IpAddr> {
        match label.to_lowercase().as_str() {
            "dual" => vec![self.v4, self.v6],
            "six" => vec![self.v6],
            "one" | "www" => vec![self.v4],
            _ => Vec::new(),
        }
    }
}

/// The first labels of names with addresses, in the case they are asked for: the name server of the test knows no other.
pub const LABELS: [&str; 6] = ["one", "ONE", "www", "WWW", "dual", "six"];

/// A port that is free on both families, that nobody else in this process gets, and that no connection leaves from.
fn free_port() -> u16 {
    // Below what systems give to connections that go out.
    const PORTS: std::ops::Range<u32> = 20_000..32_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    loop {
        let nth = GIVEN.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id().wrapping_mul(997));
        let port = u16::try_from(PORTS.start + nth % (PORTS.end - PORTS.start)).expect("a port");
        let free = |address: IpAddr| TcpListener::bind((address, port)).is_ok();
        if free(Ipv4Addr::LOCALHOST.into()) && free(Ipv6Addr::LOCALHOST.into()) {
            return port;
        }
    }
}

/// Names as a resolver would give them: those of a place, `servfail`, `nx` and `stuck`, which have none, and `lan`
/// with a private address.
pub struct Names(pub Place);

impl Addresses for Names {
    async fn of(&self, host: &str) -> Found {
        let problem = |problem: String| Found { problem: Some(problem), ..Found::default() };
        match host.split('.').next().unwrap_or_default() {
            "nx" => problem(format!(
                "DNS problem: NXDOMAIN looking up A for {host} - check that a DNS record exists for this domain"
            )),
            "servfail" => problem(format!(
                "DNS problem: SERVFAIL looking up A for {host} - the domain's nameservers may be malfunctioning"
            )),
            "stuck" => std::future::pending().await,
            "lan" => Found { v4: vec![Ipv4Addr::new(10, 0, 0, 1)], ..Found::default() },
            label => {
                let mut found = Found::default();
                for address in self.0.addresses(label) {
                    match address {
                        IpAddr::V4(address) => found.v4.push(address),
                        IpAddr::V6(address) => found.v6.push(address),
                    }
                }
                found
            }
        }
    }
}
