//! The port that certbot's standalone plugin listens on.
//! <https://eff-certbot.readthedocs.io/en/stable/using.html#standalone>

use std::net::IpAddr;

use super::{HostFacts, Lineage, Listener, is_in_the_way};
use crate::check::Skip;

/// Where standalone listens: on the challenge's port of every address, unless a file names another port or a single address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct StandaloneAt {
    /// The address.
    pub ip: Option<IpAddr>,
    /// The port, which a proxy or a router leads to.
    pub port: Option<u16>,
}

impl HostFacts {
    /// The port that standalone would listen on for a lineage; `None` where it does not.
    ///
    /// # Errors
    /// The conf could not be read, or what decides stands on a command line.
    pub fn standalone_port(&self, lineage: &Lineage) -> Result<Option<u16>, Skip> {
        lineage.conf.as_ref()?;
        if lineage.authenticator() != Some("standalone") || self.chooses_authenticator(lineage) {
            return Ok(None);
        }
        let in_files = ["http-01-port", "http-01-address"].iter().all(|option| self.cli(option).is_none());
        if ["http-01-port", "http-01-address"].iter().any(|option| self.given(option).is_some()) && in_files {
            return Err(Skip::NotApplicable("the port is given on a command line"));
        }
        Ok(Some(self.standalone_at(lineage).port.unwrap_or(80)))
    }

    /// What files name for standalone.
    pub fn standalone_at(&self, lineage: &Lineage) -> StandaloneAt {
        let said = |key: &str, option: &str| {
            let set = self.setting(lineage.conf.as_ref().ok()?, key).map(|(_, setting)| setting);
            set.or_else(|| Some(self.cli(option)?.1))?.text().map(str::trim)
        };
        StandaloneAt {
            ip: said("http01_address", "http-01-address").and_then(|ip| ip.parse().ok()),
            port: said("http01_port", "http-01-port").and_then(|port| port.parse().ok()),
        }
    }

    /// Those who listen on port 80 where standalone would, `None` where that was not looked at.
    pub fn in_the_way(&self, lineage: &Lineage) -> Option<Vec<&Listener>> {
        let own = self.own.as_ref()?.as_ref().ok()?;
        let address = self.standalone_at(lineage).ip;
        let held = own.on_80.as_ref()?.iter();
        // Without an address it takes either family, and one that is taken in IPv4 keeps it from both.
        let is = |held: IpAddr| {
            address.map_or(held.is_ipv4() || held.is_unspecified(), |ip| is_in_the_way(held, ip))
        };
        Some(held.filter(|listener| is(listener.address.ip())).collect())
    }
}
