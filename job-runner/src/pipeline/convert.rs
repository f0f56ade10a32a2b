//! From the bytes of an object to JSON documents, by a model, in one pass and without I/O.
//!
//! [`decode`](Source::decode) turns bytes into text, the scanner reads it token by token and refuses what is not
//! well-formed, the evaluator holds each token against the automaton that all paths of the model were compiled to, and
//! [`validate`](super::validate) makes a document of what was found, or says everything that is wrong with it.
//! Memory is bounded by the object, one document and the [`Limits`].

mod automaton;
mod chars;
mod compile;
mod declaration;
mod decode;
mod doctype;
mod documents;
mod evaluate;
mod fault;
mod limits;
mod markup;
mod names;
mod namespaces;
mod record;
mod scanner;
mod tag;
mod text;

pub(super) use automaton::{Automaton, DOCUMENT, FieldPlan, ScopeId};
pub use decode::Source;
pub use documents::{Document, Documents};
pub(super) use fault::Flaw;
pub use fault::{Fault, MAX_FAULTS, Refusal};
pub use limits::Limits;
pub(super) use record::{Content, Record};

use docmill_crds::conversion::{Model, ModelError};

/// A compiled model. Made once, used for every object, shared among threads.
#[derive(Debug)]
pub struct Converter {
    automaton: Automaton,
    limits: Limits,
    revision: String,
}

impl Converter {
    /// Compiles a model, with its limits.
    pub fn new(model: &Model) -> Result<Self, ModelError> {
        Self::with_limits(model, Limits::from(&model.limits))
    }

    /// Compiles a model, with limits of one's own.
    pub fn with_limits(model: &Model, limits: Limits) -> Result<Self, ModelError> {
        Ok(Self { automaton: compile::compile(model)?, limits, revision: model.revision() })
    }

    /// The revision of the model: see [`Model::revision`].
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Decodes an object within this converter's limits.
    pub fn decode<'b>(&self, bytes: &'b [u8]) -> Result<Source<'b>, Refusal> {
        Source::decode(bytes, &self.limits)
    }

    /// The documents of a decoded object, read as they are asked for.
    #[must_use]
    pub fn documents<'a>(&'a self, source: &'a Source<'_>) -> Documents<'a> {
        Documents::new(self, source)
    }

    /// Converts a whole object: calls `verdict` for each document in order, and last for a fault of the object itself,
    /// if there is one (see [`Documents`]).
    pub fn convert(&self, bytes: &[u8], mut verdict: impl FnMut(Result<Document, Refusal>)) {
        match self.decode(bytes) {
            Ok(source) => self.documents(&source).for_each(verdict),
            Err(refusal) => verdict(Err(refusal)),
        }
    }
}

#[cfg(test)]
mod tests;
