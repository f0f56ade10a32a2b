//! The worker of Docmill, and its parts.
//!
//! - [`ingest`]: the path of a document from bucket to index, and the worker that takes units down it;
//! - [`run`]: the workers of an `IngestRun`;
//! - [`enrich`]: a worker that sends documents of an index through models;
//! - [`telemetry`]: the observability of a running worker: metrics, status, spans;
//! - [`commands`]: the command line.
//!
//! Bytes become documents in `docmill-convert`, and stores are reached through `docmill-clients`, which the
//! operator uses too, so that both reach the same systems in the same way.

mod batching;
pub mod commands;
pub mod enrich;
pub mod ingest;
mod record_version;
pub mod run;
pub mod telemetry;
mod unit_outcome;
