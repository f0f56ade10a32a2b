//! Mode Manifest: writes the daily manifest of a source, whose form `docmill_crds::records::lineage` defines.
//!
//! - `day_units`: the records of the day, page by page, as they were at one point in time;
//! - `lines`: the lines on their way into the bucket, with the Merkle tree over them;
//! - `statements`: the statements of days, as they are stored.
//!
//! Memory is bounded whatever the number of units: a page of records, and a part of the upload. A pod that dies leaves an
//! upload that never becomes an object, or lines without a statement; the pod that replaces it begins anew. A day whose
//! statement still holds gets no second one. Of two pods that write at the same time, one is overtaken, and begins anew after the
//! statement of the other.

mod day_units;
mod lines;
mod statements;

use docmill_clients::clock;
use docmill_crds::contract::RunOrder;
use docmill_crds::records::lineage::{Day, DayManifest, FORMAT, UnitEntry, lines_name};

use super::context::RunContext;
use super::error::RunError;
use day_units::DayUnits;
use lines::LinesUpload;
use statements::{Statements, StoredStatement};

/// What the manifest of the day is now.
pub struct Written {
    /// How many units it has.
    pub count: i64,
    /// Key of the statement in the snapshot bucket.
    pub key: String,
}

/// Writes the manifest of the day of the run, unless the newest one of that day says the same.
pub async fn write(context: &RunContext) -> Result<Written, RunError> {
    let day = day(&context.order)?;
    let statements = Statements::of(context, day);
    let newest = statements.newest().await?;
    let generation = newest.as_ref().map_or(0, |newest| newest.statement.generation) + 1;
    let name = lines_name(generation, &context.order.run_uid);
    let key = statements.key(&name);
    // Before the point in time: what is recorded between the two is told, and by the next manifest again.
    let created_time = clock::rfc3339(clock::now_millis());
    let mut lines = LinesUpload::begin(context, &key).await?;
    if let Err(error) = fill(context, day, &mut lines).await {
        lines.abort().await;
        return Err(error);
    }
    let told = lines.told();
    if let Some(newest) = newest.as_ref().filter(|newest| newest.says(&told)) {
        lines.abort().await;
        tracing::info!(%day, generation = newest.statement.generation, "the newest manifest of the day still holds");
        return Ok(Written { count: told.count, key: statements.key_of(newest.statement.generation) });
    }
    // The lines of another pod of this run have the same key, and a statement may tell of them by now.
    if let Err(overtaken) = statements.check_next(generation).await {
        lines.abort().await;
        return Err(overtaken);
    }
    lines.complete().await?;
    let previous = match day.before() {
        Some(before) => Statements::of(context, before).newest().await?,
        None => None,
    };
    let statement = DayManifest {
        format: FORMAT,
        source: context.source_name(),
        bucket: context.source().raw.bucket.clone(),
        day: day.to_string(),
        generation,
        created_time,
        count: told.count,
        states: told.states,
        root: told.root,
        lines: name,
        run: context.order.run_uid.clone(),
        previous: previous.as_ref().map(StoredStatement::link),
        replaces: newest.as_ref().map(StoredStatement::link),
    };
    statements.store(&statement).await?;
    tracing::info!(%day, generation, count = statement.count, root = statement.root, "the manifest is written");
    Ok(Written { count: statement.count, key: statements.key_of(generation) })
}

/// Copies the units of the day into the lines.
async fn fill(context: &RunContext, day: Day, lines: &mut LinesUpload<'_>) -> Result<(), RunError> {
    let mut units = DayUnits::open(context, day).await?;
    let copied = copy(context, &mut units, lines).await;
    units.close().await;
    copied
}

async fn copy(
    context: &RunContext,
    units: &mut DayUnits<'_>,
    lines: &mut LinesUpload<'_>,
) -> Result<(), RunError> {
    loop {
        if context.stop.closing.is_cancelled() {
            return Err(RunError::Stopped);
        }
        let page = units.next_page().await?;
        if page.is_empty() {
            return Ok(());
        }
        for record in &page {
            lines.push(&UnitEntry::of(record)).await?;
        }
    }
}

/// The day of a run: the one that it names, or the last one that was over when it was created.
fn day(order: &RunOrder) -> Result<Day, RunError> {
    match &order.spec.day {
        Some(text) => Day::parse(text).ok_or_else(|| RunError::NoDay(text.clone())),
        None => Day::of_millis(order.created_millis)
            .and_then(Day::before)
            .ok_or_else(|| RunError::NoDay(order.created_millis.to_string())),
    }
}
