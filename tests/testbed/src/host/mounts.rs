//! Mounts under the testbed's folder: pods' volumes, containers' root file systems, shared memory.

use std::{fs, path::Path};

use crate::command::{output, tool};

/// Unmounts everything under a folder, the innermost first.
pub(crate) fn remove_under(folder: &Path) {
    for point in under(folder) {
        if output(tool("umount").arg(&point)).is_err() {
            let _ = output(tool("umount").arg("--lazy").arg(&point));
        }
    }
}

/// Mount points under a folder, the innermost first.
pub(crate) fn under(folder: &Path) -> Vec<String> {
    parse(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default(), folder)
}

/// Field 5 of `proc_pid_mountinfo(5)`, where blanks are written as octal numbers.
fn parse(mountinfo: &str, folder: &Path) -> Vec<String> {
    let points = mountinfo.lines().filter_map(|line| line.split(' ').nth(4));
    let mut points: Vec<String> = points
        .map(|point| point.replace("\\040", " "))
        .filter(|point| Path::new(point).starts_with(folder))
        .collect();
    points.reverse();
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_come_innermost_first_and_only_from_the_folder() {
        let info = "1 0 0:1 / / rw - ext4 d rw\n2 1 0:2 / /s/a rw - tmpfs t rw\n3 2 0:3 / /s/a/b\\040c rw - tmpfs t rw\n4 1 0:4 / /sx rw - tmpfs t rw\n";
        assert_eq!(parse(info, Path::new("/s")), ["/s/a/b c", "/s/a"]);
    }
}
