//! Where documents are stored.
//!
//! [`indexer`] stores them where [`heads`], by the rules of [`claim`], found that they belong, in indices
//! with the [`mapping`] that [`articles`] applies; [`new_indices`] limits how many indices a source may
//! create per hour; [`index_health`] and [`watch`] track which indices have trouble; `outcomes` holds what
//! became of each document.

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
