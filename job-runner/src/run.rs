//! Workers of an `IngestRun`: one selects the units and writes them as a manifest, the others share its
//! files.
//!
//! - [`context`]: the order and the stores, for every step; `steps`: the step of this pod;
//! - [`manifest`]: the files of a run in the snapshot bucket, and their content; `files` reads and writes
//!   them;
//! - [`plan`]: selects, from a listing of the bucket or from the ledger, and writes the manifest as it
//!   grows;
//! - [`process`]: one part of the manifest, file by file, and what each mode does with a file;
//! - [`shadow`], [`audit`]: the modes that compare; `forget`: the mode that erases;
//! - `daily_manifest`: the mode that states what became of the objects of a day;
//! - `probe`: the mode that asks the stores for what workers need;
//! - `report`: merges what the files of a run report;
//! - `records`: the progress of the run, beside the ledger.

pub mod audit;
pub mod context;
mod daily_manifest;
mod error;
mod files;
mod forget;
pub mod manifest;
pub mod plan;
mod probe;
pub mod process;
mod records;
mod report;
mod retry_policy;
pub mod shadow;
mod steps;

pub use context::RunContext;
pub use docmill_crds::records::runs::Tally;
pub use error::RunError;
pub use manifest::{FileResult, KeyRange, ManifestLine};
pub use steps::run;
