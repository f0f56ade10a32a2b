//! The inputs of a model, when it is called, and what its results become.

pub mod attach;
pub mod builtin;
pub mod input;
pub(crate) mod limits;
pub(crate) mod objects;
pub(crate) mod shorten;
