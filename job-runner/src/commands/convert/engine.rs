//! The only place where this command uses the pipeline: a file goes in, verdicts come out, exactly as in a
//! worker.

use std::io::{self, Cursor, Read as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::SystemTime;

use docmill_convert::{FirstLook, Losses, Object, Verdict};
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

    /// Opens a file, and finds out what has to be known of it before: documents are written as they come, so it is read
    /// twice where that could turn out too late.
    pub(crate) fn open(&self, path: &Path) -> io::Result<(Box<dyn Object>, FirstLook)> {
        let converter = match &self.0 {
            DocumentExtractor::Convert(converter) if FirstLook::is_needed(converter) => converter,
            _ => return Ok((open(path)?, FirstLook::default())),
        };
        if !is_stdin(path) {
            let look = FirstLook::at(converter, &mut *open(path)?)?;
            return Ok((open(path)?, look));
        }
        let mut bytes = Vec::new();
        open(path)?.read_to_end(&mut bytes)?;
        let look = FirstLook::at(converter, &mut Cursor::new(bytes.as_slice()))?;
        Ok((Box::new(Cursor::new(bytes)), look))
    }

    /// When a file was written, or now where nobody knows, if verdicts depend on that.
    pub(crate) fn landed(&self, written: Option<SystemTime>) -> Option<Timestamp> {
        let DocumentExtractor::Convert(converter) = &self.0 else { return None };
        let written = || written.unwrap_or_else(SystemTime::now);
        converter.depends_on_landing().then(written).and_then(|time| Timestamp::try_from(time).ok())
    }

    /// What has to be known of an object that is in memory.
    pub(super) fn look_at(&self, object: &[u8]) -> io::Result<FirstLook> {
        match &self.0 {
            DocumentExtractor::Convert(converter) if FirstLook::is_needed(converter) => {
                FirstLook::at(converter, &mut Cursor::new(object))
            }
            _ => Ok(FirstLook::default()),
        }
    }

    /// Calls `verdict` for each document in order, and last for a fault of the file itself, until it breaks;
    /// returns what was mended. With how the file is read comes when it landed. An error is an error of reading the file.
    pub(crate) fn convert(
        &self,
        path: &Path,
        (look, landed): (&FirstLook, Option<Timestamp>),
        file: &mut dyn Object,
        mut verdict: impl FnMut(Verdict) -> ControlFlow<()>,
    ) -> io::Result<RepairCounts> {
        match &self.0 {
            DocumentExtractor::Convert(converter) => {
                let info = look.object_info(path.to_string_lossy().into_owned(), landed);
                let outcome = converter.each_document(look.reading, &info, file, &mut verdict)?;
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
