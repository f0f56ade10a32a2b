//! Calls of other programs, and what is told when one fails.

use std::{
    env,
    ffi::OsStr,
    fmt,
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;

const TAIL_LINES: usize = 30;

/// A step that failed: what, what its log ends with, and what the person can do.
#[derive(Debug)]
pub(crate) struct Failed {
    what: String,
    log: Option<PathBuf>,
    output: String,
    advice: Option<String>,
}

impl Failed {
    /// A failure whose details are the end of this log.
    pub(crate) fn with_log(what: impl Into<String>, log: &Path) -> Self {
        Self { what: what.into(), log: Some(log.to_owned()), output: tail(log), advice: None }
    }

    /// A failure whose details are this text.
    pub(crate) fn with_output(what: impl Into<String>, output: impl Into<String>) -> Self {
        Self { what: what.into(), log: None, output: output.into(), advice: None }
    }

    /// Adds what the person can do.
    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The lines below the error: the end of the log, and the advice.
    pub(crate) fn details(&self) -> String {
        let mut text = String::new();
        if !self.output.is_empty() {
            let from =
                self.log.as_ref().map_or_else(|| "it said".to_owned(), |log| log.display().to_string());
            text = format!("--- {from}\n{}\n---", self.output.trim_end());
        }
        if let Some(advice) = &self.advice {
            text = format!("{text}\nWhat to do: {advice}");
        }
        text
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl std::error::Error for Failed {}

/// A program of the system, also one that lies where only root's shells look.
pub(crate) fn tool(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    let path = env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    command.env("PATH", format!("{path}:/usr/local/sbin:/usr/sbin:/sbin"));
    command
}

/// The last lines of a log; empty when it cannot be read.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    last_lines(&text, TAIL_LINES).to_owned()
}

fn last_lines(text: &str, count: usize) -> &str {
    let text = text.trim_end();
    let start = text.rmatch_indices('\n').nth(count - 1).map_or(0, |(at, _)| at + 1);
    &text[start..]
}

/// Runs a program to its end with its output in a log.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> anyhow::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("failed to open {}", log.display()))?;
    writeln!(file, "$ {}", shown(command))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file.try_clone()?)
        .status()
        .with_context(|| format!("failed to start {}", name(command)))?;
    if status.success() {
        return Ok(());
    }
    // A killed program says nothing itself.
    writeln!(file, "{status}")?;
    Err(Failed::with_log(format!("{} failed ({status})", name(command)), log).into())
}

/// Runs a program to its end and returns what it printed.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {}", name(command)))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Failed::with_output(format!("{} failed ({})", shown(command), output.status), said).into())
}

/// Runs a program with this text as its input.
pub(crate) fn feed(command: &mut Command, input: &str) -> anyhow::Result<()> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start {}", name(command)))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Failed::with_output(format!("{} failed ({})", shown(command), output.status), said).into())
}

/// Whether a program can be run and says that all is well.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_whole() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a\nb", 5), "a\nb");
        assert_eq!(last_lines("", 5), "");
    }

    #[test]
    fn a_failure_tells_what_it_said_and_what_to_do() {
        let failed = Failed::with_output("mvn failed", "no route to host\n").advice("check the network");
        assert_eq!(failed.to_string(), "mvn failed");
        assert_eq!(failed.details(), "--- it said\nno route to host\n---\nWhat to do: check the network");
    }
}
