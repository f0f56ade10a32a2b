//! Remembers what the machine was like before: kernel settings and folders that the testbed's parts change or make.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Failed, output, succeeds, tool},
    home::Home,
    ip_family::IpFamily,
};

/// What pods need to be routed, and what kubelet and kube-proxy set by themselves.
const SETTINGS: [&str; 7] = [
    "net/ipv4/ip_forward",
    "net/bridge/bridge-nf-call-iptables",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/vs/conntrack",
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
];

/// Folders that parts of a node make whatever their arguments say.
const FOLDERS: [&str; 10] = [
    "/etc/cni",
    "/etc/kubernetes",
    "/opt/cni",
    "/opt/containerd",
    "/run/containerd",
    "/run/netns",
    "/usr/libexec/kubernetes",
    "/var/lib/cni",
    "/var/lib/kubelet",
    "/var/log/containers",
];

/// The machine as it was before the first start.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Before {
    settings: BTreeMap<String, String>,
    absent: Vec<PathBuf>,
}

/// Writes down how the machine is, once, and then makes it route pods' packets.
pub(crate) fn prepare(home: &Home, family: IpFamily) -> anyhow::Result<()> {
    load_bridge_filter()?;
    let path = home.in_state("before.json");
    if !path.exists() {
        fs::write(&path, serde_json::to_vec_pretty(&Before::look(family))?)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    routing(family).into_iter().try_for_each(|name| set(name, "1"))
}

/// Settings that have the machine forward packets of a family, and the rules of services see those on the bridge.
const fn routing(family: IpFamily) -> [&'static str; 2] {
    match family {
        IpFamily::Ipv4 => ["net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables"],
        IpFamily::Ipv6 => ["net/ipv6/conf/all/forwarding", "net/bridge/bridge-nf-call-ip6tables"],
    }
}

/// Puts everything back.
pub(crate) fn restore(home: &Home) {
    let Ok(bytes) = fs::read(home.in_state("before.json")) else { return };
    let before: Before = serde_json::from_slice(&bytes).unwrap_or_default();
    for (name, value) in &before.settings {
        // One that cannot be written was not changed either.
        let _ = set(name, value);
    }
    for folder in &before.absent {
        let _ = fs::remove_dir_all(folder);
    }
}

impl Before {
    fn look(family: IpFamily) -> Self {
        let names = SETTINGS.into_iter().chain(routing(family));
        let settings = names.filter_map(|name| Some((name.to_owned(), get(name)?))).collect();
        let absent = FOLDERS.iter().map(PathBuf::from).filter(|folder| !folder.exists()).collect();
        Self { settings, absent }
    }
}

/// Services of a bridge work only when its packets pass iptables.
fn load_bridge_filter() -> anyhow::Result<()> {
    if file("net/bridge/bridge-nf-call-iptables").exists() || succeeds(tool("modprobe").arg("br_netfilter")) {
        return Ok(());
    }
    let said = output(tool("modprobe").arg("br_netfilter")).err();
    let said = said.map(|error| format!("{error:#}")).unwrap_or_default();
    let advice = "load the kernel module br_netfilter on this machine (outside the container, if it is one)";
    Err(Failed::with_output("failed to load the kernel module br_netfilter", said).advice(advice).into())
}

fn file(name: &str) -> PathBuf {
    Path::new("/proc/sys").join(name)
}

fn get(name: &str) -> Option<String> {
    Some(fs::read_to_string(file(name)).ok()?.trim().to_owned())
}

fn set(name: &str, value: &str) -> anyhow::Result<()> {
    if get(name).as_deref() == Some(value) {
        return Ok(());
    }
    fs::write(file(name), value).with_context(|| format!("failed to set {name} to {value}"))
}
