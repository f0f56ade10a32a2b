//! Converts the bytes of an object to JSON documents, by a model, in one pass and without I/O.
//!
//! The input is decompressed and decoded as it comes in, window by window; the scanner (of XML or of JSON)
//! reads it token by token and rejects anything that is not well-formed; the evaluator matches each token
//! against the automaton that all paths of the model were compiled to; and `validate` builds a document from
//! what was found, or reports everything that is wrong with it. Memory is bounded by the values of one
//! document and by the [`Limits`], whatever the size of the object.
//!
//! ```
//! use docmill_convert::Converter;
//! use docmill_crds::conversion::Conversion;
//!
//! let conversion: Conversion = serde_json::from_str(
//!     r#"{"record": "/feed/item", "fields": [
//!         {"name": "id", "path": ["@id"], "required": true},
//!         {"name": "title", "path": ["title"], "type": "text"}
//!     ]}"#,
//! )?;
//! let converter = Converter::new(&conversion.resolve()?)?;
//! let object = br#"<feed><item id="1"><title>A <b>bold</b> move</title></item><item><title>No id</title></item></feed>"#;
//!
//! let mut verdicts = Vec::new();
//! converter.convert(&object[..], |verdict| verdicts.push(verdict))?;
//!
//! let document = verdicts[0].as_ref().expect("the first item is as its model wants it");
//! assert_eq!(document.json(), r#"{"id":"1","title":"A bold move"}"#);
//! let refusal = verdicts[1].as_ref().expect_err("the second one has no id");
//! assert_eq!(refusal.reason.as_str(), "MissingField");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// What runs for every element has to fit the instruction cache of a core (32 KiB), or small objects take a tenth longer:
// `#[inline(never)]` keeps out of it what few elements need, and `#[cold]` what hardly any object needs.

mod automaton;
mod comparison {
    pub(super) mod diff;
}
mod evaluate;
mod events;
mod fault;
mod input;
mod json;
mod leniency;
mod limits;
mod losses;
mod text;
mod validate;
mod xml;

pub use comparison::diff::{DiffStep, Edit, diff};
pub use events::names::sets_text_apart;
pub use fault::listed::{refused_document, refused_object, too_large, unlisted};
pub use fault::member::Member;
pub use fault::{Fault, MAX_FAULTS, Refusal};
pub use input::archive::object::{Object, Piped};
pub use input::decompress::is_zstd;
pub use input::object_info::ObjectInfo;
pub use leniency::Reading;
pub use limits::Limits;
pub use losses::{Loss, LossKind, Losses};
pub use pipeline::address::date_window::{IndexWindow, OutOfWindow};
pub use pipeline::address::{AddressError, Addressing, InvalidTemplate, LineError, is_index_name};
pub use pipeline::converter::Converter;
pub use pipeline::documents::{Document, Documents, Dropped, Verdict};
pub use pipeline::first_look::FirstLook;
pub use pipeline::golden::{GOLDEN_SUFFIXES, GoldenContent, golden};
pub use pipeline::unpack::unpack;
pub use pipeline::visit::{Needs, Visited, VisitedName, Visitor, visit};
pub use validate::html_to_text;

pub(crate) mod pipeline;
#[cfg(test)]
mod tests;
pub mod types;
