//! The node: containerd, kubelet, kube-proxy, and the network between pods.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::Context as _;

use crate::{
    cluster::{
        images::Images,
        kubectl::{Kubectl, condition},
    },
    command::Failed,
    home::Home,
    host::{cgroups, network},
    ip_family::IpFamily,
    process::{Program, stop, wait_ready, wait_until},
    template::Values,
    versions::Versions,
};

/// A file of settings, and the process that reads it when it starts.
const FILES: [(&str, &str, Option<&str>); 4] = [
    ("containerd.toml", include_str!("../../parts/node/containerd.toml"), Some("containerd")),
    ("cni/10-pods.conflist", include_str!("../../parts/node/pods.conflist"), None),
    ("kubelet.yaml", include_str!("../../parts/node/kubelet.yaml"), Some("kubelet")),
    ("kube-proxy.yaml", include_str!("../../parts/node/kube-proxy.yaml"), Some("kube-proxy")),
];

/// Starts the container runtime, which images can be imported into from then on.
pub(crate) fn ensure_runtime(home: &Home) -> anyhow::Result<()> {
    write_settings(home)?;
    let arguments = vec!["--config".to_owned(), home.in_state("containerd.toml").display().to_string()];
    Program { name: "containerd", path: PathBuf::from("containerd"), arguments }.ensure(home)?;
    let images = Images::new(home);
    wait_ready(home, "containerd", Duration::from_mins(1), || images.ready())
}

/// Starts the agents and waits until the node is ready.
pub(crate) fn ensure(home: &Home, versions: &Versions) -> anyhow::Result<()> {
    let family = IpFamily::of(home)?;
    let bin = home.bin_dir("kubernetes", &versions.kubernetes);
    let file = |name: &str| home.in_state(name).display().to_string();
    let kubelet = vec![
        format!("--config={}", file("kubelet.yaml")),
        format!("--kubeconfig={}", file("kubeconfigs/kubelet")),
        format!("--root-dir={}", file("kubelet")),
        format!("--node-ip={}", family.addresses().node),
        "--hostname-override=testbed".to_owned(),
    ];
    Program { name: "kubelet", path: bin.join("kubelet"), arguments: kubelet }.ensure(home)?;
    let proxy = vec![format!("--config={}", file("kube-proxy.yaml"))];
    Program { name: "kube-proxy", path: bin.join("kube-proxy"), arguments: proxy }.ensure(home)?;
    network::ensure_forwarding(family)?;
    wait_node(home, &Kubectl::new(home, versions))
}

fn wait_node(home: &Home, kubectl: &Kubectl) -> anyhow::Result<()> {
    let ready =
        || kubectl.list(&["nodes"]).is_ok_and(|nodes| nodes.iter().any(|node| condition(node, "Ready")));
    if wait_until(Duration::from_secs(90), ready) {
        return Ok(());
    }
    let advice = "read the kubelet's log; where the machine cannot run containers, use a cluster that you have: cargo testbed demo --context NAME";
    Err(Failed::with_log("the node did not become ready", &home.log("kubelet")?).advice(advice).into())
}

fn write_settings(home: &Home) -> anyhow::Result<()> {
    let values = addresses(IpFamily::of(home)?)
        .set("STATE", home.state().display().to_string())
        .set("RESTRICT_OOM_SCORE", (!cgroups::may_lower_oom_score()).to_string());
    for (name, template, reader) in FILES {
        let (path, text) = (home.in_state(name), values.fill(template)?);
        // Left alone when it is the same: kube-proxy ends whenever its file is written.
        if fs::read_to_string(&path).is_ok_and(|known| known == text) {
            continue;
        }
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
        if let Some(reader) = reader {
            stop(home, reader, Duration::from_secs(10));
        }
    }
    Ok(())
}

/// The addresses in the settings.
fn addresses(family: IpFamily) -> Values {
    let addresses = family.addresses();
    // On loopback alone kube-proxy offers no node ports. For IPv6 it complains about loopback, so that they are on the
    // node's address, which only pods and this machine reach.
    let node_ports = match family {
        IpFamily::Ipv4 => "127.0.0.1/32",
        IpFamily::Ipv6 => "primary",
    };
    Values::default()
        .set("NODE_IP", addresses.node)
        .set("PODS", addresses.pods)
        .set("EVERYWHERE", addresses.everywhere)
        .set("DNS_IP", family.name_service())
        .set("NODE_PORT_ADDRESSES", node_ports)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn filled(family: IpFamily, name: &str) -> String {
        let values = addresses(family).set("STATE", "/s").set("RESTRICT_OOM_SCORE", "false");
        let (_, template, _) = FILES.into_iter().find(|(file, ..)| *file == name).expect("a file");
        values.fill(template).expect("no other placeholder")
    }

    #[test]
    fn pods_get_addresses_of_the_family() {
        for (family, pods, node, everywhere) in [
            (IpFamily::Ipv4, "10.88.0.0/16", "10.88.0.1", "0.0.0.0/0"),
            (IpFamily::Ipv6, "fd88::/64", "fd88::1", "::/0"),
        ] {
            let network: Value = serde_json::from_str(&filled(family, "cni/10-pods.conflist")).expect("JSON");
            let addresses = &network["plugins"][0]["ipam"];
            assert_eq!(addresses["ranges"], json!([[{"subnet": pods, "gateway": node}]]));
            assert_eq!(addresses["routes"], json!([{"dst": everywhere}]));
        }
    }

    #[test]
    fn agents_listen_on_the_node_and_pods_ask_the_name_service() {
        for (family, node, dns, ports) in [
            (IpFamily::Ipv4, "10.88.0.1", "10.96.0.10", "127.0.0.1/32"),
            (IpFamily::Ipv6, "fd88::1", "fd96::10", "primary"),
        ] {
            let (kubelet, proxy) = (filled(family, "kubelet.yaml"), filled(family, "kube-proxy.yaml"));
            assert!(kubelet.contains(&format!("\naddress: {node}\n")), "{kubelet}");
            assert!(kubelet.contains(&format!("\nclusterDNS: [{dns}]\n")), "{kubelet}");
            assert!(proxy.contains(&format!("\nbindAddress: {node}\n")), "{proxy}");
            assert!(proxy.contains(&format!("\nnodePortAddresses: [{ports}]\n")), "{proxy}");
        }
    }
}
