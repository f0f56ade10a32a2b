//! Judges what the product did, from the stores alone, and shares no code with it: addresses and digests are worked
//! out here once more, from what the documentation promises.
//!
//! - Accounting: every raw object is one unit in the ledger: indexed, failed or skipped, the latter two with a reason.
//! - Snapshots: an indexed unit has one snapshot, which holds the indexed documents; no other unit has one. Packs hold at
//!   least one unit that is known; what a worker that was killed had packed may be packed once more by its successor.
//! - Documents: an id is in one index once, and belongs to a unit whose record names it; of a unit with more documents than
//!   a record names, there are as many as the record counts, and the snapshot has each.
//! - Removals: a record that says that its object is not there any more tells the truth. No head is another's, and a
//!   tombstone is the head of a key without an object. Where there are tombstones, no other head is of such a key.
//! - Messages: a record of the queue that was set aside has a record, its own body, and a reason.
//! - Refusals: a failed unit lies in the errors bucket unchanged, beside a record that names key, version and reason.
//! - Owners: the ledger says whose it is, and every record in it is of that source.
//!
//! [`gather`] reads the stores, [`judge`], `long_units`, `messages`, `owners` and `packs` are pure.

mod gather;
mod heads;
mod judge;
mod long_units;
mod messages;
mod owners;
mod packs;

pub use gather::{Place, gather};
pub use judge::{Audit, Evidence, RawObject, judge, without_handling};
