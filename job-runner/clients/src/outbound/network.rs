//! Networks of addresses, and which addresses are off limits unless an administrator allows them. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network in CIDR notation, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`, `fd00::/8`, `192.0.2.1`. Bits beyond the prefix are ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most)?,
        };
        Some(Self { address, bits })
    }

    const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), bits }
    }

    const fn v6(segments: [u16; 8], bits: u8) -> Self {
        let [s0, s1, s2, s3, s4, s5, s6, s7] = segments;
        Self { address: IpAddr::V6(Ipv6Addr::new(s0, s1, s2, s3, s4, s5, s6, s7)), bits }
    }

    /// Whether it contains an address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.bits);
                network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.bits);
                network.to_bits().checked_shr(shift) == address.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

/// What is denied unless it is allowed by name, with its description.
const RESERVED: [(Network, &str); 18] = [
    (Network::v4(0, 0, 0, 0, 8), "an unspecified address"),
    (Network::v4(127, 0, 0, 0, 8), "a loopback address"),
    (Network::v4(169, 254, 0, 0, 16), "a link-local address"),
    (Network::v4(224, 0, 0, 0, 4), "a multicast address"),
    (Network::v4(240, 0, 0, 0, 4), "a reserved address"),
    // Metadata services of clouds beside link-local addresses: Alibaba, Oracle, Azure.
    (Network::v4(100, 100, 100, 200, 32), METADATA),
    (Network::v4(192, 0, 0, 192, 32), METADATA),
    (Network::v4(168, 63, 129, 16, 32), METADATA),
    (Network::v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "an unspecified address"),
    (Network::v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "a loopback address"),
    (Network::v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "a link-local address"),
    // Formerly the private addresses of sites, and in places still routed as such.
    (Network::v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), "a site-local address"),
    (Network::v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), "a multicast address"),
    // EC2 (metadata, credentials of pods), Google, and translations of IPv4's link-local ones are below.
    (Network::v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32), METADATA),
    (Network::v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), METADATA),
    // Other forms of IPv4 addresses that a kernel or a gateway may translate in unknown ways.
    (Network::v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "an address of a local translation"),
    (Network::v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), "an address of a tunnel"),
    (Network::v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), "a translated address"),
];
const METADATA: &str = "the metadata service of a cloud";

/// Describes an address that is off limits by default.
pub fn reserved(address: IpAddr) -> Option<&'static str> {
    RESERVED.iter().find(|(network, _)| network.contains(address)).map(|(_, what)| *what)
}

/// An address in all forms that it may stand for: IPv6 has several ways to carry an IPv4 address (RFC 4291
/// 2.5.5, RFC 6052, RFC 3056).
pub fn forms(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let carried = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => carried(address).map(IpAddr::V4),
    };
    std::iter::once(address).chain(carried)
}

fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        // ::1 and :: are themselves.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::{any, prop_assert, proptest};

    use super::{Network, forms, reserved};

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_hold_their_addresses() {
        let holds = |network: &str, address: &str| Network::parse(network).unwrap().contains(ip(address));
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && holds("::/0", "fd00::1"));
        assert!(holds("192.0.2.1", "192.0.2.1") && !holds("192.0.2.1", "192.0.2.2"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "10.0.0.1"));
        for text in ["10.0.0.0/33", "10.0.0/8", "::/129", "example.com", "10.0.0.0/"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn reserved_addresses_are_known_in_each_of_their_forms() {
        for text in [
            "0.0.0.0",
            "127.0.0.1",
            "127.8.9.1",
            "169.254.169.254",
            "169.254.170.23",
            "224.0.0.1",
            "255.255.255.255",
            "100.100.100.200",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "::ffff:0:127.0.0.1",
        ] {
            assert!(forms(ip(text)).any(|form| reserved(form).is_some()), "{text}");
        }
        for text in
            ["10.0.0.1", "172.20.0.5", "192.168.1.1", "203.0.113.1", "100.64.0.1", "fd00::1", "2a00::1"]
        {
            assert!(forms(ip(text)).all(|form| reserved(form).is_none()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_reserved_stays_so_when_ipv6_carries_it(bits in any::<u32>()) {
            let address = std::net::Ipv4Addr::from_bits(bits);
            let mapped = IpAddr::V6(address.to_ipv6_mapped());
            let seen = forms(mapped).any(|form| reserved(form).is_some());
            prop_assert!(seen == reserved(IpAddr::V4(address)).is_some());
        }
    }
}
