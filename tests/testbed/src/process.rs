//! Long-lived processes of the testbed: started apart from the caller's terminal, and recorded so that the right one,
//! and no other, is stopped.
//!
//! A process is known by its id, its start time and the machine's boot: an id that was given away again is not ours.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::{
    command::{Failed, tool},
    home::Home,
};

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A started process, as it is kept on disk.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Record {
    /// Process id.
    pub(crate) pid: i32,
    start_time: u64,
    boot: String,
    words: Vec<String>,
}

impl Record {
    /// Whether exactly this process still runs.
    pub(crate) fn alive(&self) -> bool {
        boot_id().is_ok_and(|boot| boot == self.boot) && start_time(self.pid) == Some(self.start_time)
    }

    /// Asks the process to end, waits, and kills it when the time is over.
    pub(crate) fn stop(&self, patience: Duration) {
        for (signal, patience) in [(Signal::TERM, patience), (Signal::KILL, Duration::from_secs(5))] {
            if !self.alive() {
                return;
            }
            if let Some(pid) = Pid::from_raw(self.pid) {
                // It may have ended just now; the next look tells.
                let _ = kill_process(pid, signal);
            }
            wait_until(patience, || !self.alive());
        }
    }
}

/// What to start.
#[derive(Debug)]
pub(crate) struct Program {
    /// Name of the part: of its record and its log.
    pub(crate) name: &'static str,
    /// Path of the program.
    pub(crate) path: PathBuf,
    /// Its arguments.
    pub(crate) arguments: Vec<String>,
}

impl Program {
    /// Starts the program unless it runs with the same arguments already. Returns whether it was started.
    pub(crate) fn ensure(&self, home: &Home) -> anyhow::Result<bool> {
        if let Some(record) = recorded(home, self.name) {
            if record.alive() && record.words == self.words() {
                return Ok(false);
            }
            record.stop(Duration::from_secs(10));
        }
        let record = self.start(home)?;
        let path = record_path(home, self.name);
        fs::write(&path, serde_json::to_vec(&record)?)
            .with_context(|| format!("failed to write {}", path.display()))?;
        Ok(true)
    }

    fn words(&self) -> Vec<String> {
        std::iter::once(self.path.display().to_string()).chain(self.arguments.iter().cloned()).collect()
    }

    fn start(&self, home: &Home) -> anyhow::Result<Record> {
        let log = OpenOptions::new().create(true).append(true).open(home.log(self.name)?)?;
        // A session of its own: closing the terminal or Ctrl-C in it does not reach the process. As the child leads no
        // process group yet, setsid becomes the program without another fork, and the id stays.
        let child = tool("setsid")
            .arg(&self.path)
            .args(&self.arguments)
            .current_dir(home.state())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", self.path.display()))?;
        let pid = i32::try_from(child.id())?;
        let start_time = start_time(pid).with_context(|| format!("{} ended at once", self.name))?;
        Ok(Record { pid, start_time, boot: boot_id()?, words: self.words() })
    }
}

/// The record of a part, if it was ever started.
pub(crate) fn recorded(home: &Home, name: &str) -> Option<Record> {
    serde_json::from_slice(&fs::read(record_path(home, name)).ok()?).ok()
}

/// Stops a part and forgets it.
pub(crate) fn stop(home: &Home, name: &str, patience: Duration) {
    if let Some(record) = recorded(home, name) {
        record.stop(patience);
        let _ = fs::remove_file(record_path(home, name));
    }
}

/// Waits until a started part is ready; fails at once when it died, and when the time is over.
pub(crate) fn wait_ready(
    home: &Home,
    name: &str,
    patience: Duration,
    ready: impl Fn() -> bool,
) -> anyhow::Result<()> {
    let alive = || recorded(home, name).is_some_and(|record| record.alive());
    if wait_until(patience, || ready() || !alive()) && alive() {
        return Ok(());
    }
    let what = if alive() { "did not become ready" } else { "died" };
    let advice = "read the log, then run `cargo testbed down` and `cargo testbed up`";
    Err(Failed::with_log(format!("{name} {what}"), &home.log(name)?).advice(advice).into())
}

/// Looks again and again; false when the time is over.
pub(crate) fn wait_until(patience: Duration, done: impl Fn() -> bool) -> bool {
    let end = Instant::now() + patience;
    loop {
        if done() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// The id of the machine's current boot.
pub(crate) fn boot_id() -> anyhow::Result<String> {
    let path = Path::new("/proc/sys/kernel/random/boot_id");
    let id = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(id.trim().to_owned())
}

/// Ids and command lines of the processes whose command line holds this text.
pub(crate) fn with_words(text: &str) -> Vec<Record> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let ids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter_map(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<String> =
            String::from_utf8_lossy(&line).split_terminator('\0').map(str::to_owned).collect();
        let found = words.iter().any(|word| word.contains(text));
        let record =
            found.then(|| Some(Record { pid, start_time: start_time(pid)?, boot: boot_id().ok()?, words }));
        record.flatten()
    })
    .collect()
}

impl Record {
    /// The process's words, program first.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }
}

fn record_path(home: &Home, name: &str) -> PathBuf {
    home.in_state(&format!("processes/{name}.json"))
}

/// When the process started, in clock ticks after boot; nothing when it has ended, also as an unreaped one.
fn start_time(pid: i32) -> Option<u64> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Fields 3 (state) and 22 (starttime) of `proc_pid_stat(5)`; the name before them may hold spaces and brackets.
fn parse_stat(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18)?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_read_behind_any_name() {
        let rest = "S 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 98765 1000 50";
        assert_eq!(parse_stat(&format!("7 (a b) c) {rest}")), Some(98765));
        assert_eq!(parse_stat(&format!("7 (x) {}", rest.replacen('S', "Z", 1))), None);
        assert_eq!(parse_stat("nonsense"), None);
    }

    #[test]
    fn a_recycled_id_is_not_alive() {
        let pid = i32::try_from(std::process::id()).expect("a small id");
        let own = start_time(pid).expect("this process runs");
        let boot = boot_id().expect("a boot id");
        let record =
            |start_time, boot: &str| Record { pid, start_time, boot: boot.to_owned(), words: vec![] };
        assert!(record(own, &boot).alive());
        assert!(!record(own + 1, &boot).alive());
        assert!(!record(own, "another boot").alive());
    }
}
