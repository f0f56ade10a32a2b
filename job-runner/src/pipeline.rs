//! The path of a document from bucket to index. The modules in the order in which it travels:
//!
//! 1. [`queue`] hands out messages and keeps them hidden while they are worked on;
//! 2. [`notification`] reads which objects landed, [`unit`] is one of them on its way;
//! 3. [`fetch`] reads the raw object;
//! 4. [`convert`] makes JSON of it, [`validate`] says everything that is wrong with a document;
//! 5. [`address`] says where a document belongs, [`provenance`] where it comes from, [`mapping`] what its fields are;
//! 6. [`snapshot`] keeps the JSON ([`object_key`] makes the keys);
//! 7. [`prepare`] is steps 3 to 6 for one unit;
//! 8. [`finish`] is the rest for a batch: index, [`refuse`] what was refused, [`record`] each unit in the ledger,
//!    acknowledge.
//!
//! [`persist`] waits out trouble at any of the steps; [`counts`] is what was done.

pub mod address;
pub mod convert;
pub mod counts;
pub mod fetch;
pub mod finish;
pub mod mapping;
pub mod notification;
pub mod object_key;
pub mod persist;
pub mod prepare;
pub mod provenance;
pub mod queue;
pub mod record;
pub mod refuse;
pub mod snapshot;
pub mod unit;
pub mod validate;
