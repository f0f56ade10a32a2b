//! From the bytes of an object to JSON documents, by a model, in one pass and without I/O.
//!
//! The input is decompressed and decoded as it comes in, window by window; the scanner (of XML or of JSON) reads it token by
//! token and refuses what is not well-formed, the evaluator holds each token against the automaton that all paths of the model were compiled
//! to, and `validate` makes a document of what was found, or says everything that is wrong with it.
//! Memory is bounded by the values of one document and by the [`Limits`], whatever the size of the object.
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

use std::io::{self, Read};
use std::sync::Arc;

mod automaton;
mod cursor;
mod documents;
mod evaluate;
mod events;
mod fault;
mod input;
mod json;
mod json_writer;
mod limits;
mod losses;
mod scratch;
mod source;
mod validate;
mod visit;
mod xml;

use docmill_crds::conversion::{Model, ModelError};

use automaton::Automaton;
use scratch::Scratches;

pub use documents::{Document, Documents, Verdict};
pub use fault::{Fault, MAX_FAULTS, Refusal};
pub use limits::Limits;
pub use losses::{Loss, LossKind, Losses};
pub use validate::types;
pub use visit::{Visited, VisitedName, Visitor, visit};

/// A compiled model. Made once, used for every object, shared among threads.
#[derive(Debug)]
pub struct Converter {
    automaton: Automaton,
    limits: Limits,
    revision: String,
    /// The names of a document's fields.
    names: Arc<[String]>,
    scratches: Scratches,
}

impl Converter {
    /// Compiles a model, with its limits.
    pub fn new(model: &Model) -> Result<Self, ModelError> {
        Self::with_limits(model, Limits::from(&model.limits))
    }

    /// Compiles a model, with limits of one's own.
    pub fn with_limits(model: &Model, limits: Limits) -> Result<Self, ModelError> {
        let names = model.fields.iter().map(|field| field.name.clone()).collect();
        let (automaton, revision) = (automaton::compile::compile(model)?, model.revision());
        Ok(Self { automaton, limits, revision, names, scratches: Scratches::default() })
    }

    /// The revision of the model: see [`Model::revision`].
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The documents of an object, read as they are asked for. The object may be compressed.
    pub fn documents<'a>(&'a self, reader: impl Read + 'a) -> Documents<'a> {
        Documents::new(self, reader)
    }

    /// What objects had that the model does not name, since the last time this was asked for.
    pub fn take_losses(&self) -> Losses {
        self.scratches.take_losses().into_losses()
    }

    /// Converts a whole object: calls `verdict` for each document in order, and last for a fault of the object itself,
    /// if there is one (see [`Documents`]). An error means that the object could not be read.
    pub fn convert(&self, reader: impl Read, mut verdict: impl FnMut(Verdict)) -> io::Result<()> {
        self.documents(reader).try_for_each(|document| document.map(&mut verdict))
    }
}

#[cfg(test)]
mod tests;
