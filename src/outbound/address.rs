//! Which addresses belong to the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn four(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn six(a: u16, b: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits)
}

/// Networks of IPv4 for special purposes.
const CLOSED_4: [Ipv4Net; 16] = [
    // This host.
    four(0, 0, 0, 0, 8),
    // Private.
    four(10, 0, 0, 0, 8),
    // Carriers, and metadata of some clouds.
    four(100, 64, 0, 0, 10),
    // Loopback.
    four(127, 0, 0, 0, 8),
    // Link-local, and metadata of most clouds.
    four(169, 254, 0, 0, 16),
    // Private.
    four(172, 16, 0, 0, 12),
    // Protocols.
    four(192, 0, 0, 0, 24),
    // Documentation.
    four(192, 0, 2, 0, 24),
    // Old relays of 6to4.
    four(192, 88, 99, 0, 24),
    // Private.
    four(192, 168, 0, 0, 16),
    // Benchmarks.
    four(198, 18, 0, 0, 15),
    // Documentation.
    four(198, 51, 100, 0, 24),
    four(203, 0, 113, 0, 24),
    // Multicast.
    four(224, 0, 0, 0, 4),
    // Reserved, and broadcast.
    four(240, 0, 0, 0, 4),
    four(255, 255, 255, 255, 32),
];

/// The only part of IPv6 in which public addresses are.
const OPEN_6: Ipv6Net = six(0x2000, 0, 3);

/// Networks for special purposes in that part.
const CLOSED_6: [Ipv6Net; 4] = [
    // Protocols: Teredo, which carries an IPv4 address, benchmarks, and identifiers that are no addresses.
    six(0x2001, 0, 23),
    // Documentation.
    six(0x2001, 0xdb8, 32),
    six(0x3fff, 0, 20),
    // 6to4, which carries an IPv4 address.
    six(0x2002, 0, 16),
];

/// Whether an address is one of the public internet. An IPv4 address in an IPv6 one is looked at as what it is.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(four) => !CLOSED_4.iter().any(|network| network.contains(&four)),
        IpAddr::V6(six) => OPEN_6.contains(&six) && !CLOSED_6.iter().any(|network| network.contains(&six)),
    }
}
