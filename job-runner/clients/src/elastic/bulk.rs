//! Bulk requests: built, sent until every item has its final outcome, and their responses read item by item.

pub(super) mod body;
mod progress;
mod send;
pub(super) mod verdict;

pub use body::{Address, BulkBody, ConcurrencyToken};
pub use send::{BulkPolicy, SkipBlocked};
pub use verdict::ItemOutcome;
