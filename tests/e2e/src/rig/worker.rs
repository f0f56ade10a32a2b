//! A worker as a process of this machine.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use docmill_crds::contract::{
    ENDPOINTS_ALLOW_RESERVED_ENV, POD_NAME_ENV, SLICE_ENV, WORK_ORDER_ENV, WORKER_MEMORY_ENV,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::process::{Process, THIS_MACHINE, program};
use crate::env::Env;
use crate::wait::{Look, until};

/// How often a worker is looked at whose memory or time is measured.
const CLOSELY: Duration = Duration::from_millis(10);

/// How long a process may take from its start to its signal handlers.
const LISTENING: Duration = Duration::from_secs(30);
/// SIGTERM is signal 15, the lowest bit is signal 1.
const TERM_BIT: u64 = 1 << 14;

/// The most memory that a worker may have, whatever it works on, in KiB.
const MOST_KIBIBYTES: u64 = 128 * 1024;

/// A worker as a process of this machine. It is killed with this.
pub struct Worker(Process);

impl Worker {
    pub(super) fn start(
        env: &Env,
        name: &str,
        order: &Value,
        environment: &[(&str, String)],
        log: &Path,
    ) -> Result<Self> {
        let mut command = Command::new(program("job-runner")?);
        command
            .arg("work")
            .env(WORK_ORDER_ENV, order.to_string())
            .env(POD_NAME_ENV, name)
            .env(SLICE_ENV, "0")
            .envs(WORKER_MEMORY_ENV)
            .env(ENDPOINTS_ALLOW_RESERVED_ENV, THIS_MACHINE)
            .envs(environment.iter().cloned())
            .env("AWS_ACCESS_KEY_ID", &env.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &env.secret_access_key);
        Process::start(&mut command, log).map(Self)
    }

    /// SIGKILL: not one instruction more.
    pub fn kill(self) -> Result<()> {
        self.0.kill()
    }

    /// SIGTERM: asks it to end, as soon as it listens.
    pub async fn ask_to_end(&self) -> Result<()> {
        until("a worker that listens for SIGTERM", LISTENING, async || {
            let caught = u64::from_str_radix(&self.0.status("SigCgt")?, 16)?;
            Ok(Look::holds(caught & TERM_BIT != 0, "it does not yet"))
        })
        .await?;
        let id = Pid::from_raw(i32::try_from(self.0.0.id())?).context("no process id")?;
        Ok(kill_process(id, Signal::TERM)?)
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self, limit: Duration) -> Result<ExitStatus> {
        until("the end of the worker", limit, async || {
            Ok(match self.0.0.try_wait()? {
                Some(status) => Look::Done(status),
                None => Look::NotYet("it runs".into()),
            })
        })
        .await
    }

    /// Waits until it has ended by itself. Gives the most memory that it was seen to have too, in KiB.
    pub async fn watched_until_its_end(&mut self, limit: Duration) -> Result<(u64, ExitStatus)> {
        let watching = async {
            let mut peak = 0;
            loop {
                // The last look is before its end: of a process that has ended, nobody knows it any more.
                peak = self.peak_kibibytes().unwrap_or(peak);
                if let Some(status) = self.0.0.try_wait()? {
                    return Ok((peak, status));
                }
                tokio::time::sleep(CLOSELY).await;
            }
        };
        tokio::time::timeout(limit, watching).await.context("the worker has not ended in time")?
    }

    /// Asks it to end, and checks that it ends well and was never large.
    pub async fn end(mut self, limit: Duration) -> Result<()> {
        is_small(self.peak_kibibytes()?)?;
        self.ask_to_end().await?;
        let status = self.ended(limit).await?;
        ensure!(status.success(), "the worker ended with {status}");
        Ok(())
    }

    /// The most memory that it has had so far, in KiB.
    pub fn peak_kibibytes(&self) -> Result<u64> {
        self.0.peak_kibibytes()
    }
}

/// Whether a worker kept to the memory that it may have.
pub fn is_small(peak_kibibytes: u64) -> Result<()> {
    ensure!(peak_kibibytes < MOST_KIBIBYTES, "the worker had {peak_kibibytes} KiB");
    Ok(())
}
