//! Runs programs without holding up the other things that a test does at the time.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Whether it ended well.
    pub ok: bool,
    /// Its exit status; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Finished {
    /// What it wrote, or an error with its complaint.
    pub fn expect_ok(self, call: &str) -> Result<String> {
        if !self.ok {
            bail!("failed: {call}\n{}", self.stderr.trim());
        }
        Ok(self.stdout)
    }
}

/// Runs a program to its end, with a text as its input.
pub async fn run(program: &str, arguments: &[String], input: Option<&str>) -> Result<Finished> {
    let mut command = Command::new(program);
    command.args(arguments);
    let (program, input) = (program.to_owned(), input.map(str::to_owned));
    tokio::task::spawn_blocking(move || {
        run_blocking(command, input).with_context(|| format!("failed to run {program}: is it on the PATH?"))
    })
    .await?
}

fn run_blocking(mut command: Command, input: Option<String>) -> Result<Finished> {
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // Fed from a thread of its own, as the program may fill its output before it has read everything.
    let feeder = child.stdin.take().zip(input).map(|(mut pipe, input)| {
        std::thread::spawn(move || {
            // A program that ends without reading has said why on its other end.
            let _ = pipe.write_all(input.as_bytes());
        })
    });
    let output = child.wait_with_output()?;
    if let Some(feeder) = feeder {
        let _ = feeder.join();
    }
    Ok(Finished {
        ok: output.status.success(),
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::run;

    #[tokio::test]
    async fn input_output_and_the_way_it_ended_are_passed_on() {
        let script = ["-c".to_owned(), "cat; echo no >&2; exit 3".to_owned()];
        let finished = run("sh", &script, Some("yes")).await.expect("sh");
        assert_eq!((finished.ok, finished.stdout.as_str(), finished.stderr.as_str()), (false, "yes", "no\n"));
        assert!(finished.expect_ok("sh").is_err());
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = run("no-such-program", &[], None).await.expect_err("an error");
        assert!(error.to_string().contains("no-such-program"), "{error}");
    }
}
