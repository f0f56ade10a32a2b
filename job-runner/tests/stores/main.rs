//! The worker's parts against a real object store and a real cluster: those that `S3_ENDPOINT` and `ES_RAW_URL` name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends by it")]
#![allow(clippy::large_futures, reason = "a test has a stack of its own")]

mod audit;
mod copy;
mod index_control;
mod run;
