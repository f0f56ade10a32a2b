//! A contender as a process of this machine.
//!
//! A process rather than a pod: it is the shipped program with the work order that a pod would get, its CPU time and memory
//! are the kernel's own figures of this one process to its end, and neither probes of a kubelet nor the making of a sandbox
//! are in them. The servers are the testbed's pods either way.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::float::float;

/// Ticks a second in `/proc` (`USER_HZ`), the same on every architecture of Linux.
const TICKS: f64 = 100.0;
/// How long a process may take to end when it is asked to. A worker's long poll is two seconds.
const ENDING: Duration = Duration::from_secs(10);
/// How often a process that was asked to end is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How many lines of a log tell of a failure.
const LINES_SHOWN: usize = 15;

/// What a look at a process found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// CPU time so far.
    pub cpu_seconds: f64,
    /// Whether it has ended by itself.
    pub ended: bool,
}

/// A process. It is killed with this unless it was asked to end before.
pub struct Process {
    child: Child,
    log: PathBuf,
    peak_kibibytes: u64,
}

impl Process {
    /// Starts a program, whose output goes to a file.
    pub fn start(command: &mut Command, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("failed to make {}", log.display()))?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn();
        let program = || format!("failed to start {}", command.get_program().display());
        Ok(Self { child: child.with_context(program)?, log, peak_kibibytes: 0 })
    }

    /// CPU time and whether it runs. A process that has ended keeps its figures, as nobody has waited for it yet.
    pub fn look(&mut self) -> Result<Look> {
        let folder = Path::new("/proc").join(self.child.id().to_string());
        if let Ok(status) = fs::read_to_string(folder.join("status")) {
            self.peak_kibibytes = peak(&status).unwrap_or_default().max(self.peak_kibibytes);
        }
        let stat = fs::read_to_string(folder.join("stat")).context("the process is gone")?;
        parsed(&stat).context("the kernel's figures of the process have another form than expected")
    }

    /// The most memory that it was seen to have.
    pub const fn peak_kibibytes(&self) -> u64 {
        self.peak_kibibytes
    }

    /// Fails unless it has ended well. To be asked of a process that has ended.
    pub fn check(&mut self) -> Result<()> {
        let status = self.child.wait()?;
        ensure!(status.success(), "the process ended with {status}; its log ends with:\n{}", self.said());
        Ok(())
    }

    /// Asks it to end and waits until it has; one that does not is killed. A queue gives messages to a long poll whose
    /// client is gone, and has them back only when their time is over, so a measurement that follows would wait for them.
    pub async fn end(mut self) -> Result<()> {
        let pid =
            i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no id of a process")?;
        // It may have ended by itself.
        let _ = kill_process(pid, Signal::TERM);
        let began = Instant::now();
        while self.child.try_wait()?.is_none() && began.elapsed() < ENDING {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// The end of its log.
    pub fn said(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_else(|error| error.to_string());
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(LINES_SHOWN)).copied().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// State, user and system time of `proc_pid_stat(5)`; the name before them may hold spaces and brackets.
fn parsed(stat: &str) -> Option<Look> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    let mut times = fields.skip(10).map(str::parse::<u64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some(Look { cpu_seconds: float(user + system) / TICKS, ended: matches!(state, "Z" | "X") })
}

/// `VmHWM` of `proc_pid_status(5)`, which a process that has ended no longer has.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{parsed, peak};

    #[test]
    fn figures_are_read_behind_any_name() {
        let rest = "S 1 7 7 0 -1 4194560 1 0 0 0 150 50 9 9 20 0 9 0 98765 1000 50";
        let look = parsed(&format!("7 (a b) c) {rest}")).expect("figures");
        assert!(!look.ended && (look.cpu_seconds - 2.0).abs() < 1e-9, "{look:?}");
        assert!(parsed(&format!("7 (x) {}", rest.replacen('S', "Z", 1))).is_some_and(|look| look.ended));
        assert!(parsed("nonsense").is_none());
    }

    #[test]
    fn the_peak_of_memory_is_read() {
        assert_eq!(peak("Name:\tx\nVmHWM:\t   53124 kB\n"), Some(53_124));
        assert_eq!(peak("Name:\tx\n"), None);
    }
}
