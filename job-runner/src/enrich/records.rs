//! What is remembered of a slice: counts, failures, progress and what was spent.

pub(crate) mod budget;
pub(crate) mod counts;
pub(crate) mod failures;
pub(crate) mod progress;
pub(crate) mod tally;
