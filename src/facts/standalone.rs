//! The port that certbot's standalone plugin listens on.
//! <https://eff-certbot.readthedocs.io/en/stable/using.html#standalone>

use std::net::IpAddr;

use super::{HostFacts, Lineage, Listener, is_in_the_way};
use crate::check::Skip;

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
        Ok(Some(self.named_port(lineage).unwrap_or(80)))
    }

    /// The port that a file names for standalone, which a proxy or a router leads to.
    pub fn named_port(&self, lineage: &Lineage) -> Option<u16> {
        let conf = lineage.conf.as_ref().ok()?;
        let set = self.setting(conf, "http01_port").map(|(_, setting)| setting);
        let set = set.or_else(|| Some(self.cli("http-01-port")?.1));
        set?.text()?.trim().parse().ok()
    }

    /// Those who listen on port 80 where standalone would, `None` where that was not looked at.
    pub fn in_the_way(&self, lineage: &Lineage) -> Option<Vec<&Listener>> {
        let own = self.own.as_ref()?.as_ref().ok()?;
        let conf = lineage.conf.as_ref().ok();
        let address = conf.and_then(|conf| conf.param_text("http01_address")?.trim().parse::<IpAddr>().ok());
        let held = own.on_80.as_ref()?.iter();
        // Without an address it takes either family, and one that is taken in IPv4 keeps it from both.
        let is = |held: IpAddr| {
            address.map_or(held.is_ipv4() || held.is_unspecified(), |ip| is_in_the_way(held, ip))
        };
        Some(held.filter(|listener| is(listener.address.ip())).collect())
    }
}
