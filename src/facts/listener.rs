//! Who listens on a port.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// A TCP socket that listens, and who has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Where it listens.
    pub address: SocketAddr,
    /// The number of the user who made it.
    pub user: u32,
    /// `None` where the looking process may not see it: another user's, without root, or one outside of its container.
    pub process: Option<Process>,
}

/// The process of a server: of several with the same socket the one that started the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its name as the kernel has it, cut after 15 bytes.
    pub name: String,
    /// The systemd service or scope that it belongs to; `None` outside of one, and for the scope of a login.
    pub unit: Option<String>,
}

/// Names of one server: of its process, and of its units on several systems.
const SAME: [&[&str]; 2] = [&["apache2", "httpd", "apache", "apache24"], &["nginx", "openresty", "angie"]];

impl std::fmt::Display for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.process {
            Some(process) => write!(f, "{process} on {}", self.address),
            None => write!(f, "a process of user {} on {}", self.user, self.address),
        }
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.unit {
            Some(unit) => write!(f, "{} (pid {}, {unit})", self.name, self.pid),
            None => write!(f, "{} (pid {})", self.name, self.pid),
        }
    }
}

/// Whether a socket at one address keeps others from listening on the other at the same port.
pub fn is_in_the_way(held: IpAddr, ip: IpAddr) -> bool {
    // One on [::] may have the IPv4 port too; the kernel does not list whether it has.
    held == ip
        || held == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
        || held.is_ipv4() == ip.is_ipv4() && (held.is_unspecified() || ip.is_unspecified())
}

impl Process {
    /// Whether a command that stops this unit, program or container ends the process, as far as names tell.
    pub fn is_called(&self, name: &str) -> bool {
        let name = bare(name);
        let unit = self.unit.as_deref().map(bare);
        let alike =
            |own: &str| own == name || SAME.iter().any(|names| names.contains(&own) && names.contains(&name));
        alike(&self.name) || unit.is_some_and(alike)
    }

    /// Whether it belongs to a container, whose name it does not tell.
    pub fn is_contained(&self) -> bool {
        let engines = ["docker", "containerd", "conmon", "podman", "rootlessport", "slirp4netns", "libpod"];
        let engine = |text: &str| engines.iter().any(|engine| text.starts_with(engine));
        engine(&self.name) || self.unit.as_deref().is_some_and(engine)
    }
}

/// A unit's name without what may be left out.
pub(super) fn bare(unit: &str) -> &str {
    let unit = unit.rsplit('/').next().unwrap_or(unit);
    unit.strip_suffix(".service").or_else(|| unit.strip_suffix(".socket")).unwrap_or(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_own_name_and_its_units() {
        let process =
            |name: &str, unit: &str| Process { pid: 7, name: name.into(), unit: Some(unit.to_owned()) };
        let apache = process("apache2", "apache2.service");
        assert!(
            apache.is_called("httpd") && apache.is_called("apache2.service") && !apache.is_called("nginx")
        );
        let gitlab = process("nginx", "gitlab-runsvdir.service");
        assert!(gitlab.is_called("gitlab-runsvdir") && gitlab.is_called("nginx"));
        assert!(process("docker-proxy", "docker.service").is_contained() && !gitlab.is_contained());
    }

    #[test]
    fn only_what_overlaps_is_in_the_way() {
        let v4 = "127.0.0.1".parse().unwrap();
        for (held, want) in
            [("127.0.0.1", true), ("0.0.0.0", true), ("::", true), ("127.0.0.2", false), ("::1", false)]
        {
            assert_eq!(is_in_the_way(held.parse().unwrap(), v4), want, "{held}");
        }
        assert!(is_in_the_way("127.0.0.2".parse().unwrap(), std::net::Ipv4Addr::UNSPECIFIED.into()));
    }
}
