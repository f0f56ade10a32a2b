//! The end of units: [`committer`] brings a batch to it, [`commit_request`] is a unit on its way there, `ledger_update` says what is to be
//! written.
//!
//! [`from_snapshot`] indexes what does not fit into memory, `slow_index` keeps a slow index from holding up the others; [`removal`]
//! is what becomes of an object that was removed, `removed_documents` and `rollback` of documents that a unit has no more.

pub mod commit_request;
pub mod committer;
pub mod from_snapshot;
pub(crate) mod ledger_update;
pub mod removal;
pub(crate) mod removed_documents;
mod rollback;
pub(crate) mod slow_index;
