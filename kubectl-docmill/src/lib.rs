//! `kubectl docmill`: answers where a document is and what failed, starts runs and follows them. It needs nothing but the
//! user's kubeconfig.
//!
//! - [`cli`]: the command line;
//! - [`commands`]: one file a command: it reads, calls a pure rendering, and prints;
//! - [`cluster`]: the resources of Docmill and its records API, by the kubeconfig;
//! - [`doctor`]: what `doctor` concludes, and what it advises;
//! - [`output`]: tables, colour, JSON and YAML;
//! - [`target`]: what the argument of a command means;
//! - [`failure`]: why a command could not do its work, and what to do next;
//! - [`exit_status`]: what scripts learn.
//!
//! Imports run `commands` → `cluster`, `output` → `failure`. Only `commands` and `cluster` perform I/O.

pub mod cli;
pub mod cluster;
pub mod commands;
pub mod doctor;
pub mod exit_status;
pub mod failure;
pub mod output;
pub mod target;
