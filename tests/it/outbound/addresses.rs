//! The table of addresses that are not public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clinigraph::outbound::is_public;
use proptest::{prop_assert, prop_assert_eq, proptest};

fn public(address: &str) -> bool {
    is_public(address.parse().unwrap())
}

#[test]
fn networks_for_special_purposes_are_closed_to_their_first_and_last_address() {
    let closed = [
        ("0.0.0.0", "0.255.255.255"),
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("224.0.0.0", "239.255.255.255"),
        ("240.0.0.0", "255.255.255.255"),
        ("::", "::ffff:255"),
        ("64:ff9b::", "64:ff9b::ffff:ffff"),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
        ("100::", "100::ffff:ffff:ffff:ffff"),
        ("2001::", "2001::ffff:ffff:ffff:ffff"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ];

    let open: Vec<_> = closed.iter().filter(|(first, last)| public(first) || public(last)).collect();

    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_neighbours_of_closed_networks_are_open() {
    let open = [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "203.0.114.0",
        "223.255.255.255",
        "2001:200::",
        "2001:db7:ffff::",
        "2001:db9::",
        "2003::",
        "2606:4700:4700::1111",
        "3ffe::1",
    ];

    let closed: Vec<_> = open.iter().filter(|address| !public(address)).collect();

    assert!(closed.is_empty(), "{closed:?}");
}

#[test]
fn the_addresses_of_metadata_services_are_closed() {
    for address in ["169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"] {
        assert!(!public(address), "{address}");
    }
}

proptest! {
    #[test]
    fn a_mapped_address_is_what_it_maps(four: [u8; 4]) {
        let four = Ipv4Addr::from(four);

        prop_assert_eq!(is_public(four.to_ipv6_mapped().into()), is_public(four.into()));
    }

    #[test]
    fn other_forms_that_carry_an_address_of_ipv4_are_closed(four: [u8; 4], rest: u64) {
        let [a, b, c, d] = four;
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let [e, f, g, h] = [48, 32, 16, 0].map(|by| (rest >> by) as u16);
        let forms = [
            // The old compatible form, NAT64, NAT64 of a network, 6to4, and Teredo with the address of its server.
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, e, f, g, high, low),
            Ipv6Addr::new(0x2002, high, low, e, f, g, h, 1),
            Ipv6Addr::new(0x2001, 0, high, low, e, f, g, h),
        ];

        for form in forms {
            // The first form can be the mapped one of no address: it never is, as its sixth group is 0.
            prop_assert!(!is_public(IpAddr::V6(form)), "{}", form);
        }
    }

    #[test]
    fn nothing_outside_of_the_public_part_of_ipv6_is_open(bits: u128) {
        let six = Ipv6Addr::from(bits);
        if bits >> 125 != 1 && six.to_ipv4_mapped().is_none() {
            prop_assert!(!is_public(six.into()));
        }
    }
}
