//! The last step of a repair: whoever finds all parts finished deletes what they held back, if it is not too much.
//!
//! The parts' results say what that is, so a pod that takes over after another one was killed begins from them: what is gone
//! by then counts as repaired, whoever deleted it.

use std::collections::HashMap;

use docmill_clients::clock;
use docmill_crds::records::runs::{PartRecord, Tally};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize as _;

use super::difference::Difference;
use super::guard::{self, HeldBack};
use super::look::{Pass, SuspectWindow, first_look, identity, look_at_all, mend, settle};
use super::repair::Repairer;
use super::report::AuditReport;
use super::stores::Stores;
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::manifest::{FileResult, done_name, files_of};

/// Results that are read concurrently.
const READS_AT_A_TIME: usize = 16;
/// Files whose deletions settle together.
const FILES_AT_A_TIME: usize = 64;

/// Deletes what the files of all parts held back, unless it is too much, and counts it in the records of the parts. Every
/// part has to be finished. Idempotent.
pub async fn finish(context: &RunContext, parts: i32, files: i64) -> Result<(), RunError> {
    if !context.order.spec.repair {
        return Ok(());
    }
    let mut count = Count::of(context, parts, files).await?;
    let mut left = guard::most_units(context.order.spec.max_deleted_units, count.compared);
    if count.held > left {
        tracing::warn!(
            units = count.held,
            most = left,
            "the repair deletes nothing, since it would delete from more units than it may"
        );
        return Ok(());
    }
    for files in count.files.chunks(FILES_AT_A_TIME) {
        let mut results = Vec::with_capacity(files.len());
        for (_, file) in files {
            results.push(result(context, *file).await?);
        }
        let before: Vec<Tally> = results.iter().map(|result| result.tally).collect();
        Box::pin(delete_held_back(context, &mut results, &mut left)).await?;
        for (((part, file), before), result) in files.iter().zip(before).zip(results) {
            context.write_json(&done_name(*file), &result).await?;
            if let Some(tally) = count.tallies.get_mut(part) {
                tally.repaired += result.tally.repaired - before.repaired;
                tally.withheld += result.tally.withheld - before.withheld;
            }
        }
    }
    for (part, tally) in count.tallies {
        let record = PartRecord {
            kind: "part".to_owned(),
            run: context.order.run_uid.clone(),
            part,
            tally,
            finished: true,
            updated_time: clock::rfc3339(clock::now_millis()),
            ..PartRecord::default()
        };
        context.record_part(&record).await?;
    }
    Ok(())
}

/// What the results of all files say.
#[derive(Debug, Default)]
struct Count {
    /// Units that were compared.
    compared: i64,
    /// Units from which something would be deleted.
    held: i64,
    /// The files that held something back, each with its part.
    files: Vec<(i32, i64)>,
    /// The sums of the parts.
    tallies: HashMap<i32, Tally>,
}

impl Count {
    async fn of(context: &RunContext, parts: i32, files: i64) -> Result<Self, RunError> {
        let files = (0..parts).flat_map(|part| files_of(part, parts, files).map(move |file| (part, file)));
        let mut results = stream::iter(files)
            .map(|(part, file)| async move {
                let result = result(context, file).await?;
                let AuditReport { sums, held_back, .. } = read(context, file, &result)?;
                Ok::<_, RunError>((part, file, result.tally, sums, held_back.units))
            })
            .buffered(READS_AT_A_TIME);
        let mut count = Self::default();
        while let Some((part, file, tally, sums, held)) = results.try_next().await? {
            count.compared += sums.raw + sums.former;
            count.held = count.held.saturating_add(held);
            if held > 0 {
                count.files.push((part, file));
            }
            *count.tallies.entry(part).or_default() += tally;
        }
        Ok(count)
    }
}

async fn result(context: &RunContext, file: i64) -> Result<FileResult, RunError> {
    let name = done_name(file);
    let result = context.read_json(&name).await?;
    result.ok_or_else(|| RunError::Missing(context.file_key(&name)))
}

fn read(context: &RunContext, file: i64, result: &FileResult) -> Result<AuditReport, RunError> {
    let form = |error| RunError::File { key: context.file_key(&done_name(file)), error };
    AuditReport::deserialize(&result.report).map_err(form)
}

/// Deletes what the results of files of an audit held back, from at most `left` units, and counts it in the results. What
/// a first and a second look no longer show is not deleted. A range that meanwhile has more than is left of `left` stays as it
/// is.
pub async fn delete_held_back(
    context: &RunContext,
    results: &mut [FileResult],
    left: &mut i64,
) -> Result<(), RunError> {
    let stores = Stores::open(context).await?;
    let repairer = Repairer::new(&stores).await?;
    let mut reports: Vec<AuditReport> =
        results.iter().map(|result| AuditReport::deserialize(&result.report).unwrap_or_default()).collect();
    stores.refresh().await?;
    let mut windows = Vec::new();
    for (number, report) in reports.iter().enumerate() {
        for range in &report.held_back.ranges {
            let (_, suspect) = first_look(&stores, range).await?;
            windows.extend(suspect.into_iter().map(|window| (number, window)));
        }
    }
    settle(context).await?;
    stores.refresh().await?;
    let mut rests: Vec<Rest> = reports.iter().map(|_| Rest::default()).collect();
    for (number, window) in &windows {
        rests[*number].add(delete(&stores, &repairer, window, left).await?);
    }
    for ((result, report), rest) in results.iter_mut().zip(&mut reports).zip(rests) {
        result.tally.repaired += report.deleted(&rest.differences, rest.held_back);
        result.tally.withheld = report.held_back.units;
        result.report = serde_json::to_value(report).unwrap_or_default();
    }
    Ok(())
}

/// What is left after an attempt to delete.
#[derive(Debug, Default)]
struct Rest {
    /// The differences that are still there.
    differences: Vec<Difference>,
    /// Those that were not to be deleted.
    held_back: HeldBack,
}

impl Rest {
    fn add(&mut self, mut other: Self) {
        self.differences.append(&mut other.differences);
        self.held_back.ranges.append(&mut other.held_back.ranges);
        self.held_back.add(other.held_back);
    }
}

async fn delete(
    stores: &Stores<'_>,
    repairer: &Repairer<'_>,
    window: &SuspectWindow,
    left: &mut i64,
) -> Result<Rest, RunError> {
    let SuspectWindow { range, seen } = window;
    let mut confirmed = look_at_all(stores, range).await?.differences;
    confirmed.retain(|difference| difference.deletes() && seen.contains(&identity(difference)));
    let mut rest = Rest::default();
    let units = guard::units(confirmed.iter());
    if units > *left {
        rest.held_back.hold(range, &mut confirmed);
    } else if units > 0 {
        *left -= units;
        mend(stores, repairer, range, &mut confirmed, Pass::Delete).await?;
    }
    confirmed.retain(|difference| !difference.repaired);
    rest.differences = confirmed;
    Ok(rest)
}
