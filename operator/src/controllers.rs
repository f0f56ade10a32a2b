//! The controllers, one folder a kind. Each pass observes (I/O), plans (pure), applies, and states what it found (pure).
//!
//! - `start`: starts them all; `run_controller`, `run_view`: what runs of both kinds share; `retention`: what a deleted run left goes.

pub(crate) mod enrichment_run;
pub(crate) mod enrichment_schedule;
mod ingest_run;
pub(crate) mod ingest_source;
mod readable;
mod retention;
mod run_controller;
mod run_view;
pub(crate) mod start;
