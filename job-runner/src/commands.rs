//! The commands of `job-runner`: `work` runs in a pod; `convert` and `model` run locally, where a person
//! develops a model, and `completions` helps with typing them.

pub mod completions;
pub mod convert;
pub mod model;
pub mod work;

mod excerpt;
mod exit_status;
mod explainer;
mod inputs;
mod lines;
#[cfg(test)]
mod scratch;
