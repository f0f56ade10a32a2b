//! Bulk requests: built, sent until every item has its final outcome, and their responses read item by item.

pub(super) mod body;
pub(super) mod item_result;
mod progress;
mod send;

pub use body::{Address, BulkBody, ConcurrencyToken};
pub use item_result::ItemOutcome;
pub use send::{BulkPolicy, SkipBlocked};
