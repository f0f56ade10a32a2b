//! The one place where this command meets the pipeline: a file goes in, verdicts come out, exactly as in a worker.

use std::io::{self, Read};
use std::ops::ControlFlow;

use docmill_crds::conversion::{Model, ModelError};

use crate::pipeline::convert::{Converter, Document, Limits, Refusal};

/// A compiled model.
pub(in crate::commands) struct Engine(Converter);

impl Engine {
    pub(in crate::commands) fn new(model: &Model) -> Result<Self, ModelError> {
        Converter::new(model).map(Self)
    }

    /// Calls `verdict` for each document in order, and last for a fault of the file itself, until it breaks. An error is
    /// one of reading the file.
    pub(in crate::commands) fn convert(
        &self,
        file: &mut impl Read,
        mut verdict: impl FnMut(Result<Document, Refusal>) -> ControlFlow<()>,
    ) -> io::Result<()> {
        // Of a file that is too large, this is enough for the converter to say so.
        let most = Limits::default().object_bytes as u64 + 1;
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        let _ = match self.0.decode(&bytes) {
            Ok(source) => self.0.documents(&source).try_for_each(verdict),
            Err(refusal) => verdict(Err(refusal)),
        };
        Ok(())
    }
}
