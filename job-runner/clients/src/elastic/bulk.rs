//! Bulk requests: built, sent until every item has its final outcome, and their responses read item by item.

pub(super) mod body;
mod progress;
mod send;
pub(super) mod verdict;

pub use body::{Address, BulkBody, ReadState};
pub use send::{PassOver, Watch};
pub use verdict::Outcome;
