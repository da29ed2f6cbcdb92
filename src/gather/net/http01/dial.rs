//! From a host to a connection: which of its addresses the CA takes, and what a failure to connect means.

use std::future::Future;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::facts::net::{Fault, NO_ROUTE};
use crate::reserved::reserved;

/// Where the addresses of names come from.
pub trait Addresses: Sync {
    /// The addresses of a name, in the order of the answers.
    fn of(&self, host: &str) -> impl Future<Output = Found> + Send;
}

/// What a name has for addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its A records.
    pub v4: Vec<Ipv4Addr>,
    /// Its AAAA records.
    pub v6: Vec<Ipv6Addr>,
    /// Why it has no A records, as the CA puts it (`DNS problem: NXDOMAIN looking up A for …`), where that is a failure.
    pub v4_problem: Option<String>,
    /// The same for its AAAA records.
    pub v6_problem: Option<String>,
}

impl Found {
    /// What the CA says where neither family has an address and a look-up failed.
    fn problem(&self, host: &str) -> Option<String> {
        if self.v4_problem.is_none() && self.v6_problem.is_none() {
            return None;
        }
        let none = |kind| format!("no valid {kind} records found for {host}");
        let v4 = self.v4_problem.clone().unwrap_or_else(|| none("A"));
        let v6 = self.v6_problem.clone().unwrap_or_else(|| none("AAAA"));
        Some(format!("{v4}; {v6}"))
    }
}

/// The addresses of a host, and those of them that the CA would dial.
#[derive(Debug)]
pub(super) struct Target {
    /// All of them, IPv6 first.
    pub all: Vec<IpAddr>,
    /// The first of each family, IPv6 first: never empty.
    first: IpAddr,
    second: Option<IpAddr>,
}

impl Target {
    /// One address that was chosen before.
    pub fn only(all: Vec<IpAddr>, address: IpAddr) -> Self {
        Self { all, first: address, second: None }
    }

    /// The address that is dialled.
    pub fn address(&self) -> IpAddr {
        self.first
    }

    /// The address that a second start uses, where the first is IPv6 and there is an IPv4 one.
    pub fn fallback(&self) -> Option<IpAddr> {
        self.second
    }
}

/// Why a host has nothing to dial, and the addresses that it has nevertheless.
#[derive(Debug)]
pub(super) struct Nowhere {
    /// What the CA says.
    pub fault: Fault,
    /// The addresses that are not to be dialled.
    pub all: Vec<IpAddr>,
}

/// Chooses among the addresses of a host as the CA does: one of each family, the first that is no reserved one.
///
/// # Errors
/// None is left.
pub(super) async fn target(
    host: &str,
    addresses: &impl Addresses,
    v4_only: bool,
    allow_private: bool,
    deadline: Instant,
) -> Result<Target, Nowhere> {
    let mut found = match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => Found { v4: vec![address], ..Found::default() },
        Ok(IpAddr::V6(address)) => Found { v6: vec![address], ..Found::default() },
        Err(_) => match timeout_at(deadline, addresses.of(host)).await {
            Ok(found) => found,
            Err(_) => {
                let late = |kind| Some(format!("DNS problem: query timed out looking up {kind} for {host}"));
                Found { v4_problem: late("A"), v6_problem: late("AAAA"), ..Found::default() }
            }
        },
    };
    if v4_only && !found.v4.is_empty() {
        found.v6.clear();
    }
    let v6 = found.v6.iter().copied().map(IpAddr::V6);
    let all: Vec<IpAddr> = v6.clone().chain(found.v4.iter().copied().map(IpAddr::V4)).collect();
    let usable = |address: &IpAddr| allow_private || reserved(*address).is_none();
    let first = |v6: bool| all.iter().copied().find(|a| a.is_ipv6() == v6 && usable(a));
    match (first(true), first(false)) {
        (Some(first), second) => Ok(Target { all, first, second }),
        (None, Some(first)) => Ok(Target { all, first, second: None }),
        (None, None) => {
            let blocked = all.iter().find_map(|address| reserved(*address).map(|block| (*address, block)));
            let problem = found.problem(host);
            let fault = match blocked {
                Some((address, block)) if problem.is_none() => {
                    Fault::Reserved { host: host.into(), address, block: block.into() }
                }
                _ => Fault::NoAddress { host: host.into(), problem },
            };
            Err(Nowhere { fault, all })
        }
    }
}

/// Connects.
///
/// # Errors
/// What the CA says, and the system's own words.
pub(super) async fn dial(
    address: SocketAddr,
    patience: Duration,
    deadline: Instant,
) -> Result<TcpStream, (Fault, String)> {
    let until = deadline.min(after(patience));
    match timeout_at(until, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(match fault(&error) {
            Fault::NetworkUnreachable => (Fault::NetworkUnreachable, NO_ROUTE.into()),
            fault => (fault, error.to_string()),
        }),
        Err(_) => Err((Fault::ConnectTimeout, "no answer to the connection in time".into())),
    }
}

/// So long from now; in a year where that is too far to compute.
pub(super) fn after(patience: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(31_536_000);
    let now = Instant::now();
    now.checked_add(patience).or_else(|| now.checked_add(YEAR)).unwrap_or(now)
}

fn fault(error: &Error) -> Fault {
    match error.kind() {
        ErrorKind::ConnectionRefused => Fault::Refused,
        ErrorKind::NetworkUnreachable => Fault::NetworkUnreachable,
        ErrorKind::HostUnreachable => Fault::HostUnreachable,
        ErrorKind::TimedOut => Fault::ConnectTimeout,
        ErrorKind::ConnectionReset => Fault::DialReset,
        _ => Fault::Dial(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Found);

    impl Addresses for Fixed {
        async fn of(&self, _: &str) -> Found {
            self.0.clone()
        }
    }

    async fn choose(v6: &[&str], v4: &[&str], allow_private: bool) -> Result<Vec<String>, Fault> {
        let found = Found {
            v6: v6.iter().map(|a| a.parse().unwrap()).collect(),
            v4: v4.iter().map(|a| a.parse().unwrap()).collect(),
            ..Found::default()
        };
        let deadline = Instant::now() + Duration::from_secs(5);
        let target = target("example.com", &Fixed(found), false, allow_private, deadline).await;
        target
            .map(|t| [Some(t.address()), t.fallback()].into_iter().flatten().map(|a| a.to_string()).collect())
            .map_err(|nowhere| nowhere.fault)
    }

    #[tokio::test]
    async fn one_address_of_each_family_is_used_and_ipv6_comes_first() {
        let v6 = ["2606:4700::1", "2606:4700::2"];
        assert_eq!(choose(&v6, &["1.1.1.1", "1.0.0.1"], false).await.unwrap(), ["2606:4700::1", "1.1.1.1"]);
        assert_eq!(choose(&[], &["1.1.1.1", "1.0.0.1"], false).await.unwrap(), ["1.1.1.1"]);
        assert_eq!(choose(&v6, &[], false).await.unwrap(), ["2606:4700::1"]);
    }

    #[tokio::test]
    async fn reserved_addresses_are_passed_over_and_end_the_walk_where_there_are_no_others() {
        assert_eq!(choose(&["fd00::1"], &["10.0.0.1", "1.1.1.1"], false).await.unwrap(), ["1.1.1.1"]);
        assert!(matches!(choose(&[], &["10.0.0.1"], false).await, Err(Fault::Reserved { .. })));
        assert!(matches!(choose(&[], &[], false).await, Err(Fault::NoAddress { .. })));
        assert_eq!(choose(&[], &["10.0.0.1"], true).await.unwrap(), ["10.0.0.1"]);
    }
}
