//! `bench`: what a part of the product costs, measured on the testbed.

mod python_stack;
mod release_build;

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::Context as _;
use clap::Args;

use crate::{
    command::{output, tool},
    commands::{env, up},
    home::{Home, checkout},
    host::toolchains,
    parts::cargo::programs,
    progress::{failure, note, step},
    versions::Versions,
};

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What the operator costs at rest, and how fast it starts.
    #[arg(long)]
    operator: bool,
    /// For so many `IngestSource`s, of which nine of ten are suspended; several numbers by commas.
    #[arg(long, value_delimiter = ',', default_value = "100,1000", requires = "operator")]
    sources: Vec<u32>,
    /// What an article costs in ledgers of different sizes.
    #[arg(long, conflicts_with = "operator")]
    growth: bool,
    /// The sizes: numbers of units by commas, the smallest first.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,1000000", requires = "growth")]
    units: Vec<u32>,
    /// Articles of each turn.
    #[arg(long, conflicts_with = "operator")]
    articles: Option<u32>,
    /// Rounds, in each of which the worker, the Python stack and the bare servers have a turn.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Begin no further round that would end after so many minutes.
    #[arg(long, default_value_t = 12)]
    minutes: u64,
    /// Leave the Python stack out.
    #[arg(long)]
    no_python: bool,
    /// Folder for tables, JSON and pictures [default: bench in the testbed's folder].
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Runs the measurements, and ends as they do.
pub(crate) fn run(home: &Home, bench: &Bench) -> anyhow::Result<ExitCode> {
    up::run(home, None)?;
    if bench.operator { operator(home, &bench.sources) } else { pipeline(home, bench) }
}

fn operator(home: &Home, sources: &[u32]) -> anyhow::Result<ExitCode> {
    let mut measurement = Command::new(programs(home).join("operator-bench"));
    measurement.args(sources.iter().map(ToString::to_string));
    measured(home, measurement)
}

/// With the programs as they ship, which are built first.
fn pipeline(home: &Home, bench: &Bench) -> anyhow::Result<ExitCode> {
    let versions = Versions::read()?;
    let built = step("build the programs as they ship", || release_build::build(home))?;
    let out = bench.out.clone().unwrap_or_else(|| home.cache().join("bench"));
    let mut measurement = Command::new(&built.bench);
    measurement.arg(if bench.growth { "growth" } else { "pipeline" });
    measurement.arg("--job-runner").arg(&built.job_runner).arg("--out").arg(out);
    for (name, version) in told_versions(&versions) {
        measurement.args(["--version-of", &format!("{name}={version}")]);
    }
    if let Some(articles) = bench.articles {
        measurement.args(["--articles", &articles.to_string()]);
    }
    if bench.growth {
        let units: Vec<String> = bench.units.iter().map(ToString::to_string).collect();
        measurement.args(["--units", &units.join(",")]);
        return measured(home, measurement);
    }
    measurement.args(["--rounds", &bench.rounds.to_string(), "--minutes", &bench.minutes.to_string()]);
    if let Some(python) = python(home, &versions, bench.no_python) {
        let stack = checkout().join("tests/bench/python/stack.py");
        measurement.arg("--python").arg(python).arg("--stack").arg(stack);
    }
    measured(home, measurement)
}

/// An interpreter with the stack's packages; none where they cannot be installed, which costs no other figure.
fn python(home: &Home, versions: &Versions, left_out: bool) -> Option<PathBuf> {
    if left_out {
        return None;
    }
    let found = toolchains::ensure(home, versions).map(|toolchains| toolchains.python);
    found
        .and_then(|python| python_stack::ensure(home, versions, &python))
        .inspect_err(|error| {
            failure(error);
            note("LEFT OUT: the Python stack");
        })
        .ok()
}

/// What the measurement does not find out by itself.
fn told_versions(versions: &Versions) -> Vec<(&'static str, String)> {
    let mut git = tool("git");
    git.current_dir(checkout()).args(["describe", "--always", "--dirty", "--abbrev=10"]);
    let commit = output(&mut git).map_or_else(|_| "unknown".to_owned(), |commit| commit.trim().to_owned());
    vec![
        ("Docmill", commit),
        ("versitygw", versions.versitygw.clone()),
        ("ElasticMQ", versions.elasticmq.clone()),
        ("Python stack:", versions.python_stack.join(", ").replace("==", " ")),
    ]
}

fn measured(home: &Home, mut measurement: Command) -> anyhow::Result<ExitCode> {
    measurement.current_dir(checkout()).envs(env::settings(home)?);
    let status = measurement.status().context("failed to start the measurement")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
