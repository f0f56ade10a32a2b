//! Which documents of a slice need work: a page at a time, from a view that does not change.

pub mod article_state;
pub(crate) mod hits;
pub(crate) mod select;
