//! Selects the units of a run and writes them as a manifest.
pub mod key_bound;
mod planner;
pub mod select;
mod writer;

pub(crate) use planner::plan;
