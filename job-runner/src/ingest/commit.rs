//! The last step of units: [`committer`] commits a batch, [`commit_request`] is a unit that waits for its
//! commit, `ledger_update` decides what to write, `ledger_records` writes it, and `evidence` keeps refused objects.
//!
//! [`from_snapshot`] indexes what does not fit into memory; `slow_index` keeps a slow index from holding up
//! the others; [`removal`] handles objects that were removed; `removed_documents` and `document_deletion` handle documents
//! that a unit no longer has.

pub mod commit_request;
pub mod committer;
mod document_deletion;
mod evidence;
pub mod from_snapshot;
mod ledger_records;
pub(crate) mod ledger_update;
pub mod removal;
pub(crate) mod removed_documents;
pub(crate) mod slow_index;
