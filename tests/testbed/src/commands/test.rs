//! `test`: every check of the repository, in the order in which they are cheap.

use std::{
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{
    command::tool,
    commands::{demo, env, up},
    home::{Home, checkout},
    host::toolchains,
    parts::{
        cargo::{PROFILE, cargo},
        cargo_deny,
    },
    progress::{failure, note, seconds},
    versions::Versions,
};

/// How one stage went.
pub(super) struct Outcome {
    stage: String,
    pub(super) passed: bool,
    took: Duration,
}

/// Runs all stages, also after one failed, and ends well only when all did.
pub(crate) fn run(home: &Home, arguments: &[String]) -> ExitCode {
    let mut outcomes = Vec::new();
    outcomes.push(outcome("format", || {
        let mut format = cargo(home)?;
        format.args(["fmt", "--check"]);
        passes(format)
    }));
    outcomes.push(outcome("lints", || {
        let mut lints = cargo(home)?;
        lints.args(["clippy", "--profile", PROFILE, "--workspace", "--locked", "--all-targets"]);
        lints.args(["--", "-D", "warnings"]);
        passes(lints)
    }));
    let ready = outcome("testbed", || up::run(home, None).map(|()| true));
    let is_ready = ready.passed;
    outcomes.push(ready);
    outcomes.push(outcome("dependencies", || dependencies(home)));
    outcomes.push(outcome("tests", || tests(home, is_ready, arguments)));
    // Who asks for some tests by name asks for no demo.
    if is_ready && arguments.is_empty() {
        outcomes.push(outcome("demo", || demonstration(home)));
    }
    summary(&outcomes)
}

/// The demo, as the README tells to run it, on the testbed that is up. What it leaves is what the next demo takes away.
fn demonstration(home: &Home) -> anyhow::Result<bool> {
    let mut demo = demo::program(home);
    demo.envs(env::settings(home)?);
    passes(demo)
}

/// Licences, sources and bans of all that is built in, by `deny.toml`. The database of its `[advisories]` is on GitHub alone,
/// which a machine that runs tests need not reach.
fn dependencies(home: &Home) -> anyhow::Result<bool> {
    let versions = Versions::read()?;
    let python = toolchains::ensure(home, &versions)?.python;
    let mut deny = tool(cargo_deny::ensure(home, &versions, &python)?);
    deny.current_dir(checkout()).args(["--locked", "check", "bans", "licenses", "sources"]);
    passes(deny)
}

/// How long damaged objects are tried, unless the environment says otherwise: `DOCMILL_FUZZ_SECONDS`.
const FUZZ: (&str, &str) = ("DOCMILL_FUZZ_SECONDS", "60");

/// How many tests run at a time, as the test harness calls it.
const THREADS: &str = "RUST_TEST_THREADS";

/// Has twice as many tests run at a time as there are cores, since those in the cluster mostly wait; the environment may say
/// otherwise.
pub(super) fn in_parallel(test: &mut Command) {
    if std::env::var_os(THREADS).is_none() {
        let threads = 2 * std::thread::available_parallelism().map_or(1, usize::from);
        test.env(THREADS, threads.to_string());
    }
}

/// All tests of the workspace in one run, those in the cluster among them; without a testbed, those that need none.
fn tests(home: &Home, is_ready: bool, arguments: &[String]) -> anyhow::Result<bool> {
    let mut test = cargo(home)?;
    test.args(["test", "--profile", PROFILE, "--workspace", "--locked", "--no-fail-fast"]);
    if std::env::var_os(FUZZ.0).is_none() {
        test.env(FUZZ.0, FUZZ.1);
    }
    in_parallel(&mut test);
    if is_ready {
        test.envs(env::settings(home)?);
    } else {
        test.args(["--lib", "--bins"]);
    }
    test.arg("--").args(arguments);
    passes(test)
}

/// The command's own output goes where ours goes.
pub(super) fn passes(mut command: Command) -> anyhow::Result<bool> {
    Ok(command.status().context("failed to start it")?.success())
}

/// Runs a stage, says how it went, and takes the time.
pub(super) fn outcome(stage: &str, run: impl FnOnce() -> anyhow::Result<bool>) -> Outcome {
    note(&format!("=== {stage}"));
    let started = Instant::now();
    let passed = run().unwrap_or_else(|error| {
        failure(&error);
        false
    });
    Outcome { stage: stage.to_owned(), passed, took: started.elapsed() }
}

/// Says how all stages went.
pub(super) fn summary(outcomes: &[Outcome]) -> ExitCode {
    for outcome in outcomes {
        let verdict = if outcome.passed { "passed" } else { "FAILED" };
        note(&format!("{verdict}  {:<12} {}", outcome.stage, seconds(outcome.took)));
    }
    if outcomes.iter().all(|outcome| outcome.passed) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
