//! The target of enriched copies.

pub(crate) mod compare;
mod index;
pub(crate) mod store;
pub mod vectors;
