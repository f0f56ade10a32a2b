//! How far the reading of an object may depart from well-formed XML: which entities it may use, what is mended, in which
//! encoding it is, and whether it is an archive.

pub(super) mod archive;
pub(super) mod encoding;
pub(super) mod entities;
pub(super) mod repair;
pub(super) mod repair_counts;
