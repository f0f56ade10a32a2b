//! The path of a document from bucket to index, in the order in which it travels:
//!
//! 1. [`worker`] takes messages from the queue and processes each to completion; [`processor`] takes a
//!    [`mod@unit`] down the whole path, one attempt at a time ([`processor::keyed_lock`]), and isolates units
//!    that kill their workers ([`processor::poison`]);
//! 2. [`source`]: the queue, the content of its messages, and reading the raw object;
//! 3. [`ledger`]: the record of a unit, and the errors bucket, which holds what was refused;
//! 4. [`prepare`]: converts the object into documents with addresses, and stores them as a [`snapshot`];
//! 5. [`index`]: stores documents where they belong, in the indices of the source;
//! 6. [`commit`]: commits a batch of units to index, errors bucket and ledger; only then may the message be
//!    deleted.
//!
//! Imports run this way: `worker` → `processor` → `commit` → `index` and `prepare` → `snapshot` and `ledger`
//! → `bucket` and `source` → [`mod@unit`], the types that the steps pass on. All of them use [`clusters`] for
//! connections, [`mod@retry`] for retries at any step, and [`counts`] for the totals.

pub mod bucket;
pub mod clusters;
pub mod commit;
pub mod counts;
pub mod error;
pub mod index;
pub mod ledger;
pub mod prepare;
pub mod processor;
pub mod retry;
pub mod snapshot;
pub mod source;
pub mod unfinished;
pub mod unit;
pub mod worker;
