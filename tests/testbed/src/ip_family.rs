//! Whether the cluster's addresses are IPv4's or IPv6's, and which they are. Node, pods and services have addresses of one
//! family only. What no pod reaches listens on 127.0.0.1 in either case.

use std::{fmt, fs, path::Path};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use crate::{command::Failed, home::Home};

/// The file of the state that says which family the cluster was begun with.
const FILE: &str = "ip-family";

/// The family of a cluster's addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum IpFamily {
    /// Private addresses of IPv4.
    #[default]
    #[value(name = "ipv4")]
    Ipv4,
    /// Unique local addresses of IPv6, and none of IPv4.
    #[value(name = "ipv6")]
    Ipv6,
}

/// The addresses and networks of a family, as they are written in settings.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// The node's on the testbed's bridge: the API server's, the kubelet's, and the pods' gateway.
    pub(crate) node: &'static str,
    /// The network of node and pods.
    pub(crate) pods: &'static str,
    /// The network of services.
    pub(crate) services: &'static str,
    /// All addresses of a machine, to listen on.
    pub(crate) any: &'static str,
    /// All addresses there are, as the target of a route.
    pub(crate) everywhere: &'static str,
    /// The zone that leads from addresses to names.
    pub(crate) reverse_zone: &'static str,
}

static IPV4: Addresses = Addresses {
    node: "10.88.0.1",
    pods: "10.88.0.0/16",
    services: "10.96.0.0/16",
    any: "0.0.0.0",
    everywhere: "0.0.0.0/0",
    reverse_zone: "in-addr.arpa",
};

static IPV6: Addresses = Addresses {
    node: "fd88::1",
    pods: "fd88::/64",
    services: "fd96::/112",
    any: "::",
    everywhere: "::/0",
    reverse_zone: "ip6.arpa",
};

impl IpFamily {
    /// The family of the cluster that runs. A cluster without a note of it has IPv4.
    pub(crate) fn of(home: &Home) -> anyhow::Result<Self> {
        read(&home.in_state(FILE))
    }

    /// Notes the family of the cluster that is begun.
    pub(crate) fn remember(self, home: &Home) -> anyhow::Result<()> {
        let path = home.in_state(FILE);
        fs::write(&path, self.to_string()).with_context(|| format!("failed to write {}", path.display()))
    }

    /// The family to go on with: that of the cluster that runs, which keeps it, else the one that was asked for.
    pub(crate) fn choose(running: Option<Self>, wanted: Option<Self>) -> anyhow::Result<Self> {
        match (running, wanted) {
            (Some(running), Some(wanted)) if running != wanted => {
                let what = format!("the testbed runs with {running} addresses, and {wanted} was asked for");
                let advice =
                    format!("run `cargo testbed down`, and then `cargo testbed up --ip-family {wanted}`");
                Err(Failed::with_output(what, "").advice(advice).into())
            }
            (running, wanted) => Ok(running.or(wanted).unwrap_or_default()),
        }
    }

    /// Its addresses and networks.
    pub(crate) fn addresses(self) -> &'static Addresses {
        match self {
            Self::Ipv4 => &IPV4,
            Self::Ipv6 => &IPV6,
        }
    }

    /// The address of the cluster's name service.
    pub(crate) fn name_service(self) -> String {
        self.service(10)
    }

    /// The service's address that ends in this number. Those up to 99 are of the range that the API server does not give
    /// away by itself.
    pub(crate) fn service(self, number: u8) -> String {
        match self {
            Self::Ipv4 => format!("10.96.0.{number}"),
            Self::Ipv6 => format!("fd96::{number}"),
        }
    }
}

impl fmt::Display for IpFamily {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
        })
    }
}

/// An address as the host of a URL, and before a port: IPv6's in brackets.
pub(crate) fn url_host(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}

fn read(path: &Path) -> anyhow::Result<IpFamily> {
    if !path.exists() {
        return Ok(IpFamily::default());
    }
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    let Ok(family) = IpFamily::from_str(text.trim(), false) else {
        bail!("{} names no family of addresses: run `cargo testbed down`", path.display());
    };
    Ok(family)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    /// Whether an address is in a network.
    fn holds(network: &str, address: &str) -> bool {
        let bits = |text: &str| match text.parse::<IpAddr>().expect("an address") {
            IpAddr::V4(ip) => u128::from(ip.to_bits()) << 96,
            IpAddr::V6(ip) => ip.to_bits(),
        };
        let (base, length) = network.split_once('/').expect("a length");
        let length: u32 = length.parse().expect("a number");
        bits(base) >> (128 - length) == bits(address) >> (128 - length)
    }

    #[test]
    fn addresses_are_of_their_family_and_in_their_networks() {
        for (family, is_ipv6) in [(IpFamily::Ipv4, false), (IpFamily::Ipv6, true)] {
            let Addresses { node, pods, services, any, .. } = family.addresses();
            assert!(holds(pods, node) && holds(services, &family.service(1)), "{family}");
            assert!(!holds(pods, &family.service(20)), "{family}");
            for address in [(*node).to_owned(), family.service(20), (*any).to_owned()] {
                assert_eq!(address.parse::<IpAddr>().expect("an address").is_ipv6(), is_ipv6, "{address}");
            }
        }
    }

    #[test]
    fn only_ipv6_has_brackets_in_urls() {
        assert_eq!(url_host("10.88.0.1"), "10.88.0.1");
        assert_eq!(url_host("fd88::1"), "[fd88::1]");
    }

    #[test]
    fn a_cluster_that_runs_keeps_its_family() {
        use IpFamily::{Ipv4, Ipv6};
        let choice = |running, wanted| IpFamily::choose(running, wanted).ok();
        assert_eq!(choice(None, None), Some(Ipv4));
        assert_eq!(choice(None, Some(Ipv6)), Some(Ipv6));
        assert_eq!(choice(Some(Ipv6), None), Some(Ipv6));
        assert_eq!(choice(Some(Ipv6), Some(Ipv6)), Some(Ipv6));
        let error = IpFamily::choose(Some(Ipv4), Some(Ipv6)).expect_err("another family");
        let failed = error.downcast_ref::<Failed>().expect("a failure with advice");
        assert!(failed.details().contains("`cargo testbed up --ip-family ipv6`"), "{}", failed.details());
    }

    #[test]
    fn the_family_is_read_as_it_was_noted() {
        let path = std::env::temp_dir().join(format!("testbed-ip-family-{}", std::process::id()));
        assert_eq!(read(&path).expect("none noted"), IpFamily::Ipv4);
        for family in [IpFamily::Ipv4, IpFamily::Ipv6] {
            fs::write(&path, family.to_string()).expect("written");
            assert_eq!(read(&path).expect("noted"), family);
        }
        fs::write(&path, "ipx").expect("written");
        assert!(read(&path).is_err());
        fs::remove_file(&path).expect("removed");
    }
}
