//! Where enriched copies go.

pub(crate) mod compare;
mod index;
pub(crate) mod store;
pub mod vectors;
