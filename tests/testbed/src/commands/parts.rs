//! `stop`, `start`, `kill`, `reboot`: failures of the cluster itself, for tests that look at what the product makes of them.

use std::time::Duration;

use clap::ValueEnum;

use crate::{
    cluster::{control_plane, images::Images, kubectl::Kubectl, node},
    home::Home,
    host::packages,
    parts::stores,
    process,
    versions::Versions,
};

/// Pods that stand for services outside of the cluster and keep what they know in memory: a reboot spares them.
const OUTSIDE: [&str; 2] = ["sqs-", "bridge-"];

/// A process of the cluster that tests stop.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Part {
    /// The API server.
    KubeApiserver,
    /// What the API server stores in.
    Etcd,
    /// The node's agent. Its containers go on.
    Kubelet,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::KubeApiserver => "kube-apiserver",
            Self::Etcd => "etcd",
            Self::Kubelet => "kubelet",
        }
    }
}

/// Kills the process.
pub(crate) fn stop(home: &Home, part: Part) -> anyhow::Result<()> {
    packages::require_root()?;
    let _lock = home.lock()?;
    process::stop(home, part.name(), Duration::ZERO);
    Ok(())
}

/// Starts the process, and what else of the same side has died, and waits until it is ready.
pub(crate) fn start(home: &Home, part: Part) -> anyhow::Result<()> {
    packages::require_root()?;
    let _lock = home.lock()?;
    let versions = Versions::read()?;
    match part {
        Part::KubeApiserver | Part::Etcd => control_plane::ensure(home, &versions),
        Part::Kubelet => node::ensure(home, &versions),
    }
}

/// Kills the containers of pods, without a word to their processes first.
pub(crate) fn kill(home: &Home, pods: &str) -> anyhow::Result<()> {
    packages::require_root()?;
    let killed = Images::new(home).kill_containers_of(pods)?;
    anyhow::ensure!(killed > 0, "no pod's name begins with {pods:?}: kubectl get pods --all-namespaces");
    Ok(())
}

/// Kills the node's agents and its containers, and starts the node anew.
pub(crate) fn reboot(home: &Home) -> anyhow::Result<()> {
    packages::require_root()?;
    let _lock = home.lock()?;
    let versions = Versions::read()?;
    for name in ["kubelet", "kube-proxy"] {
        process::stop(home, name, Duration::ZERO);
    }
    Images::new(home).kill_containers_but(&OUTSIDE);
    node::ensure(home, &versions)?;
    stores::wait(&Kubectl::new(home, &versions))
}
