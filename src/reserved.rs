//! Addresses that no CA connects to: the special-purpose registries of IANA (RFC 6890), and multicast.
//!
//! Let's Encrypt refuses every block of the two registries, those as well that are reachable in principle.
//! <https://github.com/letsencrypt/boulder/blob/main/iana/ip.go>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Address, prefix length, the block with its name and its source, and what the CA calls it; the CA does not know those of
/// multicast, to which it finds no way.
type Block<A> = (A, u32, &'static str, &'static str);

/// <https://www.iana.org/assignments/iana-ipv4-special-registry/>, and RFC 5771; narrow blocks before wide ones.
const V4: &[Block<Ipv4Addr>] = &[
    (
        Ipv4Addr::new(0, 0, 0, 0),
        8,
        "0.0.0.0/8, this network (RFC 791)",
        "[RFC791], Section 3.2: \"This network\"",
    ),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "10.0.0.0/8, private use (RFC 1918)", "[RFC1918]: Private-Use"),
    (
        Ipv4Addr::new(100, 64, 0, 0),
        10,
        "100.64.0.0/10, carrier-grade NAT (RFC 6598)",
        "[RFC6598]: Shared Address Space",
    ),
    (
        Ipv4Addr::new(127, 0, 0, 0),
        8,
        "127.0.0.0/8, loopback (RFC 1122)",
        "[RFC1122], Section 3.2.1.3: Loopback",
    ),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "169.254.0.0/16, link local (RFC 3927)", "[RFC3927]: Link Local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "172.16.0.0/12, private use (RFC 1918)", "[RFC1918]: Private-Use"),
    (
        Ipv4Addr::new(192, 0, 0, 0),
        24,
        "192.0.0.0/24, IETF protocol assignments (RFC 6890)",
        "[RFC6890], Section 2.1: IETF Protocol Assignments",
    ),
    (
        Ipv4Addr::new(192, 0, 2, 0),
        24,
        "192.0.2.0/24, documentation (RFC 5737)",
        "[RFC5737]: Documentation (TEST-NET-1)",
    ),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "192.31.196.0/24, AS112 (RFC 7535)", "[RFC7535]: AS112-v4"),
    (
        Ipv4Addr::new(192, 52, 193, 0),
        24,
        "192.52.193.0/24, multicast tunnelling (RFC 7450)",
        "[RFC7450]: AMT",
    ),
    (
        Ipv4Addr::new(192, 88, 99, 0),
        24,
        "192.88.99.0/24, deprecated 6to4 relays (RFC 7526)",
        "[RFC7526]: Deprecated (6to4 Relay Anycast)",
    ),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "192.168.0.0/16, private use (RFC 1918)", "[RFC1918]: Private-Use"),
    (
        Ipv4Addr::new(192, 175, 48, 0),
        24,
        "192.175.48.0/24, AS112 (RFC 7534)",
        "[RFC7534]: Direct Delegation AS112 Service",
    ),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "198.18.0.0/15, benchmarking (RFC 2544)", "[RFC2544]: Benchmarking"),
    (
        Ipv4Addr::new(198, 51, 100, 0),
        24,
        "198.51.100.0/24, documentation (RFC 5737)",
        "[RFC5737]: Documentation (TEST-NET-2)",
    ),
    (
        Ipv4Addr::new(203, 0, 113, 0),
        24,
        "203.0.113.0/24, documentation (RFC 5737)",
        "[RFC5737]: Documentation (TEST-NET-3)",
    ),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "224.0.0.0/4, multicast (RFC 5771)", ""),
    (
        Ipv4Addr::new(255, 255, 255, 255),
        32,
        "255.255.255.255, broadcast (RFC 919)",
        "[RFC8190] [RFC919], Section 7: Limited Broadcast",
    ),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "240.0.0.0/4, reserved (RFC 1112)", "[RFC1112], Section 4: Reserved"),
];

/// <https://www.iana.org/assignments/iana-ipv6-special-registry/>, and RFC 4291; narrow blocks before wide ones.
const V6: &[Block<Ipv6Addr>] = &[
    (Ipv6Addr::LOCALHOST, 128, "::1, loopback (RFC 4291)", "[RFC4291]: Loopback Address"),
    (Ipv6Addr::UNSPECIFIED, 128, "::, unspecified (RFC 4291)", "[RFC4291]: Unspecified Address"),
    (
        Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0),
        96,
        "::ffff:0:0/96, mapped IPv4 (RFC 4291)",
        "[RFC4291]: IPv4-mapped Address",
    ),
    (
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0),
        96,
        "64:ff9b::/96, translated IPv4 (RFC 6052)",
        "[RFC6052]: IPv4-IPv6 Translat.",
    ),
    (
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
        48,
        "64:ff9b:1::/48, translated IPv4 (RFC 8215)",
        "[RFC8215]: IPv4-IPv6 Translat.",
    ),
    (
        Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0),
        64,
        "100::/64, discard only (RFC 6666)",
        "[RFC6666]: Discard-Only Address Block",
    ),
    (
        Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0),
        64,
        "100:0:0:1::/64, dummy prefix (RFC 9780)",
        "[RFC9780]: Dummy IPv6 Prefix",
    ),
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        32,
        "2001::/32, Teredo (RFC 4380)",
        "[RFC4380] [RFC8190]: TEREDO",
    ),
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "2001::/23, IETF protocol assignments (RFC 2928)",
        "[RFC2928]: IETF Protocol Assignments",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "2001:db8::/32, documentation (RFC 3849)",
        "[RFC3849]: Documentation",
    ),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "2002::/16, 6to4 (RFC 3056)", "[RFC3056]: 6to4"),
    (
        Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0),
        48,
        "2620:4f:8000::/48, AS112 (RFC 7534)",
        "[RFC7534]: Direct Delegation AS112 Service",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "3fff::/20, documentation (RFC 9637)",
        "[RFC9637]: Documentation",
    ),
    (
        Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0),
        16,
        "5f00::/16, segment routing (RFC 9602)",
        "[RFC9602]: Segment Routing (SRv6) SIDs",
    ),
    (
        Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
        7,
        "fc00::/7, unique local (RFC 4193)",
        "[RFC4193] [RFC8190]: Unique-Local",
    ),
    (
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0),
        10,
        "fe80::/10, link local (RFC 4291)",
        "[RFC4291]: Link-Local Unicast",
    ),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "ff00::/8, multicast (RFC 4291)", ""),
];

/// The reserved block that an address lies in, with its name and its source; `None` for a public address.
pub fn reserved(address: IpAddr) -> Option<&'static str> {
    found(address).map(|(block, _)| block)
}

/// What the CA calls the reserved block that an address lies in; `None` for an address that it takes for a public one.
pub fn words(address: IpAddr) -> Option<&'static str> {
    found(address).map(|(_, words)| words).filter(|words| !words.is_empty())
}

fn found(address: IpAddr) -> Option<(&'static str, &'static str)> {
    match address {
        IpAddr::V4(address) => V4.iter().find_map(|(start, length, block, words)| {
            let apart = start.to_bits() ^ address.to_bits();
            (apart.leading_zeros() >= *length).then_some((*block, *words))
        }),
        IpAddr::V6(address) => V6.iter().find_map(|(start, length, block, words)| {
            let apart = start.to_bits() ^ address.to_bits();
            (apart.leading_zeros() >= *length).then_some((*block, *words))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Option<&'static str> {
        reserved(address.parse().unwrap())
    }

    #[test]
    fn the_ends_of_each_block_are_in_it_and_their_neighbours_are_not() {
        for (inside, outside) in [
            ("10.255.255.255", "11.0.0.0"),
            ("100.64.0.0", "100.63.255.255"),
            ("100.127.255.255", "100.128.0.0"),
            ("172.31.255.255", "172.32.0.0"),
            ("192.168.0.1", "192.169.0.0"),
            ("198.19.255.255", "198.20.0.0"),
            ("239.1.1.1", "223.255.255.255"),
            ("fdff::1", "fe00::1"),
            ("febf::1", "fec0::1"),
            ("2001:1ff::1", "2001:200::1"),
            ("3fff:fff::1", "3fff:1000::1"),
            ("::ffff:8.8.8.8", "2606:4700::1111"),
            ("::1", "::2"),
        ] {
            assert!(of(inside).is_some(), "{inside}");
            assert_eq!(of(outside), None, "{outside}");
        }
        assert_eq!(of("255.255.255.255"), Some("255.255.255.255, broadcast (RFC 919)"));
        assert_eq!(of("2001:0:1::1"), Some("2001::/32, Teredo (RFC 4380)"));
        assert_eq!(words("10.1.2.3".parse().unwrap()), Some("[RFC1918]: Private-Use"));
        assert_eq!(words("224.0.0.1".parse().unwrap()), None);
    }

    #[test]
    fn every_block_is_written_as_it_is_computed() {
        let text = |address: String, length: u32, full: u32| match length == full {
            true => address,
            false => format!("{address}/{length}"),
        };
        for (start, length, name, _) in V4 {
            assert!(name.starts_with(&text(start.to_string(), *length, 32)), "{name}");
            assert_eq!(start.to_bits().checked_shl(*length).unwrap_or(0), 0, "{name}");
        }
        for (start, length, name, _) in V6 {
            let shown = match name.starts_with("::ffff") {
                true => "::ffff:0:0/96".into(),
                false => text(start.to_string(), *length, 128),
            };
            assert!(name.starts_with(&shown), "{name} {shown}");
            assert_eq!(start.to_bits().checked_shl(*length).unwrap_or(0), 0, "{name}");
        }
    }
}
