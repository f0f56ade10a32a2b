//! What turns the objects of a source into documents, depending on the format of its model.

use std::sync::Arc;

use docmill_convert::Converter;
use docmill_crds::conversion::{Model, ModelError};

use super::binary::Describer;

/// What turns objects into documents.
#[derive(Debug)]
pub enum DocumentExtractor {
    /// Finds documents in objects, by paths: formats Xml and Json.
    Convert(Arc<Converter>),
    /// Does not parse an object; it has one document, about itself: format Binary.
    Describe(Describer),
}

impl DocumentExtractor {
    /// The extractor of a model.
    pub fn new(model: &Model) -> Result<Self, ModelError> {
        Ok(match model.format.syntax() {
            Some(_) => Self::Convert(Arc::new(Converter::new(model)?)),
            None => Self::Describe(Describer::default()),
        })
    }

    /// What reads the members of archives, if objects may be archives.
    pub fn archives(&self) -> Option<Arc<Converter>> {
        match self {
            Self::Convert(converter) => Some(Arc::clone(converter)).filter(|found| found.opens_archives()),
            Self::Describe(_) => None,
        }
    }
}
