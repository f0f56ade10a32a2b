//! Models of all protocols but the Open Inference Protocol (`slice.rs` has that), and functions without a server.

mod bed;
mod builtins;
mod calls;
mod chat;
mod embeddings;
mod lengths;
mod server;
