//! Objects of format Binary, whose content is not parsed: images, audio, PDFs. An object has one document,
//! which describes the object. It is read once, piece by piece, and never held in memory as a whole, whatever
//! its size; nothing is decompressed.
//!
//! - [`content`] computes what the bytes tell as they stream by: digest, size, and the type by
//!   [`media_type`], which looks into [`zip`] archives to identify them; [`encoded_word`] decodes metadata
//!   beyond ASCII;
//! - [`document`] combines that with what the store says of the object; [`mapping`] is the mapping of that
//!   document;
//! - [`describe`] reads an object and its [`tags`]. These two perform I/O.

mod content;
mod describe;
mod document;
mod encoded_word;
mod mapping;
mod media_type;
mod tags;
mod zip;

pub use describe::{Described, Describer};
pub use document::of_reader;
pub(crate) use mapping::properties;
