//! What is recorded of a unit: [`lookup`] reads it, [`record`] decides what to write; the [`errors_bucket`]
//! holds what was refused.

pub mod errors_bucket;
pub mod lookup;
pub mod record;
