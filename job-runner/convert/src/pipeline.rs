//! An object from its bytes to its documents.
//!
//! - [`converter`]: a compiled model; [`documents`]: the documents of an object, one by one;
//! - [`source`]: the scanner that fits its syntax; [`scratch`]: memory that is used again;
//! - [`rereading`]: an object once more, in another encoding;
//! - [`unit`]: what documents may take of the object's name;
//! - [`visit`]: an object without a model, element by element.

pub(crate) mod converter;
pub(crate) mod documents;
mod rereading;
mod scratch;
mod source;
pub(crate) mod unit;
pub(crate) mod visit;
