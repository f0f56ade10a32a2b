//! What each mode does with a file, and how its reports are merged.

use docmill_crds::api::ingest_run::IngestMode;
use serde_json::Value;

use super::file_order::FileTurn;
use super::outcome::UnitsReport;
use super::units;
use crate::run::audit::report::AuditReport;
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::forget::report::ForgetReport;
use crate::run::manifest::{FileResult, ManifestLine};
use crate::run::report::merge;
use crate::run::shadow::report::ShadowReport;
use crate::run::{audit, forget, shadow};

/// Processes a file; `file_starts` is how often it was started, this time included.
pub(crate) async fn work_file(
    context: &RunContext,
    lines: &[ManifestLine],
    file_starts: i64,
    turn: &mut FileTurn<'_>,
) -> Result<FileResult, RunError> {
    match context.order.spec.mode {
        IngestMode::Process | IngestMode::Replay | IngestMode::Reconvert => {
            units::work_file(context, lines, file_starts, turn).await
        }
        IngestMode::Shadow => shadow::work_file(context, lines).await,
        // On the heap: it is far larger than the others, and there is one per file.
        IngestMode::Audit => Box::pin(audit::work_file(context, lines)).await,
        IngestMode::Forget => Box::pin(forget::work_file(context, lines)).await,
        // They have no files.
        IngestMode::Probe | IngestMode::Manifest => Ok(FileResult::default()),
    }
}

/// Merges reports. Reports that are results of a merge may be among them; without any, it is the report of no
/// unit.
pub(crate) fn merged(mode: IngestMode, reports: impl Iterator<Item = Value>) -> Value {
    match mode {
        IngestMode::Process | IngestMode::Replay | IngestMode::Reconvert => merge::<UnitsReport>(reports),
        IngestMode::Shadow => merge::<ShadowReport>(reports),
        IngestMode::Audit => merge::<AuditReport>(reports),
        IngestMode::Forget => merge::<ForgetReport>(reports),
        IngestMode::Probe | IngestMode::Manifest => Value::Null,
    }
}
