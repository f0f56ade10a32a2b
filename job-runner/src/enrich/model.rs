//! What a model is given, when, and what its results become.

pub mod attach;
pub mod builtin;
pub mod input;
pub(crate) mod limits;
pub(crate) mod objects;
pub(crate) mod shorten;
