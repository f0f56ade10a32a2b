//! What is recorded of a unit: [`lookup`] reads it, [`record`] decides what to write; the [`errors_bucket`]
//! holds what was refused, and [`member_evidence`] what was refused of an archive.

pub mod errors_bucket;
pub mod lookup;
pub mod member_evidence;
pub mod record;
