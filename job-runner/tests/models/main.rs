//! Slices of enrichment runs against a real cluster (the one that `ES_RAW_URL` names) and model servers that fail on
//! demand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends by it")]

mod model_server;
mod protocols;
mod slice;
