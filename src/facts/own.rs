//! The running host's own place in the network: its addresses, and the ports that something listens on.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Fact, HostFacts, Listener};
use crate::check::Skip;
use crate::reserved::reserved;

/// What the kernel says of this host's network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// The addresses that are delivered to this host.
    pub addresses: Vec<OwnAddress>,
    /// Where packets to the internet are sent from, one address of each family that has a way there.
    pub sends_from: Vec<IpAddr>,
    /// The TCP ports that something listens on, at whatever address.
    pub listens: Fact<Vec<u16>>,
    /// Who listens on port 80; `None` in facts of a version that did not look.
    #[serde(default)]
    pub on_80: Option<Vec<Listener>>,
    /// The lowest port that others than root may listen on; `None` where the kernel does not say.
    #[serde(default)]
    pub unprivileged_from: Option<u16>,
}

/// One address, or a whole block that is routed to this host itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAddress {
    /// The address, or the first one of the block.
    pub address: IpAddr,
    /// How many leading bits count; 32 or 128 for a single address.
    pub bits: u8,
    /// It is temporary (RFC 8981), deprecated (RFC 4862), or not usable yet: nobody should be told to come there.
    pub passing: bool,
}

impl OwnAddress {
    /// Whether an address is this one, or lies in this block.
    pub fn covers(&self, address: IpAddr) -> bool {
        let same = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).leading_zeros(),
            _ => return false,
        };
        same >= u32::from(self.bits)
    }
}

impl Own {
    /// Whether packets to an address are for this host.
    pub fn has(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|own| own.covers(address))
    }

    /// Whether this host is in the internet under an address of its own, of the family of this one: what it sends there
    /// is translated by nobody.
    pub fn is_public(&self, like: IpAddr) -> bool {
        let public = |from: &IpAddr| reserved(*from).is_none() && self.has(*from);
        self.sends_from.iter().any(|from| from.is_ipv4() == like.is_ipv4() && public(from))
    }

    /// Whether a name's addresses all lie elsewhere, although this host has public ones of a family that the name has.
    pub fn is_none_of(&self, addresses: &[IpAddr]) -> bool {
        let elsewhere = |address: &IpAddr| reserved(*address).is_none() && !self.has(*address);
        addresses.iter().all(elsewhere) && addresses.iter().any(|address| self.is_public(*address))
    }
}

impl HostFacts {
    /// The host's own place in the network.
    ///
    /// # Errors
    /// A tree was looked at and not the running host, or the kernel did not tell.
    pub fn own(&self) -> Result<&Own, Skip> {
        match &self.own {
            Some(own) => Ok(own.as_ref()?),
            None => Err(Skip::NotAsked("the addresses of the running host were not asked for")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(addresses: &[(&str, u8)], sends_from: &[&str]) -> Own {
        let address =
            |(a, bits): &(&str, u8)| OwnAddress { address: a.parse().unwrap(), bits: *bits, passing: false };
        Own {
            addresses: addresses.iter().map(address).collect(),
            sends_from: sends_from.iter().map(|a| a.parse().unwrap()).collect(),
            listens: Ok(vec![]),
            on_80: Some(vec![]),
            unprivileged_from: Some(1024),
        }
    }

    fn none_of(own: &Own, addresses: &[&str]) -> bool {
        own.is_none_of(&addresses.iter().map(|a| a.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn an_address_of_another_machine_is_none_of_a_public_hosts() {
        let host = own(&[("45.45.45.7", 32), ("2a0e:45::7", 128)], &["45.45.45.7", "2a0e:45::7"]);
        assert!(none_of(&host, &["45.45.46.8"]) && none_of(&host, &["45.45.46.8", "2a0e:46::8"]));
        assert!(!none_of(&host, &["45.45.46.8", "45.45.45.7"]), "one of several is its own");
        assert!(!none_of(&host, &["45.45.46.8", "2a0e:45::7"]), "the other family is its own");
        assert!(!none_of(&host, &[]) && !none_of(&host, &["10.0.0.8"]));
    }

    #[test]
    fn behind_address_translation_nobody_knows_whose_an_address_is() {
        let cloud = own(&[("10.0.0.7", 32)], &["10.0.0.7"]);
        assert!(!none_of(&cloud, &["45.45.46.8"]));
        // A tunnel brings a public address, and everything else leaves through the router.
        let tunnel = own(&[("192.168.1.7", 32), ("45.45.45.7", 32)], &["192.168.1.7"]);
        assert!(!none_of(&tunnel, &["45.45.46.8"]));
        // Of the family that is not translated it is known.
        let mixed = own(&[("10.0.0.7", 32), ("2a0e:45::7", 128)], &["10.0.0.7", "2a0e:45::7"]);
        assert!(!none_of(&mixed, &["45.45.46.8"]) && none_of(&mixed, &["2a0e:46::8"]));
    }

    #[test]
    fn a_block_that_is_routed_to_the_host_itself_is_its_own() {
        let any = own(&[("45.45.45.7", 32), ("45.45.47.0", 24), ("2a0e:47::", 64)], &["45.45.45.7"]);
        assert!(any.has("45.45.47.200".parse().unwrap()) && any.has("2a0e:47::1:2".parse().unwrap()));
        assert!(!any.has("45.45.48.1".parse().unwrap()) && !any.has("2a0e:47:0:1::2".parse().unwrap()));
    }
}
