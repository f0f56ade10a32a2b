//! The only place where this command uses the pipeline: a file goes in, verdicts come out, exactly as in a
//! worker.

use std::io::{self, Cursor, Read};
use std::ops::ControlFlow;
use std::path::Path;

use docmill_convert::{Losses, Verdict};
use docmill_crds::conversion::{Model, ModelError, RepairCounts};

use crate::commands::inputs::{is_stdin, open};
use crate::ingest::prepare::binary;
use crate::ingest::prepare::document_extractor::DocumentExtractor;
use crate::ingest::prepare::first_look::FirstLook;

/// A model that is ready for use.
pub(crate) struct Engine(DocumentExtractor);

impl Engine {
    pub(crate) fn new(model: &Model) -> Result<Self, ModelError> {
        DocumentExtractor::new(model).map(Self)
    }

    /// Opens a file, and finds out what has to be known of it before: documents are written as they come, so it is read
    /// twice where that could turn out too late.
    pub(crate) fn open(&self, path: &Path) -> io::Result<(Box<dyn Read>, FirstLook)> {
        let converter = match &self.0 {
            DocumentExtractor::Convert(converter) if FirstLook::is_needed(converter) => converter,
            _ => return Ok((open(path)?, FirstLook::default())),
        };
        if !is_stdin(path) {
            let look = FirstLook::at(converter, open(path)?)?;
            return Ok((open(path)?, look));
        }
        let mut bytes = Vec::new();
        open(path)?.read_to_end(&mut bytes)?;
        let look = FirstLook::at(converter, bytes.as_slice())?;
        Ok((Box::new(Cursor::new(bytes)), look))
    }

    /// Calls `verdict` for each document in order, and last for a fault of the file itself, until it breaks;
    /// returns what was mended. An error is an error of reading the file.
    pub(crate) fn convert(
        &self,
        path: &Path,
        look: &FirstLook,
        file: &mut impl Read,
        mut verdict: impl FnMut(Verdict) -> ControlFlow<()>,
    ) -> io::Result<RepairCounts> {
        match &self.0 {
            DocumentExtractor::Convert(converter) => {
                let unit = look.unit_name(path.to_string_lossy().into_owned());
                let mut documents = converter.documents_in(look.reading, file).of_unit(unit);
                for document in documents.by_ref() {
                    if verdict(document?).is_break() {
                        break;
                    }
                }
                Ok(documents.repairs())
            }
            // The verdict on the only document: whether to go on does not matter.
            DocumentExtractor::Describe(_) => {
                let _: ControlFlow<()> = verdict(Ok(binary::of_reader(&path.to_string_lossy(), file)?));
                Ok(RepairCounts::default())
            }
        }
    }

    /// What the files so far had that the model does not name. Nothing, for a model that names nothing.
    pub(crate) fn take_losses(&self) -> Losses {
        match &self.0 {
            DocumentExtractor::Convert(converter) => converter.take_losses(),
            DocumentExtractor::Describe(_) => Losses::default(),
        }
    }
}
