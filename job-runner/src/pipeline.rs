//! The path of a document from bucket to index. The modules in the order in which it travels:
//!
//! 1. [`queue`] hands out messages and keeps them hidden while they are worked on;
//! 2. [`notification`] reads which objects landed or were removed; [`task`] is a [`unit`] to be seen to its end;
//! 3. [`in_hand`] has each worked on once at a time, [`lookup`] finds those that are done already, [`suspect`] sets apart
//!    those that kill their workers;
//! 4. [`fetch`] reads the raw object;
//! 5. [`logic`] is how: `docmill-convert` makes JSON of it, or says everything that is wrong with a document; or [`binary`]
//!    says what the object is;
//! 6. [`address`] says where a document belongs ([`date_window`] which dates may name an index), [`provenance`] and `stamp` where it comes from, [`mapping`] what its fields are;
//! 7. [`snapshot`] keeps the JSON ([`locations`] says where, [`object_key`] keeps keys short), `keep` sees to it that it lies there first, with what was `made`; of documents with one id the last one stands ([`overwritten`]);
//! 8. [`prepare`] is steps 4 to 7 for one unit, [`large`] the same for one that does not fit into memory ([`body`] is read as it comes);
//! 9. [`place`] stores documents where [`heads`] found by the rules of [`claim`] that they belong, in indices with the
//!    mapping that [`articles`] gives them, of which [`new_indices`] lets a source make so many an hour;
//! 10. [`finish`] is the rest for a batch of [`work`]: index, [`refuse`] what was refused and [`copy`] it (`unreadable` is what could not even be read), [`record`] each unit in the ledger
//!     ([`close`] says what is to be written, [`pace`](crate::pace) how many batches are on their way);
//! 11. [`process`] is all of that from step 3 on; [`remove`] is what becomes of an object that was removed.
//!
//! [`clusters`] are reached for all of them; [`persist`] waits out trouble at any of the steps, and [`access`] tells that of one object from that of all; [`present`] asks what the bucket holds now; [`counts`] is what was done.

pub mod access;
pub mod address;
pub mod articles;
pub mod binary;
pub mod body;
pub mod claim;
mod claim_error;
mod close;
pub mod clusters;
pub mod copy;
pub mod counts;
pub mod date_window;
mod departed;
pub mod fetch;
pub mod finish;
pub mod heads;
pub mod in_hand;
pub mod ingest_error;
mod keep;
mod lane;
mod large;
pub mod locations;
pub mod logic;
pub mod lookup;
mod made;
pub mod mapping;
mod met;
mod multipart;
pub mod new_indices;
pub mod notification;
pub mod object_key;
pub mod overwritten;
pub mod persist;
pub mod place;
mod places;
pub mod prepare;
pub mod present;
pub mod process;
pub mod provenance;
pub mod queue;
pub mod record;
pub mod refuse;
pub mod remove;
pub mod snapshot;
mod stamp;
pub mod standing;
pub mod suspect;
mod take_back;
pub mod task;
pub mod unit;
mod unreadable;
pub mod watch;
pub mod work;
