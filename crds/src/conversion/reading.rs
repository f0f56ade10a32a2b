//! How far the reading of an object may depart from well-formed XML: which entities it may use, what is mended, in which
//! encoding it is.

pub(super) mod encoding;
pub(super) mod entities;
pub(super) mod repair;
pub(super) mod repair_counts;
