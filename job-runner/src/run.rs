//! Workers of an `IngestRun`: one selects the units and writes them down as a manifest, the others share its files.
//!
//! - [`context`]: the order and the stores, for every step;
//! - [`manifest`]: the files of a run in the snapshot bucket, and what is in them;
//! - [`listing`]: what lies in a bucket;
//! - [`shadow`], [`audit`]: the modes that only look.

pub mod audit;
pub mod context;
mod error;
pub mod listing;
pub mod manifest;
pub mod shadow;

pub use context::RunContext;
pub use docmill_crds::run_ledger::Tally;
pub use error::RunError;
pub use manifest::{FileResult, KeyRange, ManifestLine};
