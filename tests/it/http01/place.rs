//! Where a scripted server listens, and the names that lead there.

use std::net::IpAddr;

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
