//! Where documents are stored.
//!
//! [`indexer`] stores them where [`heads`] found by the rules of [`claim`] that they belong, in indices with the [`mapping`] that
//! [`articles`] gives them, of which [`new_indices`] lets a source make so many an hour; [`index_health`] and [`watch`] know which indices
//! have trouble, `outcomes` is what became of each document.

pub mod articles;
pub mod claim;
mod claim_error;
pub mod heads;
pub mod index_health;
pub mod indexer;
pub(crate) mod known_names;
pub mod mapping;
pub mod new_indices;
mod outcomes;
pub mod watch;
