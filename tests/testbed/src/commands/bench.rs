//! `bench`: what a part of the product costs, measured on the testbed.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};

use crate::{
    commands::{env, up},
    home::{Home, checkout},
    parts::cargo::programs,
};

/// Runs the measurements for each of these numbers of sources, and ends as they do.
pub(crate) fn run(home: &Home, operator: bool, sources: &[u32]) -> anyhow::Result<ExitCode> {
    ensure!(operator, "name what to measure: cargo testbed bench --operator");
    up::run(home, None)?;
    let mut bench = Command::new(programs(home).join("operator-bench"));
    bench.current_dir(checkout()).envs(env::settings(home)?);
    let status = bench.args(sources.iter().map(ToString::to_string)).status();
    let status = status.context("failed to start the measurement")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
