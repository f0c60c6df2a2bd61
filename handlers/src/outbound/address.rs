//! Which IP addresses may be reached: those that belong to the public internet, and no others.
//!
//! The tables are IANA's registries of special-purpose addresses
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>, RFC 6890), and of multicast
//! addresses (RFC 5771, RFC 4291). All of each registry is refused, whether IANA calls a range
//! reachable or not: nothing in it is somebody's web server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 ranges that are refused: first address, length of the prefix, what it is. The first that
/// holds an address names it.
#[rustfmt::skip]
const IPV4: &[(Ipv4Addr, u32, &str)] = &[
    // A public address, and yet the host's own: Azure's wire server answers on it with secrets.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud metadata address"),
    (Ipv4Addr::new(169, 254, 169, 254), 32, "a cloud metadata address"),
    (Ipv4Addr::UNSPECIFIED, 8, "an address of this network (RFC 791)"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private address (RFC 1918)"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a carrier's shared address (RFC 6598)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "a loopback address (RFC 1122)"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "a link-local address (RFC 3927)"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private address (RFC 1918)"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "an address for protocols (RFC 6890)"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "a documentation address (RFC 5737)"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "an AS112 address (RFC 7535)"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "an AMT address (RFC 7450)"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay address (RFC 7526)"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private address (RFC 1918)"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "an AS112 address (RFC 7534)"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "a benchmarking address (RFC 2544)"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "a documentation address (RFC 5737)"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "a documentation address (RFC 5737)"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a multicast address (RFC 5771)"),
    (Ipv4Addr::BROADCAST, 32, "the broadcast address (RFC 8190)"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved address (RFC 1112)"),
];

/// IPv6 ranges that are refused, as above.
#[rustfmt::skip]
const IPV6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "the unspecified address (RFC 4291)"),
    (Ipv6Addr::LOCALHOST, 128, "the loopback address (RFC 4291)"),
    (v6([0, 0, 0, 0, 0, 0xffff]), 96, "an IPv4-mapped address (RFC 4291)"),
    (v6([0, 0, 0, 0, 0xffff]), 96, "an IPv4-translated address (RFC 7915)"),
    (v6([0]), 96, "an IPv4-compatible address (RFC 4291)"),
    (v6([0x64, 0xff9b, 1]), 48, "a local translation address (RFC 8215)"),
    (v6([0x100]), 64, "a discard-only address (RFC 6666)"),
    (v6([0x2001]), 32, "a Teredo address (RFC 4380)"),
    (v6([0x2001, 2]), 48, "a benchmarking address (RFC 5180)"),
    (v6([0x2001]), 23, "an address for protocols (RFC 2928)"),
    (v6([0x2001, 0xdb8]), 32, "a documentation address (RFC 3849)"),
    (v6([0x2002]), 16, "a 6to4 address (RFC 3056)"),
    (v6([0x2620, 0x4f, 0x8000]), 48, "an AS112 address (RFC 7534)"),
    (v6([0x3fff]), 20, "a documentation address (RFC 9637)"),
    (v6([0x5f00]), 16, "a segment routing address (RFC 9602)"),
    (v6([0xfc00]), 7, "a unique-local address (RFC 4193)"),
    (v6([0xfe80]), 10, "a link-local address (RFC 4291)"),
    (v6([0xfec0]), 10, "a site-local address (RFC 3879)"),
    (v6([0xff00]), 8, "a multicast address (RFC 4291)"),
];

/// Global unicast: all that IANA has begun to give out (RFC 4291, section 2.4).
const IPV6_UNICAST: (Ipv6Addr, u32) = (v6([0x2000]), 3);

/// Translation to IPv4 (RFC 6052): reachable as far as the IPv4 address within it is.
const NAT64: (Ipv6Addr, u32) = (v6([0x64, 0xff9b]), 96);

/// The address that begins with these groups; the rest is zero.
const fn v6<const N: usize>(groups: [u16; N]) -> Ipv6Addr {
    let mut all = [0; 8];
    let mut index = 0;
    while index < N {
        all[index] = groups[index];
        index += 1;
    }
    Ipv6Addr::from_segments(all)
}

/// Why `address` must not be reached; `None` when it is a public one.
pub(super) fn why_forbidden(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => why_forbidden_v4(address),
        IpAddr::V6(address) => why_forbidden_v6(address),
    }
}

fn why_forbidden_v4(address: Ipv4Addr) -> Option<&'static str> {
    let differs = |range: Ipv4Addr| address.to_bits() ^ range.to_bits();
    IPV4.iter()
        .find(|(range, prefix, _)| differs(*range).leading_zeros() >= *prefix)
        .map(|(.., what)| *what)
}

fn why_forbidden_v6(address: Ipv6Addr) -> Option<&'static str> {
    let is_in = |range: Ipv6Addr, prefix: u32| {
        (address.to_bits() ^ range.to_bits()).leading_zeros() >= prefix
    };
    if is_in(NAT64.0, NAT64.1) {
        let [.., a, b, c, d] = address.octets();
        return why_forbidden_v4(Ipv4Addr::new(a, b, c, d));
    }
    if let Some((.., what)) = IPV6
        .iter()
        .find(|(range, prefix, _)| is_in(*range, *prefix))
    {
        return Some(what);
    }
    (!is_in(IPV6_UNICAST.0, IPV6_UNICAST.1)).then_some("not a global unicast address (RFC 4291)")
}

#[cfg(test)]
mod tests {
    use super::why_forbidden;

    fn is_forbidden(address: &str) -> bool {
        why_forbidden(address.parse().unwrap()).is_some()
    }

    #[test]
    fn the_edges_of_each_ipv4_range_are_refused_and_their_neighbours_are_not() {
        for (first, last) in [
            ("0.0.0.0", "0.255.255.255"),
            ("10.0.0.0", "10.255.255.255"),
            ("100.64.0.0", "100.127.255.255"),
            ("127.0.0.0", "127.255.255.255"),
            ("168.63.129.16", "168.63.129.16"),
            ("169.254.0.0", "169.254.255.255"),
            ("172.16.0.0", "172.31.255.255"),
            ("192.0.0.0", "192.0.0.255"),
            ("192.0.2.0", "192.0.2.255"),
            ("192.31.196.0", "192.31.196.255"),
            ("192.52.193.0", "192.52.193.255"),
            ("192.88.99.0", "192.88.99.255"),
            ("192.168.0.0", "192.168.255.255"),
            ("192.175.48.0", "192.175.48.255"),
            ("198.18.0.0", "198.19.255.255"),
            ("198.51.100.0", "198.51.100.255"),
            ("203.0.113.0", "203.0.113.255"),
            ("224.0.0.0", "255.255.255.255"),
        ] {
            let (first, last): (std::net::Ipv4Addr, std::net::Ipv4Addr) =
                (first.parse().unwrap(), last.parse().unwrap());
            assert!(why_forbidden(first.into()).is_some(), "{first}");
            assert!(why_forbidden(last.into()).is_some(), "{last}");
            for neighbour in [
                first.to_bits().checked_sub(1),
                last.to_bits().checked_add(1),
            ] {
                let Some(bits) = neighbour else { continue };
                let neighbour = std::net::Ipv4Addr::from_bits(bits);
                assert_eq!(why_forbidden(neighbour.into()), None, "{neighbour}");
            }
        }
    }

    #[test]
    fn ipv6_is_refused_outside_global_unicast_and_in_its_special_ranges() {
        for address in [
            "::",
            "::1",
            "::2",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::8.8.8.8",
            "64:ff9b:0:1::1",
            "100::1",
            "100:0:0:1::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:20::1",
            "2001:1ff:ffff::",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "2620:4f:8000::1",
            "3fff:fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(is_forbidden(address), "{address}");
        }
    }

    #[test]
    fn the_public_internet_is_reachable() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "93.184.216.34",
            "168.63.129.17",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700:4700::1111",
            "2a00:1450:4001:82b::200e",
            "3ffe::1",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(!is_forbidden(address), "{address}");
        }
    }
}
