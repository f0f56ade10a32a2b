//! `down`: takes everything away but what was built, and checks that nothing is left.

use std::{fs, path::Path, time::Duration};

use anyhow::bail;

use crate::{
    cluster::{PROCESSES, images::Images, kubectl::Kubectl},
    command::succeeds,
    home::Home,
    host::{cgroups, mounts, network, packages, settings},
    process::{Record, recorded, stop, wait_until, with_words},
    progress::{note, step},
    versions::Versions,
};

/// Links to pods' logs that the kubelet makes whatever its settings say.
const LOG_LINKS: &str = "/var/log/containers";

/// Stops and removes everything.
pub(crate) fn run(home: &Home) -> anyhow::Result<()> {
    packages::require_root()?;
    let _lock = home.lock()?;
    let versions = Versions::read()?;
    step("pods", || {
        delete_pods(home, &versions);
        Ok(())
    })?;
    step("processes, network, mounts", || {
        clean(home);
        Ok(())
    })?;
    let left = leftovers(home);
    if left.is_empty() {
        note(&format!("nothing is left of the testbed; what was built stays in {}", home.cache().display()));
        return Ok(());
    }
    bail!("this is left of the testbed:\n{}\nrun `cargo testbed down` again", left.join("\n"))
}

/// Lets the kubelet end the pods, as it alone knows all that belongs to one. Nothing may make new ones meanwhile.
fn delete_pods(home: &Home, versions: &Versions) {
    let kubectl = Kubectl::new(home, versions);
    let alive = |name: &str| recorded(home, name).is_some_and(|record| record.alive());
    if !["kubelet", "containerd", "kube-apiserver"].into_iter().all(alive) || !kubectl.ready() {
        return;
    }
    for name in ["kube-controller-manager", "kube-scheduler"] {
        stop(home, name, Duration::from_secs(5));
    }
    let delete = ["delete", "pods", "--all", "--all-namespaces", "--grace-period=1", "--timeout=40s"];
    succeeds(&mut kubectl.command(&delete));
    let images = Images::new(home);
    wait_until(Duration::from_secs(10), || images.no_containers());
}

/// Everything that does not need a working cluster.
pub(crate) fn clean(home: &Home) {
    // Nothing of the cluster is kept, so that nobody is given long to end well.
    let patience = Duration::from_secs(3);
    for name in ["kubelet", "kube-proxy", "kube-controller-manager", "kube-scheduler"] {
        stop(home, name, patience);
    }
    if recorded(home, "containerd").is_some_and(|record| record.alive()) {
        Images::new(home).kill_containers();
    }
    for name in PROCESSES.iter().rev() {
        stop(home, name, patience);
    }
    for shim in shims(home) {
        shim.stop(Duration::from_secs(2));
    }
    network::remove();
    mounts::remove_under(&home.state());
    cgroups::remove();
    remove_log_links(home);
    settings::restore(home);
    let _ = fs::remove_dir_all(home.state());
}

/// A container's guardian, which outlives containerd, carries the path of our containerd's socket as an argument.
fn shims(home: &Home) -> Vec<Record> {
    let socket = home.in_state("containerd.sock").display().to_string();
    let mut found = with_words(&socket);
    found.retain(|record| record.words().first().is_some_and(|program| program.contains("containerd-shim")));
    found
}

fn remove_log_links(home: &Home) {
    let state = home.state();
    for entry in fs::read_dir(LOG_LINKS).into_iter().flatten().flatten() {
        if fs::read_link(entry.path()).is_ok_and(|target| target.starts_with(&state)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// What is still there, in words.
fn leftovers(home: &Home) -> Vec<String> {
    let state = home.state();
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let mut left: Vec<String> = with_words(&format!("{}/", state.display()))
        .into_iter()
        .filter(|record| record.pid != own)
        .map(|record| {
            format!("process {} ({})", record.pid, record.words().first().map_or("?", String::as_str))
        })
        .collect();
    left.extend(mounts::under(&state).into_iter().map(|point| format!("mount {point}")));
    left.extend(network::leftovers());
    left.extend(cgroups::groups().into_iter().map(|group| format!("control group {}", group.display())));
    if Path::new(&state).exists() {
        left.push(format!("folder {}", state.display()));
    }
    left
}
