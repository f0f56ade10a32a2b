//! The path of a document from bucket to index, in the order in which it travels:
//!
//! 1. [`worker`] takes messages from the queue and sees each to its end; [`processor`] brings a [`mod@unit`] down the whole path,
//!    once at a time ([`processor::keyed_lock`]), and sets apart those that kill their workers ([`processor::poison`]);
//! 2. [`source`]: the queue, what its messages say, and the raw object that is read;
//! 3. [`ledger`]: what is recorded of a unit, and the errors bucket, where what was refused lies;
//! 4. [`prepare`]: the object becomes documents with addresses, kept as a [`snapshot`];
//! 5. [`index`]: documents are stored where they belong, in the indices of the source;
//! 6. [`commit`]: a batch of units is brought to its end: index, errors bucket, ledger; then the message may go.
//!
//! Imports run this way: `worker` → `processor` → `commit` → `index` and `prepare` → `snapshot` and `ledger` → `bucket` and
//! `source` → [`mod@unit`], the types that the steps hand on. [`clusters`] are reached for all of them, [`persist`] waits out trouble at any of the steps, [`counts`] is
//! what was done.

pub mod bucket;
pub mod clusters;
pub mod commit;
pub mod counts;
pub mod error;
pub mod index;
pub mod ledger;
pub mod persist;
pub mod prepare;
pub mod processor;
pub mod snapshot;
pub mod source;
pub mod unfinished;
pub mod unit;
pub mod worker;
