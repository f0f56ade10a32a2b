//! `kubectl docmill`: answers where a document is and what failed, starts runs and follows them. It needs nothing but the
//! user's kubeconfig, or in a cluster the user's token.
//!
//! - [`cli`]: the command line; [`dispatch`]: from there to its command;
//! - [`commands`]: one file a command: it reads, calls a pure rendering, and prints;
//! - [`cluster`]: the resources of Docmill and its records API, by the kubeconfig;
//! - [`doctor`]: what `doctor` concludes, and what it advises;
//! - [`estimate`]: what sources and runs take;
//! - [`init`]: sources that fit samples;
//! - [`reproduce`]: the conversion of one object on this machine;
//! - [`output`]: tables, colour, JSON and YAML;
//! - [`runs`]: runs that are followed to their end;
//! - [`arguments`]: what arguments mean;
//! - [`failure`]: why a command could not do its work, and what to do next;
//! - [`exit_status`]: what scripts learn.
//!
//! Imports run `dispatch` → `cli` → `commands` → `runs` → `cluster`, `output` → `failure`. Renderings, selections and specs of runs are pure
//! functions of data.

pub mod arguments;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod dispatch;
pub mod doctor;
pub mod estimate;
pub mod exit_status;
pub mod failure;
pub mod init;
pub mod output;
pub mod reproduce;
pub mod runs;
