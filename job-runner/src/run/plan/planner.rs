//! Selects the units of a run and writes the manifest.
//!
//! A restarted planner starts over and overwrites: the bucket may have changed meanwhile, and nobody works
//! before the plan exists. Once it exists, it is used as it is.

use docmill_clients::elastic::{Address, StoredDocument};
use docmill_clients::{clock, retry};
use docmill_crds::api::ingest_run::{IngestMode, UnitSelector};
use docmill_crds::api::storage::RawLocation;
use docmill_crds::records::units::units_index;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::key_bound::Growing;
use super::select;
use super::writer::ManifestWriter;
use crate::ingest::source::listing::{self, ListedObject, Listing};
use crate::ingest::unit::object_version::ObjectVersion;
use crate::run::context::RunContext;
use crate::run::daily_manifest;
use crate::run::error::RunError;
use crate::run::forget;
use crate::run::manifest::{KeyRange, ManifestLine, PLAN_NAME, RunPlan};
use crate::run::retry_policy::PATIENCE;

/// Objects that are looked up by name concurrently.
const HEADS_AT_A_TIME: usize = 16;
/// Keys per range of an audit.
const RANGE_KEYS: usize = 1000;

/// Plans a run.
pub(crate) async fn plan(context: &RunContext) -> Result<RunPlan, RunError> {
    context.ensure_records().await?;
    context.record_run().await?;
    let plan = match context.read_json(PLAN_NAME).await? {
        Some(plan) => plan,
        None => select_units(context).await?,
    };
    if let (0, Some(key)) = (plan.files, &plan.bound) {
        // Nobody will work, so nobody else could record it.
        context.record_key_bound(key).await?;
    }
    context.record_plan(&plan).await?;
    Ok(plan)
}

async fn select_units(context: &RunContext) -> Result<RunPlan, RunError> {
    let spec = &context.order.spec;
    let select = select::selector(spec);
    let raw = &context.source().raw;
    // Even if they only narrow a search: a selection that cannot match anything is a mistake, and is
    // reported.
    let prefix = select::listing_prefix(&select, raw)?;
    let keys = select::named_keys(&select, raw)?;
    match (spec.mode, keys) {
        (IngestMode::Process, Some(keys)) => named(context, keys).await,
        (IngestMode::Process, None) => listed(context, &select, &prefix).await,
        (IngestMode::Replay | IngestMode::Reconvert | IngestMode::Shadow, _) => recorded(context).await,
        (IngestMode::Audit, _) => ranges(context, &prefix).await,
        (IngestMode::Forget, _) => forgotten(context).await,
        // It works on no units.
        (IngestMode::Probe, _) => ManifestWriter::new(context).close().await,
        (IngestMode::Manifest, _) => manifest_of_day(context).await,
    }
}

/// Writes the daily manifest, which leaves no work.
async fn manifest_of_day(context: &RunContext) -> Result<RunPlan, RunError> {
    // On the heap, since it is large.
    let written = Box::pin(daily_manifest::write(context)).await?;
    let mut writer = ManifestWriter::new(context);
    writer.plan.selected = written.count;
    writer.plan.manifest = Some(written.key);
    writer.close().await
}

/// Selects what a listing returns and the ledger does not know to be done.
async fn listed(context: &RunContext, select: &UnitSelector, prefix: &str) -> Result<RunPlan, RunError> {
    let keys_grow = context.order.poll.as_ref().is_some_and(|poll| poll.lexicographical_ordering);
    let after = if keys_grow { context.key_bound().await? } else { None };
    let mut growing = Growing::new(after.clone(), clock::now_millis());
    let mut listing = open(context, prefix, after).await?;
    let mut writer = ManifestWriter::new(context);
    while let Some(page) = next_page(context, &mut listing).await? {
        for object in &page {
            growing.see(object);
        }
        let raw = &context.source().raw;
        let candidates = page.into_iter().filter(|object| select::takes(object, select, raw)).collect();
        write_open(context, candidates, &mut writer).await?;
    }
    writer.plan.bound = growing.bound().filter(|_| keys_grow);
    writer.close().await
}

/// Selects the objects with these names. A missing one gets a line too, so that it is counted.
async fn named(context: &RunContext, keys: &[String]) -> Result<RunPlan, RunError> {
    let raw = &context.source().raw;
    let look = |key: String| async move {
        let head = async || listing::head(&context.s3, &raw.bucket, &key).await;
        let object = retry::retry_transient(PATIENCE, &context.stop.closing, head).await?;
        let missing = ListedObject {
            key: key.clone(),
            version: ObjectVersion { version_id: None, etag: None, last_modified_millis: 0 },
        };
        Ok::<_, RunError>(object.unwrap_or(missing))
    };
    let objects: Vec<ListedObject> =
        stream::iter(keys.to_vec()).map(look).buffered(HEADS_AT_A_TIME).try_collect().await?;
    let mut writer = ManifestWriter::new(context);
    write_open(context, objects, &mut writer).await?;
    writer.close().await
}

/// Writes lines for the objects that the ledger does not know to be done.
async fn write_open(
    context: &RunContext,
    objects: Vec<ListedObject>,
    writer: &mut ManifestWriter<'_>,
) -> Result<(), RunError> {
    let revision = context.source().conversion.revision()?;
    let records = look_up(context, &objects).await?;
    for (object, record) in objects.into_iter().zip(records) {
        let record = record.as_ref().map(|record| &record.source);
        match select::line_of(object, record, &context.order, &revision) {
            Some(line) => writer.push(line).await?,
            None => writer.plan.passed_over += 1,
        }
    }
    Ok(())
}

async fn look_up(
    context: &RunContext,
    objects: &[ListedObject],
) -> Result<Vec<Option<StoredDocument>>, RunError> {
    let index = ledger(context);
    let raw = &context.source().raw;
    let ids: Vec<String> = objects.iter().map(|object| select::unit_of(object, raw).digest()).collect();
    let addresses: Vec<_> = ids.iter().map(|id| Address { index: &index, id }).collect();
    let fields = select::LEDGER_FIELDS.map(str::to_owned);
    let read = async || context.clusters.ledger.mget(&addresses, &fields).await;
    Ok(retry::retry_transient(PATIENCE, &context.stop.closing, read).await?)
}

/// Selects from the ledger. Makes earlier records visible first.
async fn recorded(context: &RunContext) -> Result<RunPlan, RunError> {
    let index = ledger(context);
    let raw: &RawLocation = &context.source().raw;
    let revision = context.source().conversion.revision()?;
    let versioned = is_versioned(context).await?;
    let refresh = async || context.clusters.ledger.refresh(&index).await;
    retry::retry_transient(PATIENCE, &context.stop.closing, refresh).await?;
    let mut writer = ManifestWriter::new(context);
    let mut after: Option<Value> = None;
    loop {
        let body = select::ledger_page(&context.order.spec, raw, &revision, after.as_ref());
        let search = async || context.clusters.ledger.search(&index, &body).await;
        let response = retry::retry_transient(PATIENCE, &context.stop.closing, search).await?;
        let Some((lines, left_out, last)) = select::read_page(&response, raw, versioned) else { break };
        writer.plan.passed_over += left_out;
        for line in lines {
            writer.push(line).await?;
        }
        after = Some(last);
    }
    writer.close().await
}

/// Selects the keys that are to be forgotten. An id that no store knows is passed over.
async fn forgotten(context: &RunContext) -> Result<RunPlan, RunError> {
    let selection = Box::pin(forget::select(context)).await?;
    let mut writer = ManifestWriter::new(context);
    writer.plan.passed_over = selection.unknown;
    for key in selection.keys {
        writer.push(ManifestLine { key, ..ManifestLine::default() }).await?;
    }
    writer.close().await
}

/// Splits all keys into ranges of about equal work. Together they omit nothing, including records of keys
/// that are not in the bucket.
async fn ranges(context: &RunContext, prefix: &str) -> Result<RunPlan, RunError> {
    let mut listing = open(context, prefix, None).await?;
    let mut writer = ManifestWriter::of_ranges(context);
    let (mut after, mut count) = (None, 0);
    while let Some(page) = next_page(context, &mut listing).await? {
        for object in page {
            count += 1;
            if count == RANGE_KEYS {
                count = 0;
                let before = after.replace(object.key.clone());
                writer.push(range(before, Some(object.key))).await?;
            }
        }
    }
    writer.push(range(after, None)).await?;
    writer.close().await
}

fn range(after: Option<String>, until: Option<String>) -> ManifestLine {
    ManifestLine { range: Some(KeyRange { after, until }), ..ManifestLine::default() }
}

fn ledger(context: &RunContext) -> String {
    units_index(&context.order.ingest.namespace, &context.order.ingest.source)
}

async fn is_versioned(context: &RunContext) -> Result<bool, RunError> {
    let bucket = &context.source().raw.bucket;
    let ask = async || listing::is_versioned(&context.s3, bucket).await;
    Ok(retry::retry_transient(PATIENCE, &context.stop.closing, ask).await?)
}

async fn open(context: &RunContext, prefix: &str, after: Option<String>) -> Result<Listing, RunError> {
    let versioned = is_versioned(context).await?;
    Ok(Listing::new(context.s3.clone(), &context.source().raw.bucket, versioned, prefix, after))
}

async fn next_page(
    context: &RunContext,
    listing: &mut Listing,
) -> Result<Option<Vec<ListedObject>>, RunError> {
    if context.stop.closing.is_cancelled() {
        return Err(RunError::Stopped);
    }
    Ok(retry::retry_transient(PATIENCE, &context.stop.closing, async || listing.next_page().await).await?)
}
