//! Processes one part of a manifest, file by file.

mod file_order;
mod mode;
pub mod outcome;
mod part;
mod report;
mod units;

pub(crate) use part::work;
