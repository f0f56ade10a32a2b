//! The target of enriched copies.

pub(crate) mod compare;
pub(crate) mod guard;
mod index;
pub(crate) mod store;
pub mod vectors;
