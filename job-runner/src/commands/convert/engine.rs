//! The only place where this command uses the pipeline: a file goes in, verdicts come out, exactly as in a
//! worker.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

use docmill_convert::{Losses, Verdict};
use docmill_crds::conversion::{Model, ModelError};

use crate::ingest::prepare::binary;
use crate::ingest::prepare::document_extractor::DocumentExtractor;

/// A model that is ready for use.
pub(crate) struct Engine(DocumentExtractor);

impl Engine {
    pub(crate) fn new(model: &Model) -> Result<Self, ModelError> {
        DocumentExtractor::new(model).map(Self)
    }

    /// Calls `verdict` for each document in order, and last for a fault of the file itself, until it breaks.
    /// An error is an error of reading the file.
    pub(crate) fn convert(
        &self,
        path: &Path,
        file: &mut impl Read,
        mut verdict: impl FnMut(Verdict) -> ControlFlow<()>,
    ) -> io::Result<()> {
        match &self.0 {
            DocumentExtractor::Convert(converter) => {
                for document in converter.documents(file) {
                    if verdict(document?).is_break() {
                        break;
                    }
                }
            }
            // The verdict on the only document: whether to go on does not matter.
            DocumentExtractor::Describe(_) => {
                let _: ControlFlow<()> = verdict(Ok(binary::of_reader(&path.to_string_lossy(), file)?));
            }
        }
        Ok(())
    }

    /// What the files so far had that the model does not name. Nothing, for a model that names nothing.
    pub(crate) fn take_losses(&self) -> Losses {
        match &self.0 {
            DocumentExtractor::Convert(converter) => converter.take_losses(),
            DocumentExtractor::Describe(_) => Losses::default(),
        }
    }
}
