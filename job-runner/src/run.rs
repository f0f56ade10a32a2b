//! Workers of an `IngestRun`: one selects the units and writes them down as a manifest, the others share its files.
//!
//! - [`context`]: the order and the stores, for every step;
//! - [`manifest`]: the files of a run in the snapshot bucket, and what is in them; `files` reads and writes them;
//! - `plan`: selects: from a [`listing`] of the bucket, or from the ledger, by the rules of [`select`]; [`growing`]: where
//!   keys only grow; `writer`: the manifest, as it grows;
//! - `work`: one part of the manifest, file by file; `mode`: what each mode does with a file; `units` and [`outcome`]:
//!   those that ingest; [`shadow`], [`audit`]: those that look;
//! - `records`: how far the run is, beside the ledger; `report`: what came of it, at the end.

pub mod audit;
pub mod context;
mod error;
mod files;
pub mod listing;
pub mod manifest;
mod patience;
pub mod plan;
mod records;
pub mod shadow;
mod steps;
pub mod work;

pub use context::RunContext;
pub use docmill_crds::records::runs::Tally;
pub use error::RunError;
pub use manifest::{FileResult, KeyRange, ManifestLine};
pub use steps::run;
