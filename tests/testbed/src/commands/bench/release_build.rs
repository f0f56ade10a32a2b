//! The worker as it ships, and the program that measures it.

use std::path::PathBuf;

use crate::{
    command::{Failed, run_logged},
    home::Home,
    parts::cargo::{RELEASE, cargo},
};

/// The built programs.
#[derive(Debug)]
pub(super) struct Built {
    /// The worker.
    pub(super) job_runner: PathBuf,
    /// The program that measures.
    pub(super) bench: PathBuf,
}

/// The packages of `release/release.sh`: another choice could turn on other features of the worker's crates.
const SHIPPED: [&str; 6] =
    ["--package", "docmill-operator", "--package", "docmill-job-runner", "--package", "kubectl-docmill"];

/// Builds both. Without what is cached, that takes minutes.
pub(super) fn build(home: &Home) -> anyhow::Result<Built> {
    build_one(home, &SHIPPED, "job-runner")?;
    build_one(home, &["--package", "pipeline-bench"], "pipeline-bench")?;
    let programs = home.cargo_target().join(RELEASE);
    Ok(Built { job_runner: programs.join("job-runner"), bench: programs.join("pipeline-bench") })
}

fn build_one(home: &Home, packages: &[&str], program: &str) -> anyhow::Result<()> {
    let log = home.log("build-release")?;
    let mut build = cargo(home)?;
    build.args(["build", "--release", "--locked"]).args(packages).args(["--bin", program]);
    run_logged(&mut build, &log).map_err(|_| {
        let advice = "mend the error that the compiler shows, then run it again";
        Failed::with_log(format!("failed to build {program}"), &log).advice(advice).into()
    })
}
