//! Programs of the product as processes of this machine, and their logs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::process_status;

/// How many lines of a log are of interest.
const LINES_SHOWN: usize = 12;

/// What processes of this machine may ask although it is denied by default: stores and proxies are on this machine too.
pub(super) const THIS_MACHINE: &str = "127.0.0.0/8,localhost";

/// A process. It is killed with this.
pub(super) struct Process(pub(super) Child);

impl Process {
    /// Starts a program, whose output goes to a file.
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("failed to make {}", log.display()))?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn();
        let program = || format!("failed to start {}", command.get_program().display());
        Ok(Self(child.with_context(program)?))
    }

    /// The most memory that it has had so far, in KiB.
    pub(super) fn peak_kibibytes(&self) -> Result<u64> {
        process_status::peak_kibibytes(self.0.id())
    }

    /// A line of `proc_pid_status(5)`.
    pub(super) fn status(&self, name: &str) -> Result<String> {
        process_status::line(self.0.id(), name)
    }

    /// SIGKILL: not one instruction more.
    pub(super) fn kill(mut self) -> Result<()> {
        ensure!(self.0.try_wait()?.is_none(), "the process had ended before it was killed");
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that cargo built beside these tests.
pub(super) fn program(name: &str) -> Result<PathBuf> {
    let tests = std::env::current_exe()?;
    let folder = tests.ancestors().nth(2).context("the tests lie in no target folder")?;
    let program = folder.join(name);
    ensure!(
        program.exists(),
        "{} is missing: build it with the tests' own profile, cargo build --profile testing --workspace",
        program.display()
    );
    Ok(program)
}

/// The last lines of each log in a folder.
pub(super) fn tails(folder: &Path) -> String {
    let logs = fs::read_dir(folder).into_iter().flatten().flatten().map(|log| log.path());
    let logs = logs.filter(|log| log.extension().is_some_and(|extension| extension == "log"));
    let tails: Vec<String> = logs.map(|log| format!("--- {}\n{}", log.display(), tail(&log))).collect();
    tails.concat()
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_else(|error| error.to_string());
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n") + "\n"
}
