//! The only place where this command uses the pipeline: a file goes in, verdicts come out, exactly as in a
//! worker.

use std::fs;
use std::io::{self, Cursor, Read as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::SystemTime;

use docmill_convert::{Losses, Object, Reading, Verdict};
use docmill_crds::conversion::{Model, ModelError, RepairCounts};
use jiff::Timestamp;

use crate::commands::inputs::{is_stdin, open};
use crate::ingest::prepare::binary;
use crate::ingest::prepare::document_extractor::DocumentExtractor;

/// A model that is ready for use.
pub(crate) struct Engine(DocumentExtractor);

impl Engine {
    pub(crate) fn new(model: &Model) -> Result<Self, ModelError> {
        DocumentExtractor::new(model).map(Self)
    }

    /// Opens a file, and finds out how it has to be read: documents are written as they come, so it is read twice
    /// where that could turn out too late.
    pub(crate) fn open(&self, path: &Path) -> io::Result<(Box<dyn Object>, Reading)> {
        let converter = match &self.0 {
            DocumentExtractor::Convert(converter) if converter.rereads() => converter,
            _ => return Ok((open(path)?, Reading::default())),
        };
        if !is_stdin(path) {
            let reading = converter.reading_of(open(path)?)?;
            return Ok((open(path)?, reading));
        }
        let mut bytes = Vec::new();
        open(path)?.read_to_end(&mut bytes)?;
        let reading = converter.reading_of(bytes.as_slice())?;
        Ok((Box::new(Cursor::new(bytes)), reading))
    }

    /// When a file was written, or now for what is no file, if verdicts depend on that.
    pub(crate) fn landed(&self, path: &Path) -> Option<Timestamp> {
        let DocumentExtractor::Convert(converter) = &self.0 else { return None };
        let written =
            || fs::metadata(path).and_then(|file| file.modified()).unwrap_or_else(|_| SystemTime::now());
        converter.depends_on_landing().then(written).and_then(|time| Timestamp::try_from(time).ok())
    }

    /// How an object that is in memory has to be read.
    pub(super) fn reading_of(&self, object: &[u8]) -> io::Result<Reading> {
        match &self.0 {
            DocumentExtractor::Convert(converter) if converter.rereads() => converter.reading_of(object),
            _ => Ok(Reading::default()),
        }
    }

    /// Calls `verdict` for each document in order, and last for a fault of the file itself, until it breaks;
    /// returns what was mended. With how the file is read comes when it landed. An error is an error of reading the file.
    pub(crate) fn convert(
        &self,
        path: &Path,
        (reading, landed): (Reading, Option<Timestamp>),
        file: &mut dyn Object,
        mut verdict: impl FnMut(Verdict) -> ControlFlow<()>,
    ) -> io::Result<RepairCounts> {
        match &self.0 {
            DocumentExtractor::Convert(converter) => {
                let outcome = converter.each_document((reading, landed), file, &mut verdict)?;
                Ok(outcome.continue_value().unwrap_or_default())
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
