//! The cluster's name service, without which `http://s3.docmill-testbed.svc` means nothing in a pod.

use crate::{
    cluster::kubectl::Kubectl, home::Home, ip_family::IpFamily, parts::image::rootfs::BASE_IMAGE,
    template::Values, versions::Versions,
};

const MANIFEST: &str = include_str!("../../parts/manifests/coredns.yaml");

/// Applies it.
pub(crate) fn apply(home: &Home, versions: &Versions, kubectl: &Kubectl) -> anyhow::Result<()> {
    let family = IpFamily::of(home)?;
    let values = Values::default()
        .set("BASE_IMAGE", BASE_IMAGE)
        .set("DNS_IP", family.name_service())
        .set("REVERSE_ZONE", family.addresses().reverse_zone)
        .set("COREDNS_DIR", home.bin_dir("coredns", &versions.coredns).display().to_string());
    kubectl.apply(&values.fill(MANIFEST)?)
}
