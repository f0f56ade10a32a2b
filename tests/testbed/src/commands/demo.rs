//! `demo`: the main job from end to end, on the testbed or on a cluster that the user has, to which the demo brings the
//! stores of charts/docmill-sandbox.

use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::{
    commands::{env, up},
    home::{Home, checkout},
    parts::{cargo::programs, product},
    progress::step,
};

/// Runs the demo and ends as it does.
pub(crate) fn run(home: &Home, context: Option<&str>, image: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut demo = program(home);
    if let Some(context) = context {
        step("build the demo", || product::build(home))?;
        demo.env("DOCMILL_CONTEXT", context);
        if let Some(image) = image {
            demo.env("DOCMILL_IMAGE", image);
        }
    } else {
        up::run(home, None)?;
        demo.envs(env::settings(home)?);
    }
    let status = demo.status().context("failed to start the demo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The program, which does not know yet where the cluster and the stores are.
pub(super) fn program(home: &Home) -> Command {
    let mut demo = Command::new(programs(home).join("demo"));
    demo.current_dir(checkout());
    demo
}
