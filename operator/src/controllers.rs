//! The controllers, one folder per kind, and one for both kinds of schedules. Each reconcile observes (I/O),
//! plans (pure), applies, and computes the status (pure).
//!
//! - `start`: starts them all, in each scope (`k8s::scope`); `views`: what the watches of a scope have seen;
//! - `connection`: both kinds of connections;
//! - `request_limits`: the limits of connections, and who shares them;
//! - `run_controller`, `run_job`, `run_status`: what runs of both kinds share;
//! - `retention`: removes what deleted runs left behind, and records that have expired.

mod connection;
pub(crate) mod conversion_model;
pub(crate) mod enrichment_run;
mod ingest_run;
pub(crate) mod ingest_source;
mod readable;
mod reconcile_limit;
mod request_limits;
mod retention;
mod run_controller;
mod run_job;
mod run_status;
pub(crate) mod schedule;
pub(crate) mod start;
mod views;
