//! The conversion of one object, on this machine and with the code of the workers. Pure, but for the bytes that are read
//! twice where a model asks for that.
//!
//! - [`local`]: converts; [`compare`]: whether the cluster came to the same; [`reproduction`]: how that is shown;
//! - [`golden_files`]: the object and what becomes of it, as files of a test.

pub mod compare;
pub mod golden_files;
pub mod local;
pub mod reproduction;

pub use compare::{Agreement, ClusterOutcome, compare};
pub use local::{LocalError, LocalObject, LocalOutcome, LocalSettings, convert};
pub use reproduction::Reproduction;
