//! Where documents are stored.
//!
//! [`indexer`] stores them where [`heads`], by the rules of [`claim`], found that they belong, in indices
//! with the [`mapping`] that [`articles`] applies, to new ones by a `template` and to `existing` ones as far as they
//! take it; [`index_creation_limit`] limits how many indices a source may
//! create per hour; [`index_health`] and [`bulk_policy`] track which indices have trouble; `outcomes` holds what
//! became of each document; `write_window` tells whether a newer unit can have been overlooked meanwhile.

pub mod articles;
pub mod bulk_policy;
pub mod claim;
mod claim_error;
mod existing;
pub mod heads;
pub mod index_creation_limit;
pub mod index_health;
pub mod indexer;
pub(crate) mod known_names;
pub mod mapping;
mod outcomes;
mod template;
mod write_window;
