//! The memory of a pod whose node is this machine, by the control groups that the kubelet makes.

use std::fs;
use std::path::Path;

use k8s_openapi::api::core::v1::Pod;

use crate::process_status;

/// Where control groups of memory are: of version 2, and of version 1.
const HIERARCHIES: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/memory"];
/// Groups of pods by their classes of service.
const CLASSES: [&str; 3] = ["kubepods/besteffort", "kubepods/burstable", "kubepods"];
/// The file with the ids of a group's processes, a line each.
const PROCESSES: &str = "cgroup.procs";

/// The most memory that a running process of a pod has had so far, in KiB; `None` if none runs on this machine. The group's
/// own peak says less: the page cache is in it.
pub(super) fn peak_kibibytes(pod: &Pod) -> Option<u64> {
    let uid = pod.metadata.uid.as_deref()?;
    let groups = HIERARCHIES.iter().flat_map(|hierarchy| {
        CLASSES.iter().map(move |class| Path::new(hierarchy).join(class).join(format!("pod{uid}")))
    });
    let containers = groups.flat_map(fs::read_dir).flatten().flatten();
    let processes =
        containers.filter_map(|container| fs::read_to_string(container.path().join(PROCESSES)).ok());
    processes.filter_map(|ids| most(&ids)).max()
}

fn most(ids: &str) -> Option<u64> {
    // A process may end meanwhile.
    ids.lines().filter_map(|id| process_status::peak_kibibytes(id.parse().ok()?).ok()).max()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;

    use super::{most, peak_kibibytes};

    #[test]
    fn the_largest_process_counts_and_what_has_ended_does_not() {
        let own = std::process::id();
        assert!(most(&format!("{own}\n{}\n", u32::MAX)).is_some_and(|peak| peak > 0));
        assert_eq!(most(""), None);
    }

    #[test]
    fn a_pod_of_another_machine_has_no_peak() {
        let mut pod = Pod::default();
        assert_eq!(peak_kibibytes(&pod), None);
        pod.metadata.uid = Some("nowhere".into());
        assert_eq!(peak_kibibytes(&pod), None);
    }
}
