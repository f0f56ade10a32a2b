//! The testbed's own bridge, and the pods' network namespaces on it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::command::{Failed, feed, output, succeeds, tool};
use crate::host::iptables;

/// The bridge that pods hang on.
pub(crate) const BRIDGE: &str = "tb0";
/// The machine's address on it: the API server's, the kubelet's, and the pods' gateway.
pub(crate) const NODE_IP: &str = "10.88.0.1";
/// The name of the pods' network, by which the rules of its plug-in are told from others'.
pub(crate) const NETWORK: &str = "docmill-testbed";

const RESULTS: &str = "/var/lib/cni/results";
const NAMESPACES: &str = "/run/netns";

/// Makes the bridge unless it is there.
pub(crate) fn ensure_bridge() -> anyhow::Result<()> {
    if bridge_exists() {
        output(tool("ip").args(["link", "set", BRIDGE, "up"]))?;
        return Ok(());
    }
    refuse_taken_addresses(&output(tool("ip").args(["-4", "route", "show"]))?)?;
    output(tool("ip").args(["link", "add", BRIDGE, "type", "bridge"]))?;
    output(tool("ip").args(["address", "add", &format!("{NODE_IP}/16"), "dev", BRIDGE]))?;
    output(tool("ip").args(["link", "set", BRIDGE, "up"]))?;
    Ok(())
}

/// Lets pods' packets through where the machine's policy is to drop what it forwards, as Docker sets it.
pub(crate) fn ensure_forwarding() -> anyhow::Result<()> {
    for direction in ["-i", "-o"] {
        let rule = [direction, BRIDGE, "-m", "comment", "--comment", NETWORK, "-j", "ACCEPT"];
        if !succeeds(tool("iptables").args(["-w", "-C", "FORWARD"]).args(rule)) {
            output(tool("iptables").args(["-w", "-I", "FORWARD"]).args(rule))?;
        }
    }
    Ok(())
}

/// Whether the bridge is there.
pub(crate) fn bridge_exists() -> bool {
    Path::new("/sys/class/net").join(BRIDGE).exists()
}

fn refuse_taken_addresses(routes: &str) -> anyhow::Result<()> {
    let Some(route) = routes.lines().find(|line| line.starts_with("10.88.") || line.starts_with("10.96."))
    else {
        return Ok(());
    };
    let advice = "remove that network (Podman's default one is 10.88.0.0/16) or use another machine";
    Err(Failed::with_output("the testbed's addresses 10.88.0.0/16 and 10.96.0.0/16 are in use", route)
        .advice(advice)
        .into())
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
        assert!(refuse_taken_addresses(podman).is_err());
        assert!(refuse_taken_addresses("default via 192.0.2.1 dev eth0\n").is_ok());
    }

    #[test]
    fn a_pods_namespace_is_read_from_the_plugins_notes() {
        let result =
            br#"{"result":{"interfaces":[{"name":"tb0"},{"name":"eth0","sandbox":"/var/run/netns/cni-1"}]}}"#;
        assert_eq!(namespace(result).as_deref(), Some("cni-1"));
        assert_eq!(namespace(b"{}"), None);
    }
}
