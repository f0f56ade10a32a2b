//! Objects of format Binary, which are not read as anything: images, audio, PDFs. An object has one document, which says
//! what the object is. It is read once, piece by piece, and never held, whatever its size; nothing is decompressed.
//!
//! - [`content`] has what the bytes tell as they go by: digest, size, and the type by [`media_type`], which looks into
//!   [`zip`] archives for what they are; [`encoded_word`] reads metadata beyond ASCII;
//! - [`document`] puts that together with what the store says of the object; [`mapping`] is how it is mapped;
//! - [`describe`] reads an object and its [`tags`]. These wait for the store.

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
