//! CAs whose ACME service has ended.

/// A service that issues no more.
#[derive(Clone, Copy, Debug)]
pub struct Retired {
    /// What people call it.
    pub name: &'static str,
    /// The hosts of its directories.
    pub hosts: &'static [&'static str],
    /// The last day on which it issued (RFC 3339 date).
    pub last_issuance: &'static str,
    /// Where that is written.
    pub source: &'static str,
}

const RETIRED: &[Retired] = &[Retired {
    name: "Buypass Go SSL",
    hosts: &["api.buypass.com", "api.test4.buypass.no"],
    last_issuance: "2025-10-31",
    source: "https://github.com/acmesh-official/acme.sh/issues/6480",
}];

/// The ended service that a directory's host belongs to.
pub fn retired(host: &str) -> Option<&'static Retired> {
    RETIRED.iter().find(|ca| ca.hosts.contains(&host))
}
