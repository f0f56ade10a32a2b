//! What each mode does with a file, and how its reports add up.

use docmill_crds::ingest_run::Mode;
use serde_json::Value;

use super::manifest::{FileResult, ManifestLine};
use super::{RunContext, RunError, outcome};

/// Works a file.
pub(super) async fn work_file(context: &RunContext, lines: &[ManifestLine]) -> Result<FileResult, RunError> {
    match context.order.spec.mode {
        _ => {
            let _ = lines;
            Err(RunError::Stopped)
        }
    }
}

/// One report of several. What it gave before may be among them; of none it is the report of no unit.
#[must_use]
pub(super) fn merge(mode: Mode, reports: impl Iterator<Item = Value>) -> Value {
    match mode {
        Mode::Process | Mode::Replay | Mode::Reconvert => outcome::merge(reports),
        _ => outcome::merge(reports),
    }
}
