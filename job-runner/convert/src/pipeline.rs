//! An object from its bytes to its documents.
//!
//! - [`converter`]: a compiled model; [`documents`]: the documents of an object, one by one;
//! - [`members`]: the documents of an object that may be an archive;
//! - [`source`]: the scanner that fits its syntax; [`scratch`]: memory that is used again;
//! - [`rereading`]: an object once more, in another encoding; [`first_look`]: what takes reading it before;
//! - [`address`]: where a document belongs in the index;
//! - [`golden`]: what becomes of an object, as tests of a model keep it;
//! - [`visit`]: an object without a model, element by element; [`unpack`]: one that may be an archive, member by member.

pub(crate) mod address;
pub(crate) mod converter;
pub(crate) mod documents;
pub(crate) mod first_look;
pub(crate) mod golden;
mod members;
mod rereading;
mod scratch;
mod source;
pub(crate) mod unpack;
pub(crate) mod visit;
