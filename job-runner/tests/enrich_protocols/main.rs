//! Models of all protocols but the Open Inference Protocol (`enrich.rs` has that), and functions without a server: a
//! slice against a real cluster (the one that `ES_RAW_URL` names) and servers that fail on demand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends by it")]

mod bed;
mod builtins;
mod calls;
mod chat;
mod embeddings;
mod lengths;
mod server;
