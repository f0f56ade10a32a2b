//! The commands of `job-runner`: `work` runs in a pod; `convert` and `model` run locally, where a person
//! develops a model.

pub mod convert;
pub mod model;
pub mod work;

mod excerpt;
mod inputs;
mod lines;
#[cfg(test)]
mod scratch;

use std::error::Error;
use std::io::{self, Write};

/// Exit status when something was refused, and when a command cannot do its work.
const REFUSED: u8 = 1;
const UNUSABLE: u8 = 2;

/// Reports on standard error why a command cannot do its work.
fn complain(error: &(dyn Error + 'static)) {
    let chain = std::iter::successors(Some(error), |cause| (*cause).source()).map(ToString::to_string);
    // If this fails, there is nobody left to notify.
    let _ = writeln!(io::stderr(), "error: {}", chain.collect::<Vec<_>>().join(": "));
}
