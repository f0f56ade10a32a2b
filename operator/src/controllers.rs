//! The controllers, one folder per kind. Each reconcile observes (I/O), plans (pure), applies, and computes
//! the status (pure).
//!
//! - `start`: starts them all;
//! - `connection`: both kinds of connections;
//! - `run_controller`, `run_job`, `run_status`: what runs of both kinds share;
//! - `retention`: removes what deleted runs left behind.

mod connection;
pub(crate) mod enrichment_run;
pub(crate) mod enrichment_schedule;
mod ingest_run;
pub(crate) mod ingest_source;
mod readable;
mod reconcile_limit;
mod retention;
mod run_controller;
mod run_job;
mod run_status;
pub(crate) mod start;
