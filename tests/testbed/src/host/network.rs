//! The testbed's own bridge, and the pods' network namespaces on it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::command::{Failed, feed, output, succeeds, tool};
use crate::host::iptables;
use crate::ip_family::{Addresses, IpFamily};

/// The bridge that pods hang on.
pub(crate) const BRIDGE: &str = "tb0";
/// The name of the pods' network, by which the rules of its plug-in are told from others'.
pub(crate) const NETWORK: &str = "docmill-testbed";

/// The bridge's own address, of those that nobody assigns. Without one a bridge takes the lowest of its ports', so pods
/// that come and go change it, and all others talk to an address that is gone until they ask again: for half a minute
/// with IPv6.
const BRIDGE_MAC: &str = "02:64:6f:63:6d:6c";

const RESULTS: &str = "/var/lib/cni/results";
const NAMESPACES: &str = "/run/netns";
/// Whether new interfaces are without IPv6: 0 or 1.
const IPV6_DISABLED: &str = "/proc/sys/net/ipv6/conf/default/disable_ipv6";

/// Makes the bridge unless it is there.
pub(crate) fn ensure_bridge(family: IpFamily) -> anyhow::Result<()> {
    if !bridge_exists() {
        make_bridge(family)?;
    }
    output(tool("ip").args(["link", "set", BRIDGE, "up"]))?;
    route_services(family)
}

fn make_bridge(family: IpFamily) -> anyhow::Result<()> {
    // Where IPv6 looks for duplicates first, nothing can listen on the address before the bridge has its first pod.
    let (option, at_once) = match family {
        IpFamily::Ipv4 => ("-4", None),
        IpFamily::Ipv6 => ("-6", Some("nodad")),
    };
    if family == IpFamily::Ipv6 {
        require_ipv6()?;
    }
    refuse_taken_addresses(family, &output(tool("ip").args([option, "route", "show"]))?)?;
    // IPv6 asks for neighbours by multicast. A bridge that snoops forgets who wants to be asked after four minutes, unless
    // a router of its network reminds it, and there is none.
    let bridge = ["link", "add", BRIDGE, "address", BRIDGE_MAC, "type", "bridge", "mcast_snooping", "0"];
    output(tool("ip").args(bridge))?;
    let address = node_on_network(family);
    output(tool("ip").args(["address", "add", &address, "dev", BRIDGE]).args(at_once))?;
    Ok(())
}

/// The node's address with the length of its network.
fn node_on_network(family: IpFamily) -> String {
    let Addresses { node, pods, .. } = family.addresses();
    let length = pods.rsplit_once('/').map_or(*pods, |(_, length)| length);
    format!("{node}/{length}")
}

/// Fails where new interfaces get no IPv6. `ip` itself would say that the permission is denied.
fn require_ipv6() -> anyhow::Result<()> {
    if fs::read_to_string(IPV6_DISABLED).is_ok_and(|disabled| disabled.trim() == "0") {
        return Ok(());
    }
    let advice = "enable it (sysctl -w net.ipv6.conf.default.disable_ipv6=0), or leave out --ip-family ipv6";
    Err(Failed::with_output("IPv6 is disabled on this machine", "").advice(advice).into())
}

/// A route to the services. The rules put a pod's address in place of a service's only after the machine has found a route,
/// and many machines have no default route for IPv6.
fn route_services(family: IpFamily) -> anyhow::Result<()> {
    if family == IpFamily::Ipv6 {
        let services = family.addresses().services;
        output(tool("ip").args(["-6", "route", "replace", services, "dev", BRIDGE]))?;
    }
    Ok(())
}

/// Lets pods' packets through where the machine's policy is to drop what it forwards, as Docker sets it.
pub(crate) fn ensure_forwarding(family: IpFamily) -> anyhow::Result<()> {
    let iptables = match family {
        IpFamily::Ipv4 => "iptables",
        IpFamily::Ipv6 => "ip6tables",
    };
    for direction in ["-i", "-o"] {
        let rule = [direction, BRIDGE, "-m", "comment", "--comment", NETWORK, "-j", "ACCEPT"];
        if !succeeds(tool(iptables).args(["-w", "-C", "FORWARD"]).args(rule)) {
            output(tool(iptables).args(["-w", "-I", "FORWARD"]).args(rule))?;
        }
    }
    Ok(())
}

/// Whether the bridge is there.
pub(crate) fn bridge_exists() -> bool {
    Path::new("/sys/class/net").join(BRIDGE).exists()
}

fn refuse_taken_addresses(family: IpFamily, routes: &str) -> anyhow::Result<()> {
    let (starts, advice) = match family {
        IpFamily::Ipv4 => (
            ["10.88.", "10.96."],
            "remove that network (Podman's default one is 10.88.0.0/16) or use another machine",
        ),
        IpFamily::Ipv6 => (["fd88:", "fd96:"], "remove that network or use another machine"),
    };
    let taken = |line: &&str| starts.iter().any(|start| line.starts_with(*start));
    let Some(route) = routes.lines().find(taken) else { return Ok(()) };
    let Addresses { pods, services, .. } = family.addresses();
    let what = format!("the testbed's addresses {pods} and {services} are in use");
    Err(Failed::with_output(what, route).advice(advice).into())
}

/// Removes the pods' namespaces, the bridge and every rule of the testbed.
pub(crate) fn remove() {
    for (file, namespace) in pods_of_ours() {
        if let Some(name) = namespace {
            let _ = output(tool("ip").args(["netns", "delete", &name]));
        }
        let _ = fs::remove_file(file);
    }
    if bridge_exists() {
        let _ = output(tool("ip").args(["link", "delete", BRIDGE]));
    }
    for (save, restore) in [("iptables-save", "iptables-restore"), ("ip6tables-save", "ip6tables-restore")] {
        let Ok(rules) = output(&mut tool(save)) else { continue };
        let script = iptables::removal(&rules);
        if !script.is_empty() {
            let _ = feed(tool(restore).args(["-w", "--noflush"]), &script);
        }
    }
}

/// What is left of the network, in words; empty when all is gone.
pub(crate) fn leftovers() -> Vec<String> {
    let mut left = Vec::new();
    if bridge_exists() {
        left.push(format!("interface {BRIDGE}"));
    }
    left.extend(
        pods_of_ours().into_iter().filter_map(|(_, name)| Some(format!("network namespace {}", name?))),
    );
    for save in ["iptables-save", "ip6tables-save"] {
        let rules = output(&mut tool(save)).unwrap_or_default();
        left.extend(
            iptables::removal(&rules)
                .lines()
                .filter(|line| line.starts_with('-'))
                .map(|line| format!("{save}: {line}")),
        );
    }
    left
}

/// The network plug-in's own notes on our pods, and their namespaces that still exist.
fn pods_of_ours() -> Vec<(PathBuf, Option<String>)> {
    let files = fs::read_dir(RESULTS).into_iter().flatten().flatten().map(|entry| entry.path());
    files
        .filter(|file| {
            file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{NETWORK}-")))
        })
        .map(|file| {
            let namespace = fs::read(&file).ok().and_then(|bytes| namespace(&bytes));
            (file, namespace.filter(|name| Path::new(NAMESPACES).join(name).exists()))
        })
        .collect()
}

fn namespace(result: &[u8]) -> Option<String> {
    let result: Value = serde_json::from_slice(result).ok()?;
    let path = result
        .pointer("/result/interfaces")?
        .as_array()?
        .iter()
        .find_map(|face| face.get("sandbox")?.as_str())?;
    Some(Path::new(path).file_name()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_the_same_addresses_is_refused() {
        let podman = "default via 192.0.2.1 dev eth0\n10.88.0.0/16 dev cni-podman0 proto kernel\n";
        assert!(refuse_taken_addresses(IpFamily::Ipv4, podman).is_err());
        assert!(refuse_taken_addresses(IpFamily::Ipv4, "default via 192.0.2.1 dev eth0\n").is_ok());
        let other = "fd00::/64 dev eth0 proto kernel\ndefault via fd00::1 dev eth0\n";
        assert!(refuse_taken_addresses(IpFamily::Ipv6, other).is_ok());
        let same = format!("{other}fd96::/112 dev eth1 proto static\n");
        assert!(refuse_taken_addresses(IpFamily::Ipv6, &same).is_err());
    }

    #[test]
    fn the_node_is_in_the_network_of_the_pods() {
        assert_eq!(node_on_network(IpFamily::Ipv4), "10.88.0.1/16");
        assert_eq!(node_on_network(IpFamily::Ipv6), "fd88::1/64");
    }

    #[test]
    fn a_pods_namespace_is_read_from_the_plugins_notes() {
        let result =
            br#"{"result":{"interfaces":[{"name":"tb0"},{"name":"eth0","sandbox":"/var/run/netns/cni-1"}]}}"#;
        assert_eq!(namespace(result).as_deref(), Some("cni-1"));
        assert_eq!(namespace(b"{}"), None);
    }
}
