//! Writes the manifest of a run, file by file as lines come, so that its length takes no memory.

use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::manifest::{FILE_LINES, ManifestLine, PLAN_NAME, RunPlan, units_name, write_lines};

/// A manifest that is being written.
pub(crate) struct ManifestWriter<'a> {
    context: &'a RunContext,
    file_lines: usize,
    lines: Vec<ManifestLine>,
    /// What was selected so far.
    pub(crate) plan: RunPlan,
}

impl<'a> ManifestWriter<'a> {
    /// Starts a manifest of units.
    pub(crate) fn new(context: &'a RunContext) -> Self {
        Self { context, file_lines: FILE_LINES, lines: Vec::new(), plan: RunPlan::default() }
    }

    /// Starts a manifest of ranges, each of which is as much work as a file of units.
    pub(crate) fn of_ranges(context: &'a RunContext) -> Self {
        Self { file_lines: 1, ..Self::new(context) }
    }

    /// Adds a line.
    pub(crate) async fn push(&mut self, line: ManifestLine) -> Result<(), RunError> {
        if self.context.stop.closing.is_cancelled() {
            return Err(RunError::Stopped);
        }
        self.plan.selected += 1;
        if line.range.is_none() {
            self.plan.first_key.get_or_insert_with(|| line.key.clone());
            self.plan.last_key = Some(line.key.clone());
        }
        self.lines.push(line);
        if self.lines.len() >= self.file_lines { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), RunError> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let bytes = write_lines(&self.lines);
        self.context.write_file(&units_name(self.plan.files), "application/x-ndjson", bytes).await?;
        self.lines.clear();
        self.plan.files += 1;
        Ok(())
    }

    /// Writes what is left, and then the plan, which marks the manifest as complete.
    pub(crate) async fn close(mut self) -> Result<RunPlan, RunError> {
        self.flush().await?;
        self.context.write_json(PLAN_NAME, &self.plan).await?;
        Ok(self.plan)
    }
}
