//! The Kubernetes that runs: certificates, control plane, node, images.

pub(crate) mod control_plane;
pub(crate) mod images;
pub(crate) mod kubeconfig;
pub(crate) mod kubectl;
pub(crate) mod node;
pub(crate) mod pki;

/// What runs as a process of the machine, in the order in which it starts.
pub(crate) const PROCESSES: [&str; 7] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "containerd",
    "kubelet",
    "kube-proxy",
];
