//! The control groups that the kubelet makes for pods, and what else of the kernel a part depends on.

use std::{
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = "/sys/fs/cgroup";
/// The group of all pods.
const PODS: &str = "kubepods";
/// Bit of `CAP_SYS_RESOURCE` in capability sets, from capabilities(7).
const SYS_RESOURCE: u32 = 24;

/// Whether this user may lower a process's out-of-memory score.
pub(crate) fn may_lower_oom_score() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    effective_capabilities(&status).is_some_and(|set| set >> SYS_RESOURCE & 1 == 1)
}

fn effective_capabilities(status: &str) -> Option<u64> {
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(set.trim(), 16).ok()
}

/// Removes the groups; they must be empty of processes.
pub(crate) fn remove() {
    for group in groups() {
        remove_tree(&group);
    }
}

/// The groups that are there: in the one hierarchy of version 2, or in each controller's of version 1.
pub(crate) fn groups() -> Vec<PathBuf> {
    let controllers = fs::read_dir(ROOT).into_iter().flatten().flatten().map(|entry| entry.path());
    let hierarchies =
        controllers.filter(|path| path.is_dir() && !path.is_symlink()).chain([PathBuf::from(ROOT)]);
    hierarchies.map(|hierarchy| hierarchy.join(PODS)).filter(|group| group.is_dir()).collect()
}

/// A group's files cannot be removed and vanish with it: only folders are, from the leaves up.
fn remove_tree(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_capability_is_seen() {
        let without = effective_capabilities("Name:\tx\nCapEff:\t000001fffeffffff\n").expect("a set");
        assert_eq!(without >> SYS_RESOURCE & 1, 0);
        let with = effective_capabilities("CapEff:\t000001ffffffffff\n").expect("a set");
        assert_eq!(with >> SYS_RESOURCE & 1, 1);
    }
}
