//! What is recorded of a unit: [`lookup`] asks, [`record`] says what is to be written; what was refused lies in the
//! [`errors_bucket`].

pub mod errors_bucket;
pub mod lookup;
pub mod record;
