//! Processes one part of a manifest, file by file.

mod mode;
pub mod outcome;
pub(crate) mod part;
mod report;
mod turns;
mod units;

pub(crate) use part::work;
