//! What arguments mean: a point in time, a document or an object.

pub mod since;
pub mod target;
