//! What Linux tells of a process, as `proc_pid_status(5)` has it.

use std::fs;

use anyhow::{Context as _, Result};

/// The most memory that a process has had so far, in KiB (`VmHWM`).
pub fn peak_kibibytes(id: u32) -> Result<u64> {
    Ok(line(id, "VmHWM")?.trim_end_matches(" kB").parse()?)
}

/// What stands behind a name.
pub fn line(id: u32, name: &str) -> Result<String> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(key, _)| *key == name).context("the process has ended")?;
    Ok(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{line, peak_kibibytes};

    #[test]
    fn this_process_has_memory_and_no_line_of_another_name() {
        let id = std::process::id();
        assert!(peak_kibibytes(id).expect("a number") > 0);
        assert!(line(id, "VmHWMs").is_err());
    }
}
