//! CPU time of the testbed's servers, which are pods: by the control groups that the kubelet makes for them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::cost::Side;
use crate::float::float;

/// The servers and the labels of their pods.
const SERVERS: [(Side, &str); 4] =
    [(Side::Elasticsearch, "es-raw"), (Side::S3, "s3"), (Side::Queue, "sqs"), (Side::Bridge, "bridge")];
/// Where control groups are: of version 2, and of version 1 by its names of the controller.
const HIERARCHIES: [&str; 3] = ["/sys/fs/cgroup", "/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/cpu,cpuacct"];
/// Groups of pods by their classes of service.
const CLASSES: [&str; 3] = ["kubepods/besteffort", "kubepods/burstable", "kubepods"];

/// The files that tell the CPU time of each server.
#[derive(Clone, Debug)]
pub struct Servers(BTreeMap<Side, PathBuf>);

impl Servers {
    /// Finds the pods of the testbed's namespace, and their control groups.
    pub fn find(namespace: &str) -> Result<Self> {
        let pods = pods(namespace)?;
        let file = |(side, app): (Side, &str)| -> Result<(Side, PathBuf)> {
            let uid =
                pods.get(app).with_context(|| format!("the testbed has no pod {app}: cargo testbed up"))?;
            let file = accounting(uid).with_context(|| {
                format!("the pod {app} ({uid}) has no control group below {}", HIERARCHIES.join(", "))
            })?;
            Ok((side, file))
        };
        SERVERS.into_iter().map(file).collect::<Result<_>>().map(Self)
    }

    /// Seconds of CPU time that each has had so far.
    pub fn seconds(&self) -> Result<BTreeMap<Side, f64>> {
        self.0.iter().map(|(side, file)| seconds(file).map(|seconds| (*side, seconds))).collect()
    }
}

/// UIDs of the running pods by their label `app`.
fn pods(namespace: &str) -> Result<BTreeMap<String, String>> {
    let arguments = ["get", "pods", "--namespace", namespace, "--output", "json"];
    let output = Command::new("kubectl").args(arguments).output().context("failed to start kubectl")?;
    ensure!(output.status.success(), "kubectl: {}", String::from_utf8_lossy(&output.stderr).trim());
    let list: Value = serde_json::from_slice(&output.stdout).context("kubectl did not print JSON")?;
    let pods = list["items"].as_array().context("kubectl printed no pods")?.iter();
    let running = pods.filter(|pod| pod["status"]["phase"] == "Running");
    let named = running.filter_map(|pod| {
        let metadata = &pod["metadata"];
        Some((metadata["labels"]["app"].as_str()?.to_owned(), metadata["uid"].as_str()?.to_owned()))
    });
    Ok(named.collect())
}

/// The file that tells the CPU time of a pod.
fn accounting(uid: &str) -> Option<PathBuf> {
    let groups = HIERARCHIES.iter().flat_map(|hierarchy| {
        CLASSES.iter().map(move |class| Path::new(hierarchy).join(class).join(format!("pod{uid}")))
    });
    let mut files = groups.flat_map(|group| [group.join("cpuacct.usage"), group.join("cpu.stat")]);
    files.find(|file| fs::read_to_string(file).is_ok_and(|text| parsed(&text).is_some()))
}

fn seconds(file: &Path) -> Result<f64> {
    let text = fs::read_to_string(file).with_context(|| {
        format!("failed to read {}: was the pod restarted during the measurement?", file.display())
    })?;
    match parsed(&text) {
        Some(seconds) => Ok(seconds),
        None => bail!("{} tells no CPU time", file.display()),
    }
}

/// `cpuacct.usage` is a number of nanoseconds, `cpu.stat` has a line with microseconds.
fn parsed(text: &str) -> Option<f64> {
    if let Ok(nanos) = text.trim().parse::<u64>() {
        return Some(float(nanos) / 1e9);
    }
    let micros = text.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
    Some(float(micros.trim().parse().ok()?) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn both_versions_of_control_groups_are_read() {
        assert_eq!(parsed("27127894883\n").map(|seconds| format!("{seconds:.3}")).as_deref(), Some("27.128"));
        let stat = "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n";
        assert_eq!(parsed(stat).map(|seconds| format!("{seconds:.3}")).as_deref(), Some("1.500"));
        assert!(parsed("nr_periods 0\n").is_none());
    }
}
