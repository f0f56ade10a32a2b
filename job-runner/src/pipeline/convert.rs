//! From the bytes of an object to JSON documents, by a model, in one pass and without I/O.
//!
//! The input is decompressed and decoded as it comes in, window by window; the scanner (of XML or of JSON) reads it token by
//! token and refuses what is not well-formed, the evaluator holds each token against the automaton that all paths of the model were compiled
//! to, and [`validate`](super::validate) makes a document of what was found, or says everything that is wrong with it.
//! Memory is bounded by the values of one document and by the [`Limits`], whatever the size of the object.

use std::io::{self, Read};
use std::sync::Arc;

mod active;
mod automaton;
mod bindings;
mod capture;
mod chars;
mod compile;
mod cursor;
mod declaration;
mod decode;
mod doctype;
mod documents;
mod evaluate;
mod extra;
mod fault;
mod input;
mod json;
mod json_caps;
mod json_lexer;
mod json_lines;
mod json_scanner;
mod json_stack;
mod json_value;
mod limits;
mod losses;
mod markup;
mod names;
mod namespaces;
mod open_elements;
mod record;
mod scanner;
mod scratch;
mod source;
mod tag;
mod text;
mod tokens;
mod unclaimed;
mod visit;
mod window;

pub(super) use automaton::{Automaton, DOCUMENT, FieldPlan, ScopeId};
pub(super) use cursor::Position;
pub use documents::{Document, Documents, Verdict};
pub(super) use evaluate::Finding;
pub(super) use fault::shorten;
pub use fault::{Fault, MAX_FAULTS, Refusal};
pub(super) use json::JsonWriter;
pub(super) use json_value::JsonKind;
pub use limits::Limits;
pub use losses::{Loss, LossKind, Losses};
pub(super) use record::{Content, Record};
use scratch::Scratches;
pub(crate) use visit::{Visited, VisitedName, Visitor, visit};

use docmill_crds::conversion::{Model, ModelError};

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
        let (automaton, revision) = (compile::compile(model)?, model.revision());
        Ok(Self { automaton, limits, revision, names, scratches: Scratches::default() })
    }

    /// The revision of the model: see [`Model::revision`].
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The documents of an object, read as they are asked for. The object may be compressed.
    pub fn documents<'a>(&'a self, reader: impl Read + 'a) -> Documents<'a> {
        Documents::new(self, reader)
    }

    /// What objects had that the model does not name, since the last time this was asked for.
    #[must_use]
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
