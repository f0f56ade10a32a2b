//! The inputs of a model, when it is called, and what its results become.
pub mod builtin;
pub mod input;
pub(crate) mod limits;
pub(crate) mod objects;
pub mod provenance;
pub(crate) mod truncation;
