//! The one place where this command meets the pipeline: a file goes in, verdicts come out, exactly as in a worker.

use std::io::{self, Read};
use std::ops::ControlFlow;

use docmill_crds::conversion::{Model, ModelError};

use crate::pipeline::convert::{Converter, Losses, Verdict};

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
        mut verdict: impl FnMut(Verdict) -> ControlFlow<()>,
    ) -> io::Result<()> {
        for document in self.0.documents(file) {
            if verdict(document?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What the files so far had that the model does not name.
    pub(in crate::commands) fn take_losses(&self) -> Losses {
        self.0.take_losses()
    }
}
