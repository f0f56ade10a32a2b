//! Which documents of a slice need work: a page at a time, from a view that does not change.

pub(crate) mod hits;
pub(crate) mod select;
pub mod standing;
