//! What a careful team writes in Python: threads that receive, GET, convert by lxml and pydantic and PUT, and bulks of 500.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::contender::Contender;
use super::programs::Programs;
use crate::place::Place;
use crate::stores::Stores;

/// Threads that receive and convert. More are no faster on two cores.
const THREADS: &str = "16";

/// The command of the stack at a place, with these stores.
pub fn command(programs: &Programs, place: &Place, stores: &Stores) -> Result<Command> {
    let (python, stack) = programs.python.as_ref().context("the Python stack is not installed")?;
    let index = Contender::Python.index(place).unwrap_or_default();
    let mut command = Command::new(python);
    command
        .arg(stack)
        .args(["--s3", &stores.s3, "--sqs", &stores.sqs, "--elasticsearch", &stores.elastic])
        .args(["--queue", &place.queue_url(stores), "--index", &index, "--threads", THREADS])
        .args(["--snapshots", &place.snapshots_bucket(), "--errors", &place.errors_bucket()])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}
