//! Processes one part of a manifest, file by file. A file with a result is skipped, so that a restarted pod
//! repeats at most the files that were in flight.

use std::time::Instant;

use docmill_clients::clock;
use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::contract::Report;
use docmill_crds::records::runs::PartRecord;
use futures::StreamExt as _;
use serde_json::{Value, json};

use super::file_order::Turns;
use super::{mode, outcome, report};
use crate::run::audit;
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::forget;
use crate::run::manifest::{
    FileResult, ManifestLine, begun_name, done_name, files_of, read_lines, units_name,
};

/// Maximum number of files in flight: one is processed, the others wait for an index.
const FILES_IN_FLIGHT: usize = 8;

/// Processes part `part` of `parts` that share `files` files.
pub(crate) async fn work(
    context: &RunContext,
    part: i32,
    parts: i32,
    files: i64,
) -> Result<Report, RunError> {
    if !(0..parts).contains(&part) {
        return Err(RunError::NoPart(part));
    }
    let started_at = Instant::now();
    context.ensure_records().await?;
    let run = context.order.run_uid.clone();
    let mut record = PartRecord { kind: "part".to_owned(), run, part, ..PartRecord::default() };
    let overwritten = work_files(context, files_of(part, parts, files), &mut record).await?;
    record.finished = true;
    store(context, &mut record).await?;
    // Whoever finds all parts finished writes the report; if two do, they write the same.
    if context.all_finished(parts).await? {
        if context.order.spec.mode == IngestMode::Audit {
            // On the heap, as the audit of a file is.
            Box::pin(audit::finish(context, parts, files)).await?;
        }
        report::write(context, files).await?;
    }
    Ok(part_report(&record, overwritten, started_at))
}

/// Processes files, and adds what became of each to the record. Returns how many documents were overwritten
/// by others of their objects. An error ends it, once the files in flight are released.
async fn work_files(
    context: &RunContext,
    files: impl Iterator<Item = i64>,
    record: &mut PartRecord,
) -> Result<u64, RunError> {
    let turns = Turns::new(&context.stop.closing);
    let results = files.map(|file| file_result(context, file, &turns));
    let mut results = futures::stream::iter(results).buffer_unordered(FILES_IN_FLIGHT);
    let mut total = Ok(0);
    while let Some(result) = results.next().await {
        let overwritten = match result {
            Ok(result) => add_result(context, result, record).await,
            Err(error) => Err(error),
        };
        if overwritten.is_err() {
            turns.end();
        }
        total = total.and_then(|before| Ok(before + overwritten?));
    }
    total
}

async fn add_result(
    context: &RunContext,
    result: FileResult,
    record: &mut PartRecord,
) -> Result<u64, RunError> {
    record.tally += result.tally;
    if let Some(erased) = forget::report::erased(&result.report) {
        *record.forgotten.get_or_insert_default() += erased;
    }
    record.first_failure = record.first_failure.take().or_else(|| outcome::first_failure(&result.report));
    store(context, record).await?;
    Ok(result.report.get("overwritten").and_then(Value::as_u64).unwrap_or(0))
}

/// The result of a file: the existing one, or that of processing it now.
async fn file_result(context: &RunContext, file: i64, turns: &Turns) -> Result<FileResult, RunError> {
    let mut turn = turns.take().await?;
    if let Some(result) = context.read_json(&done_name(file)).await? {
        return Ok(result);
    }
    let lines = lines(context, file).await?;
    let file_starts = begin(context, file).await?;
    match mode::work_file(context, &lines, file_starts, &mut turn).await {
        Ok(result) => {
            context.write_json(&done_name(file), &result).await?;
            Ok(result)
        }
        Err(error) => {
            // This worker is alive: only workers that died of the file count.
            context.write_json(&begun_name(file), &json!({"begun": file_starts - 1})).await?;
            Err(error)
        }
    }
}

/// Marks a file as started. Returns how often it was, this time included.
async fn begin(context: &RunContext, file: i64) -> Result<i64, RunError> {
    let mark: Option<Value> = context.read_json(&begun_name(file)).await?;
    let file_starts = 1 + mark.and_then(|mark| mark.get("begun")?.as_i64()).unwrap_or(0);
    context.write_json(&begun_name(file), &json!({"begun": file_starts})).await?;
    Ok(file_starts)
}

async fn lines(context: &RunContext, file: i64) -> Result<Vec<ManifestLine>, RunError> {
    let name = units_name(file);
    let key = context.file_key(&name);
    let Some(bytes) = context.read_file(&name).await? else { return Err(RunError::Missing(key)) };
    read_lines(&bytes).map_err(|error| RunError::File { key, error })
}

async fn store(context: &RunContext, record: &mut PartRecord) -> Result<(), RunError> {
    record.updated_time = clock::rfc3339(clock::now_millis());
    context.record_part(record).await
}

fn part_report(record: &PartRecord, overwritten: u64, started_at: Instant) -> Report {
    let count = |count: i64| u64::try_from(count).unwrap_or(0);
    Report {
        done: count(record.tally.done),
        failed: count(record.tally.failed),
        skipped: count(record.tally.skipped),
        overwritten,
        busy_millis: u64::try_from(started_at.elapsed().as_millis()).unwrap_or(u64::MAX),
        ended: "the part is done".to_owned(),
        ..Report::default()
    }
}
