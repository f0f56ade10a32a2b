//! The API server: how it is reached and written to, who may write, and for whom.

pub mod api_client;
pub mod apply;
pub mod cluster;
pub mod leader;
pub mod rules;
