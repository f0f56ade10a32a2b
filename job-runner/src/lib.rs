//! The worker of Docmill, and what it is made of.
//!
//! - [`ingest`]: the path of a document from bucket to index, and the worker that takes units down it;
//! - [`run`]: the workers of an `IngestRun`;
//! - [`enrich`]: a worker that sends documents of an index through models;
//! - [`observe`]: what can be seen of a worker while it runs: metrics, status, spans;
//! - [`commands`]: the command line.
//!
//! Bytes become documents in `docmill-convert`, and stores are reached through `docmill-clients`, which the operator uses
//! too, so that both reach the same thing in the same way.

pub mod commands;
pub mod enrich;
mod gather;
pub mod ingest;
pub mod observe;
pub mod run;
