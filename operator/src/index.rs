//! The indices of a source: what they are made of, and how existing ones are mapped.

pub mod check;
pub mod conflicts;
