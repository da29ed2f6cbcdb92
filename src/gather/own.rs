//! This host's own addresses and listening ports, as the kernel shows them below `/proc/net`.
//!
//! The files tell what no portable interface does: which IPv6 addresses are temporary or deprecated, and which whole
//! blocks are routed to the host itself. <https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html>

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::Path;

use crate::facts::{Fact, Missing, Own, OwnAddress, Role, Why};
use crate::gather::fs::Root;
use crate::gather::sockets::{Listening, listeners, listening};

/// How much of one file is read, in bytes: a router of the whole internet has a longer one.
const MAX_TABLE: u64 = 8 << 20;

/// How much of the list of sockets is read: those that listen come first.
const MAX_SOCKETS: u64 = 1 << 20;

/// Flags of an IPv6 address: temporary, its duplicate was found, deprecated, not tested yet. <linux/if_addr.h>
const PASSING: u8 = 0x01 | 0x08 | 0x20 | 0x40;

/// The flag of a route that leads to the host itself: RTF_LOCAL. <linux/ipv6_route.h>
const LOCAL_ROUTE: u32 = 0x8000_0000;

/// The lowest port that every user may listen on. <https://docs.kernel.org/networking/ip-sysctl.html>
const UNPRIVILEGED: &str = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/// Somewhere in the internet: the first root server. <https://www.iana.org/domains/root/servers>
const FAR: [(&str, &str); 2] = [("0.0.0.0:0", "198.41.0.4:53"), ("[::]:0", "[2001:503:ba3e::2:30]:53")];

/// What the kernel says of the running host; `None` below a root, where it would be another host's.
pub fn own(root: &Root) -> Option<Fact<Own>> {
    root.is_live().then(|| {
        let v4 = table(root, "/proc/net/fib_trie")?.ok_or_else(|| none("/proc/net/fib_trie"))?;
        // Without IPv6 the kernel has neither of them.
        let v6 = table(root, "/proc/net/if_inet6")?.unwrap_or_default();
        let routes = table(root, "/proc/net/ipv6_route")?.unwrap_or_default();
        let addresses = local_v4(&v4).chain(local_v6(&v6)).chain(local_blocks(&routes));
        let sockets = sockets(root);
        let listens = |sockets: &Vec<Listening>| {
            let ports: BTreeSet<u16> = sockets.iter().map(|socket| socket.address.port()).collect();
            ports.into_iter().collect()
        };
        let on_80 = |sockets: &Vec<Listening>| {
            let there = sockets.iter().filter(|socket| socket.address.port() == 80);
            listeners(Path::new("/proc"), &there.copied().collect::<Vec<_>>())
        };
        let unprivileged = root.read_text(Path::new(UNPRIVILEGED), 64, Role::Other);
        Ok(Own {
            addresses: addresses.collect(),
            sends_from: sends_from(),
            on_80: sockets.as_ref().ok().map(on_80),
            unprivileged_from: unprivileged.ok().and_then(|text| text.trim().parse().ok()),
            listens: sockets.as_ref().map(listens).map_err(Clone::clone),
        })
    })
}

fn none(path: &str) -> Missing {
    Missing::new(path, Why::NotFound, Role::Other)
}

fn table(root: &Root, path: &str) -> Fact<Option<String>> {
    match root.read_text(Path::new(path), MAX_TABLE, Role::Other) {
        Ok(text) => Ok(Some(text)),
        Err(missing) if missing.why == Why::NotFound => Ok(None),
        Err(missing) => Err(missing),
    }
}

/// `|-- 10.0.0.7` and below it `/32 host LOCAL`: each of them twice, by the table that it stands in.
fn local_v4(trie: &str) -> impl Iterator<Item = OwnAddress> {
    let mut at: Option<Ipv4Addr> = None;
    let mut found = BTreeSet::new();
    for line in trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            at = address.parse().ok();
        } else if let (Some(address), Some(route)) = (at, line.strip_prefix('/'))
            && let Some((bits, "host LOCAL")) = route.split_once(' ')
            && let Ok(bits) = bits.parse::<u8>()
        {
            found.insert((address, bits));
        }
    }
    found.into_iter().map(|(address, bits)| OwnAddress { address: address.into(), bits, passing: false })
}

/// `ADDRESS interface length scope flags name`, numbers in hexadecimal.
fn local_v6(addresses: &str) -> impl Iterator<Item = OwnAddress> {
    addresses.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = v6(words.next()?)?;
        let flags = u8::from_str_radix(words.nth(3)?, 16).ok()?;
        Some(OwnAddress { address, bits: 128, passing: flags & PASSING != 0 })
    })
}

/// `DESTINATION length …`, the flags in the last column but one.
fn local_blocks(routes: &str) -> impl Iterator<Item = OwnAddress> {
    routes.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [destination, bits, .., flags, _] = words.as_slice() else { return None };
        let is_local = u32::from_str_radix(flags, 16).ok()? & LOCAL_ROUTE != 0;
        let bits = u8::from_str_radix(bits, 16).ok()?;
        // Single addresses are listed with their flags elsewhere.
        (is_local && bits < 128).then_some(())?;
        Some(OwnAddress { address: v6(destination)?, bits, passing: false })
    })
}

fn v6(hex: &str) -> Option<IpAddr> {
    (hex.len() == 32)
        .then(|| u128::from_str_radix(hex, 16).ok())?
        .map(|bits| Ipv6Addr::from_bits(bits).into())
}

/// The address that the kernel would send from; a UDP socket is only bound, and nothing is sent.
fn sends_from() -> Vec<IpAddr> {
    let from = |(any, far): &(&str, &str)| {
        let socket = UdpSocket::bind(any).ok()?;
        socket.connect(far).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    FAR.iter().filter_map(from).collect()
}

fn sockets(root: &Root) -> Fact<Vec<Listening>> {
    let mut sockets = Vec::new();
    for (path, needed) in [("/proc/net/tcp", true), ("/proc/net/tcp6", false)] {
        match root.read_start(Path::new(path), MAX_SOCKETS, Role::Other) {
            Ok(bytes) => sockets.extend(String::from_utf8_lossy(&bytes).lines().filter_map(listening)),
            Err(missing) if missing.why == Why::NotFound && !needed => {}
            Err(missing) => return Err(missing),
        }
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(addresses: impl Iterator<Item = OwnAddress>) -> Vec<String> {
        let show =
            |a: OwnAddress| format!("{}/{}{}", a.address, a.bits, if a.passing { " passing" } else { "" });
        addresses.map(show).collect()
    }

    #[test]
    fn the_local_table_gives_addresses_and_blocks_of_ipv4() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 9.9.0.0\n        \
                    /16 host LOCAL\n     |-- 192.0.2.2\n        /32 host LOCAL\n     |-- 192.0.2.255\n        \
                    /32 link BROADCAST\nLocal:\n     |-- 192.0.2.2\n        /32 host LOCAL\n";
        assert_eq!(shown(local_v4(trie)), ["9.9.0.0/16", "192.0.2.2/32"]);
    }

    #[test]
    fn temporary_and_deprecated_addresses_are_told_by_their_flags() {
        let table = "2a0e0045000000010000000000000007 02 40 00 80     eth0\n\
                     2a0e0045000000019d2c4fb1aa010203 02 40 00 01     eth0\n\
                     2a0e0045000000020000000000000007 02 40 00 20     eth0\n\
                     fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n";
        assert_eq!(
            shown(local_v6(table)),
            [
                "2a0e:45:0:1::7/128",
                "2a0e:45:0:1:9d2c:4fb1:aa01:203/128 passing",
                "2a0e:45:0:2::7/128 passing",
                "fe80::fc:ff:fe00:1/128",
            ]
        );
    }

    #[test]
    fn a_local_route_to_a_block_is_told_from_any_other() {
        let zeros = "0".repeat(32);
        let line = |to: &str, bits: &str, flags: &str| {
            format!("{to} {bits} {zeros} 00 {zeros} 00000400 00000001 00000000 {flags}       lo\n")
        };
        let block = "2a0e0099000000000000000000000000";
        let routes =
            line(block, "40", "80000001") + &line(block, "30", "00000001") + &line(block, "80", "80200001");
        assert_eq!(shown(local_blocks(&routes)), ["2a0e:99::/64"]);
    }

    #[test]
    fn the_running_host_has_its_loopback_and_a_tree_is_not_asked() {
        let own = own(&Root::live()).unwrap().unwrap();
        assert!(own.has("127.0.0.1".parse().unwrap()) && !own.has("192.0.2.77".parse().unwrap()));
        let dir = tempfile::tempdir().unwrap();
        assert!(super::own(&Root::below(dir.path()).unwrap()).is_none());
    }
}
