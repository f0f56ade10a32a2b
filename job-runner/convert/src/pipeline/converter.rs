//! A compiled model.

use std::sync::Arc;

use docmill_crds::conversion::{Model, ModelError, ResolvedArchive};

use super::scratch::Scratches;
use crate::automaton::{self, Automaton};
use crate::leniency::Leniency;
use crate::limits::Limits;
use crate::losses::Losses;

/// A compiled model. Created once, used for every object, shared among threads.
#[derive(Debug)]
pub struct Converter {
    pub(crate) automaton: Automaton,
    pub(crate) limits: Limits,
    pub(crate) leniency: Leniency,
    /// Which members of archives are read; `None` if no object is opened as one.
    pub(crate) archive: Option<ResolvedArchive>,
    revision: String,
    /// The names of a document's fields.
    pub(crate) names: Arc<[String]>,
    pub(crate) scratches: Scratches,
}

impl Converter {
    /// Compiles a model with the model's limits.
    pub fn new(model: &Model) -> Result<Self, ModelError> {
        Self::with_limits(model, Limits::from(&model.limits))
    }

    /// Compiles a model with custom limits.
    pub fn with_limits(model: &Model, limits: Limits) -> Result<Self, ModelError> {
        let names = model.fields.iter().map(|field| field.name.clone()).collect();
        let (automaton, revision) = (automaton::compile::compile(model)?, model.revision());
        let (leniency, archive) = (Leniency::of(model), model.archive.clone());
        Ok(Self { automaton, limits, leniency, archive, revision, names, scratches: Scratches::default() })
    }

    /// The revision of the model: see [`Model::revision`].
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Whether verdicts may depend on when an object landed.
    pub fn depends_on_landing(&self) -> bool {
        let mut fields = self.automaton.scopes.iter().flat_map(|scope| &scope.fields);
        fields.any(|field| field.bounds.as_ref().is_some_and(|bounds| bounds.are_relative()))
    }

    /// Whether documents take the digest of their object's bytes, which has to be known before they are made.
    pub fn takes_digest(&self) -> bool {
        self.automaton.takes_digest()
    }

    /// Returns what objects had that the model does not name, since the last call.
    pub fn take_losses(&self) -> Losses {
        self.scratches.take_losses().into_losses()
    }
}
