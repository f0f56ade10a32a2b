//! The worker of Docmill, and what it is made of.
//!
//! - [`pipeline`]: the path of a document from bucket to index, module by module in travel order;
//! - [`ingest`]: a worker that takes units down that path until there are none;
//! - [`run`]: the workers of an `IngestRun`;
//! - [`enrich`]: a worker that sends documents of an index through models;
//! - [`stores`], [`elastic`], [`secrets`]: the services outside and the credentials for them (the operator uses these
//!   too, so that both reach the same thing in the same way);
//! - [`outbound`]: what may be asked at all, and how much is read of an answer;
//! - [`observe`]: what can be seen of a worker while it runs: metrics, status, logs;
//! - [`retry`], `pace`: waiting, and asking for less; [`clock`], [`cause`]: times as they are written, words for errors;
//! - [`commands`]: the command line.
pub mod commands;
pub mod enrich;
pub mod ingest;
pub mod observe;
pub mod pipeline;
pub mod run;
