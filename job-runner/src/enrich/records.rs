//! What is recorded of a slice: counts, failures, progress and spending.

pub(crate) mod budget;
pub(crate) mod counts;
pub(crate) mod failures;
pub(crate) mod progress;
pub(crate) mod shared_counts;
