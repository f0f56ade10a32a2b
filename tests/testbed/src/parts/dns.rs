//! The cluster's name service, without which `http://s3.docmill-testbed.svc` means nothing in a pod.

use crate::{
    cluster::kubectl::Kubectl, home::Home, parts::rootfs::BASE_IMAGE, template::Values, versions::Versions,
};

const MANIFEST: &str = include_str!("../../parts/manifests/coredns.yaml");

/// Applies it.
pub(crate) fn apply(home: &Home, versions: &Versions, kubectl: &Kubectl) -> anyhow::Result<()> {
    let values = Values::default()
        .set("BASE_IMAGE", BASE_IMAGE)
        .set("DNS_IP", "10.96.0.10")
        .set("COREDNS_DIR", home.bin_dir("coredns", &versions.coredns).display().to_string());
    kubectl.apply(&values.fill(MANIFEST)?)
}
