//! Proposes a model from sample objects, without I/O.
//!
//! [`Samples`] takes in the objects: `observe` turns the elements of each (or the members, which `json` reads), as they
//! stream by, into the statistics of a `tree` of paths, with the forms that all values have (`kinds`). What is not
//! well-formed is read with as few repairs as it needs. From that,
//! `record` decides which elements are the records (or a [`Pattern`] does, which a person gave), `propose` makes fields
//! of their content with their types, `names` the names and `roles` which of them are id, headline, text and date; and
//! [`yaml`] writes the model with comments.
//!
//! Samples say little about what the next object lacks, and so nothing is required but an id that all have and no
//! two share, unless there are many samples.
//!
//! ```
//! use docmill_infer::{Samples, yaml};
//!
//! let mut samples = Samples::new(None);
//! for (id, title) in [(1, "Rates rise"), (2, "Rates fall")] {
//!     let object = format!("<item id='{id}'><title>{title}</title></item>");
//!     samples.add(object.as_bytes())?.expect("the sample is well-formed");
//! }
//! let (proposal, _) = samples.propose()?;
//! assert_eq!(proposal.record(), "/item");
//! assert_eq!(proposal.id_template().as_deref(), Some("{id}"));
//! assert!(yaml(&proposal).contains("name: title"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod html;
mod json;
mod kinds;
mod names;
mod namespaces;
mod observe;
mod pattern;
mod print;
mod proposal;
mod propose;
mod record;
mod roles;
mod samples;
#[cfg(test)]
mod tests;
mod tree;

pub use pattern::{Pattern, PatternFault};
pub use print::yaml;
pub use proposal::Proposal;
pub use propose::MOST_FIELDS;
pub use samples::{Nothing, Samples};
