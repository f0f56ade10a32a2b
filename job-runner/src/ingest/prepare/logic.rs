//! What makes documents of the objects of a source, by the format of its model.

use std::sync::Arc;

use docmill_convert::Converter;
use docmill_crds::conversion::{Model, ModelError};

use super::binary::Describer;

/// What makes documents of objects.
#[derive(Debug)]
pub enum Logic {
    /// Documents are found in objects, by paths: formats Xml and Json.
    Convert(Arc<Converter>),
    /// An object is not read as anything, and has one document, about it: format Binary.
    Describe(Describer),
}

impl Logic {
    /// That of a model.
    pub fn new(model: &Model) -> Result<Self, ModelError> {
        Ok(match model.format.syntax() {
            Some(_) => Self::Convert(Arc::new(Converter::new(model)?)),
            None => Self::Describe(Describer::default()),
        })
    }
}
