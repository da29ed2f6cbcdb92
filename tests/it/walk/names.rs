//! The names of the tests and their addresses.

use std::net::{Ipv4Addr, Ipv6Addr};

use acme_audit::gather::net::http01::{Addresses, Found};

/// The names by their first label: `dual` has both families, `six` IPv6 alone, `none` nothing, `lan` a private address;
/// the questions for no name, for `nx`, `broken`, `refused`, `half` and `stuck` fail, all or some; every other one has IPv4.
pub struct Names;

impl Addresses for Names {
    async fn of(&self, host: &str) -> Found {
        let (v4, v6) = (vec![Ipv4Addr::LOCALHOST], vec![Ipv6Addr::LOCALHOST]);
        let failed = |kind: &str, why: &str, tail: &str| {
            Some(format!("DNS problem: {why} looking up {kind} for {host}{tail}"))
        };
        let both = |why: &str, tail: &str| Found {
            v4_problem: failed("A", why, tail),
            v6_problem: failed("AAAA", why, tail),
            ..Found::default()
        };
        const BROKEN: &str = " - the domain's nameservers may be malfunctioning";
        match host.split('.').next().unwrap_or_default() {
            _ if host.split('.').any(str::is_empty) => both("server failure at resolver", ""),
            "dual" => Found { v4, v6, ..Found::default() },
            "six" => Found { v6, ..Found::default() },
            "none" => Found::default(),
            "nx" => both("NXDOMAIN", " - check that a DNS record exists for this domain"),
            "broken" => both("SERVFAIL", BROKEN),
            "refused" => both("REFUSED", ""),
            "half" => Found { v4, v6_problem: failed("AAAA", "SERVFAIL", BROKEN), ..Found::default() },
            "halfnone" => Found { v6_problem: failed("AAAA", "SERVFAIL", BROKEN), ..Found::default() },
            "halfsix" => Found { v6, v4_problem: failed("A", "SERVFAIL", BROKEN), ..Found::default() },
            "lan" => Found { v4: vec![Ipv4Addr::new(10, 0, 0, 1)], ..Found::default() },
            "stuck" => std::future::pending().await,
            _ => Found { v4, ..Found::default() },
        }
    }
}
