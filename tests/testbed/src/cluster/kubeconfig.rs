//! The files by which the parts, and people, reach the API server.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{
    home::Home,
    ip_family::{IpFamily, url_host},
};

/// A kubeconfig and the certificate it uses.
const FILES: [(&str, &str); 5] = [
    ("admin", "admin"),
    ("kubelet", "node"),
    ("kube-controller-manager", "kube-controller-manager"),
    ("kube-scheduler", "kube-scheduler"),
    ("kube-proxy", "kube-proxy"),
];

/// Writes all of them.
pub(crate) fn ensure(home: &Home) -> anyhow::Result<()> {
    let folder = home.in_state("kubeconfigs");
    fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    let server = server(IpFamily::of(home)?);
    for (name, certificate) in FILES {
        let path = folder.join(name);
        let text = serde_json::to_string_pretty(&kubeconfig(&home.in_state("pki"), &server, certificate))?;
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}

/// The API server's address: on the testbed's bridge, where pods and the machine reach it and nobody else does.
fn server(family: IpFamily) -> String {
    format!("https://{}:6443", url_host(family.addresses().node))
}

/// JSON is YAML, so that it can be written without another library.
fn kubeconfig(pki: &Path, server: &str, certificate: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "docmill-testbed",
        "contexts": [{"name": "docmill-testbed", "context": {"cluster": "docmill-testbed", "user": certificate}}],
        "clusters": [{
            "name": "docmill-testbed",
            "cluster": {"server": server, "certificate-authority": pki.join("ca.crt")},
        }],
        "users": [{
            "name": certificate,
            "user": {
                "client-certificate": pki.join(format!("{certificate}.crt")),
                "client-key": pki.join(format!("{certificate}.key")),
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_server_authority_and_client() {
        let config = kubeconfig(Path::new("/s/pki"), "https://node:6443", "admin");
        assert_eq!(config["clusters"][0]["cluster"]["server"], "https://node:6443");
        assert_eq!(config["clusters"][0]["cluster"]["certificate-authority"], "/s/pki/ca.crt");
        assert_eq!(config["users"][0]["user"]["client-key"], "/s/pki/admin.key");
        assert_eq!(config["contexts"][0]["name"], config["current-context"]);
        assert_eq!(config["contexts"][0]["context"]["user"], config["users"][0]["name"]);
    }

    #[test]
    fn the_server_has_an_address_of_the_family() {
        assert_eq!(server(IpFamily::Ipv4), "https://10.88.0.1:6443");
        assert_eq!(server(IpFamily::Ipv6), "https://[fd88::1]:6443");
    }
}
