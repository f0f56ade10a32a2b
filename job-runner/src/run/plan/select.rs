//! Which units a run selects. Pure.

use docmill_clients::clock;
use docmill_crds::api::ingest_run::{IngestMode, IngestRunSpec, RevisionNot, UnitSelector};
use docmill_crds::api::storage::RawLocation;
use docmill_crds::api::time_range::TimeRange;
use docmill_crds::contract::RunOrder;
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::records::units::{UnitId, UnitState};
use serde_json::{Map, Value, json};

use crate::ingest::source::listing::ListedObject;
use crate::run::error::RunError;
use crate::run::manifest::ManifestLine;

/// Units per search.
pub const PAGE: usize = 1000;
/// Fields of a ledger record that a line is built from.
pub const LEDGER_FIELDS: [&str; 5] = ["unit", "state", "reason", "revision", "lastModified"];
/// The reasons of notifications that named no object of the source: there is nothing that could be ingested
/// again.
const NO_OBJECT: [Reason; 2] = [Reason::MalformedNotification, Reason::ForeignNotification];

/// The selector of a run; empty if it has none.
pub fn selector(spec: &IngestRunSpec) -> UnitSelector {
    spec.select.clone().unwrap_or_default()
}

/// The prefix to list: the longer one of the source's and the run's.
pub fn listing_prefix(select: &UnitSelector, raw: &RawLocation) -> Result<String, RunError> {
    match &select.prefix {
        None => Ok(raw.prefix.clone()),
        Some(prefix) if prefix.starts_with(&raw.prefix) => Ok(prefix.clone()),
        Some(prefix) if raw.prefix.starts_with(prefix) => Ok(raw.prefix.clone()),
        Some(prefix) => Err(outside(prefix, raw)),
    }
}

/// The keys that a run names, each of which has to be one of the source's.
pub fn named_keys<'a>(select: &'a UnitSelector, raw: &RawLocation) -> Result<Option<&'a [String]>, RunError> {
    let Some(keys) = &select.keys else { return Ok(None) };
    match keys.iter().find(|key| !raw.covers(&raw.bucket, key)) {
        Some(key) => Err(outside(key, raw)),
        None => Ok(Some(keys)),
    }
}

fn outside(selected: &str, raw: &RawLocation) -> RunError {
    let suffixes = match raw.suffixes.as_slice() {
        [] => String::new(),
        suffixes => format!(" and end with {}", suffixes.join(" or ")),
    };
    RunError::Outside { selected: selected.to_owned(), prefix: raw.prefix.clone(), suffixes }
}

/// Whether a listed object is a candidate.
pub fn takes(listed: &ListedObject, select: &UnitSelector, raw: &RawLocation) -> bool {
    raw.covers(&raw.bucket, &listed.key)
        && select
            .modified_time
            .as_ref()
            .is_none_or(|range| within(listed.version.last_modified_millis, range))
}

fn within(millis: i64, range: &TimeRange) -> bool {
    range.from.as_ref().is_none_or(|from| millis >= from.0.as_millisecond())
        && range.until.as_ref().is_none_or(|until| millis < until.0.as_millisecond())
}

/// The unit that a listed object is.
pub fn unit_of(listed: &ListedObject, raw: &RawLocation) -> UnitId {
    listed.version.unit_id(&raw.bucket, &listed.key)
}

/// The line of a listed object, with what the ledger says of it; `None` if nothing has to be done for it.
///
/// A unit that was skipped is selected again: its listing means that its object is back. The poll trigger
/// looks for new objects and leaves finished units to runs that are requested; any other run selects units
/// finished by another conversion, and units that were only converted if there is an index now.
pub fn line_of(
    listed: ListedObject,
    record: Option<&Map<String, Value>>,
    order: &RunOrder,
    revision: &str,
) -> Option<ManifestLine> {
    let line = ManifestLine {
        key: listed.key,
        version_id: listed.version.version_id,
        etag: listed.version.etag,
        last_modified: Some(clock::rfc3339(listed.version.last_modified_millis)),
        ..ManifestLine::default()
    };
    let Some(record) = record else { return Some(line) };
    let line = ManifestLine {
        state: record.get("state").and_then(|state| serde_json::from_value(state.clone()).ok()),
        reason: text(record, "reason"),
        revision: text(record, "revision"),
        ..line
    };
    let never = [SkipReason::FolderMarker, SkipReason::Forgotten].map(SkipReason::as_str);
    if line.reason.as_deref().is_some_and(|reason| never.contains(&reason)) {
        // The unit is one version of the object, and that version will never be more than a marker, or is to stay out.
        return None;
    }
    let is_final = line.state.is_some_and(|state| state != UnitState::Skipped);
    let success_state = UnitState::of_success(&order.ingest.spec);
    let is_up_to_date = line.revision.as_deref() == Some(revision)
        && line.state.is_some_and(|state| !state.falls_short_of(success_state));
    let is_left_alone = order.poll.is_some() || is_up_to_date;
    (!(is_final && is_left_alone)).then_some(line)
}

/// The search for the units in the ledger that a run selects, starting after the one with these sort values.
pub fn ledger_page(spec: &IngestRunSpec, raw: &RawLocation, revision: &str, after: Option<&Value>) -> Value {
    let select = selector(spec);
    let mut filter =
        vec![json!({"term": {"unit.bucket": raw.bucket}}), json!({"terms": {"state": states(spec.mode)}})];
    let mut must_not = vec![json!({"terms": {"reason": NO_OBJECT}})];
    if let Some(keys) = &select.keys {
        filter.push(json!({"terms": {"unit.key": keys}}));
    }
    if let Some(prefix) = &select.prefix {
        filter.push(json!({"prefix": {"unit.key": prefix}}));
    }
    if let Some(range) = &select.modified_time {
        filter.push(json!({"range": {"lastModified": range.query_bounds()}}));
    }
    if let Some(failed) = &select.failed {
        if !failed.reasons.is_empty() {
            filter.push(json!({"terms": {"reason": failed.reasons}}));
        }
        if let Some(since) = &failed.since {
            filter.push(json!({"range": {"recordedTime": {"gte": since.0.to_string()}}}));
        }
    }
    if select.revision_not == Some(RevisionNot::Current) {
        must_not.push(json!({"term": {"revision": revision}}));
    }
    let sorted = json!({"order": "asc", "unmapped_type": "keyword"});
    let mut body = json!({
        "size": PAGE,
        "track_total_hits": false,
        "_source": LEDGER_FIELDS,
        "query": {"bool": {"filter": filter, "must_not": must_not}},
        // Together they are unique and never change, so that no unit is missed or met twice.
        "sort": [{"unit.key": sorted}, {"unit.version": sorted}],
    });
    if let Some(after) = after {
        body["search_after"] = after.clone();
    }
    body
}

fn states(mode: IngestMode) -> &'static [UnitState] {
    match mode {
        IngestMode::Replay => &[UnitState::Failed],
        IngestMode::Process | IngestMode::Reconvert | IngestMode::Shadow | IngestMode::Audit => {
            &[UnitState::Indexed, UnitState::Converted, UnitState::Failed]
        }
        // They select in other ways, or nothing.
        IngestMode::Forget | IngestMode::Probe | IngestMode::Manifest => &[],
    }
}

/// Reads the response to [`ledger_page`]: the lines, how many units are no longer the source's, and where to
/// continue; `None` at the end.
pub fn read_page(
    response: &Value,
    raw: &RawLocation,
    versioned: bool,
) -> Option<(Vec<ManifestLine>, i64, Value)> {
    let hits = response.pointer("/hits/hits").and_then(Value::as_array)?;
    let last = hits.last()?.get("sort")?.clone();
    let lines: Vec<_> = hits
        .iter()
        .filter_map(|hit| recorded_line(hit.get("_source")?.as_object()?, versioned))
        .filter(|line| raw.covers(&raw.bucket, &line.key))
        .collect();
    let left_out = i64::try_from(hits.len() - lines.len()).unwrap_or(i64::MAX);
    Some((lines, left_out, last))
}

fn recorded_line(record: &Map<String, Value>, versioned: bool) -> Option<ManifestLine> {
    let unit: UnitId = serde_json::from_value(record.get("unit")?.clone()).ok()?;
    let by_etag = !versioned || is_md5_etag(&unit.version);
    let (version_id, etag) = if by_etag { (None, Some(unit.version)) } else { (Some(unit.version), None) };
    Some(ManifestLine {
        key: unit.key,
        version_id,
        etag: etag.filter(|etag| !etag.is_empty()),
        last_modified: text(record, "lastModified"),
        state: record.get("state").and_then(|state| serde_json::from_value(state.clone()).ok()),
        reason: text(record, "reason"),
        revision: text(record, "revision"),
        range: None,
    })
}

/// A bucket that is versioned now may have been without versions before; its units from then are named by
/// their `ETag`, which is an MD5 in hex, with the number of parts after a hyphen. No store generates version
/// ids of that form.
fn is_md5_etag(version: &str) -> bool {
    let digits = version.split_once('-').map_or(version, |(digits, _)| digits);
    digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn text(record: &Map<String, Value>, name: &str) -> Option<String> {
    record.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
