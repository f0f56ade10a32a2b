//! `up`: builds what is missing and starts everything, in the order in which the parts need each other.

use std::{fs, thread, time::Instant};

use anyhow::Context as _;

use crate::{
    cluster::{control_plane, images::Images, kubeconfig, kubectl::Kubectl, node, pki},
    commands::{down, status},
    home::Home,
    host::{
        network, packages, settings,
        toolchains::{self, Toolchains},
    },
    ip_family::IpFamily,
    parts::{
        dns, elasticmq, elasticsearch, go,
        image::{nginx, rootfs},
        model_server, opensearch, product, stores,
    },
    process::boot_id,
    progress::{note, seconds, step},
    versions::Versions,
};

/// Brings everything up; what lives already is left alone. Without a family of addresses, the cluster that runs keeps its
/// own, and a new one has IPv4.
pub(crate) fn run(home: &Home, ip_family: Option<IpFamily>) -> anyhow::Result<()> {
    let started = Instant::now();
    packages::require_root()?;
    let _lock = home.lock()?;
    let family = IpFamily::choose(running(home)?, ip_family)?;
    let versions = Versions::read()?;
    step("Debian packages", || packages::ensure(home, &[]))?;
    let toolchains = step("Go, Java, Maven, Python", || toolchains::ensure(home, &versions))?;
    build(home, &versions, &toolchains, family)?;
    begin_state(home, family)?;
    let names = cluster(home, &versions, family)?;
    let kubectl = Kubectl::new(home, &versions);
    step("manifests", || {
        dns::apply(home, &versions, &kubectl)?;
        stores::apply(home, &versions, &toolchains, &names.bridge, &kubectl)
    })?;
    stores::wait(&kubectl)?;
    note(&format!(
        "the testbed is up after {}; for a shell: eval \"$(cargo testbed env)\"",
        seconds(started.elapsed())
    ));
    Ok(())
}

/// The family of the cluster that runs. What a past boot of the machine left does not run.
fn running(home: &Home) -> anyhow::Result<Option<IpFamily>> {
    let boot = boot_id()?;
    let runs = fs::read_to_string(home.in_state("boot")).is_ok_and(|known| known == boot);
    runs.then(|| IpFamily::of(home)).transpose()
}

/// Two lanes, as one is mostly the Go compiler and the other mostly downloads.
fn build(home: &Home, versions: &Versions, toolchains: &Toolchains, family: IpFamily) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let go = scope.spawn(|| go::ensure(home, versions));
        let rest = (|| {
            rootfs::ensure(home)?;
            nginx::ensure(home)?;
            elasticsearch::release(versions, &toolchains.java).ensure(home, &toolchains.java)?;
            opensearch::ensure(home, versions, &toolchains.java)?;
            elasticmq::ensure(home, versions)?;
            model_server::ensure(home, versions, &toolchains.python, family)?;
            step("build the product", || product::build(home))
        })();
        let go = go.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked"));
        rest.and(go)
    })
}

/// Makes the state's folder. What a past boot of the machine left has no process and no network any more, so that a
/// cluster is begun afresh.
fn begin_state(home: &Home, family: IpFamily) -> anyhow::Result<()> {
    let (boot, file) = (boot_id()?, home.in_state("boot"));
    if fs::read_to_string(&file).is_ok_and(|known| known != boot) {
        note("the machine was started anew since the last call: beginning with an empty cluster");
        down::clean(home);
    }
    for folder in ["processes", "data", "volume-plugins", "pod-logs"] {
        let folder = home.in_state(folder);
        fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    }
    family.remember(home)?;
    fs::write(&file, boot).with_context(|| format!("failed to write {}", file.display()))
}

/// Kubernetes with its images, ready for manifests.
fn cluster(home: &Home, versions: &Versions, family: IpFamily) -> anyhow::Result<product::Names> {
    let died = status::died(home);
    if !died.is_empty() {
        note(&format!("died since the last call, started again: {}", died.join(", ")));
    }
    step("certificates", || pki::ensure(home).and_then(|()| kubeconfig::ensure(home)))?;
    step("network bridge and kernel settings", || {
        settings::prepare(home, family)?;
        network::ensure_bridge(family)
    })?;
    let images = Images::new(home);
    let names = thread::scope(|scope| {
        let control_plane = scope.spawn(|| step("control plane", || control_plane::ensure(home, versions)));
        let names = (|| {
            step("containerd", || node::ensure_runtime(home))?;
            step("images", || {
                rootfs::import(home, &images)?;
                nginx::import(home, &images)?;
                product::import(home, &images)
            })
        })();
        control_plane.join().unwrap_or_else(|_| anyhow::bail!("a thread panicked")).and(names)
    })?;
    step("node", || node::ensure(home, versions))?;
    Ok(names)
}
