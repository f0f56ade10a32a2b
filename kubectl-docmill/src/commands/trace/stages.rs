//! The stages of a unit and of a document, as rows of a table. Pure.

use std::fmt::Write as _;

use docmill_crds::records_api::document::Document;
use docmill_crds::records_api::stage::{ConversionStage, EnrichedStage, IndexedStage, Presence, RawStage};
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::Unit;

use crate::output::amounts::{bytes, counted, moment};
use crate::output::{Cell, Table, Tone, View};

/// Characters of a digest that people compare.
const SHORT: usize = 12;

/// The tone of a state.
pub const fn tone(state: State) -> Tone {
    match state {
        State::Indexed | State::Enriched | State::Converted => Tone::Good,
        State::Failed | State::Missing => Tone::Bad,
        State::Pending => Tone::Warn,
        State::Skipped | State::Superseded | State::Removed | State::Forgotten => Tone::Dim,
    }
}

/// The stages of a document.
pub fn of_document(document: &Document, view: View) -> Table {
    let mut table = headings();
    if let Some(unit) = &document.unit {
        add_unit(&mut table, unit, view);
    }
    if let Some(indexed) = &document.indexed {
        add_index(&mut table, indexed, view);
    }
    for enriched in &document.enriched {
        add_enriched(&mut table, enriched, view);
    }
    table
}

/// The stages of a unit.
pub fn of_unit(unit: &Unit, view: View) -> Table {
    let mut table = headings();
    add_unit(&mut table, unit, view);
    for document in unit.documents.iter().take(if view.is_wide { usize::MAX } else { 5 }) {
        let what = format!("{} in {}", document.id, document.index);
        row(&mut table, "document", (Tone::Good, "recorded"), None, &what);
    }
    table
}

fn headings() -> Table {
    Table::new(&["STAGE", "STATE", "TIME", "DETAILS"])
}

fn row(table: &mut Table, stage: &str, (tone, word): (Tone, &str), time: Option<String>, details: &str) {
    let time = Cell::from(time.unwrap_or_default());
    table.row([Cell::from(stage), Cell::new(tone, word), time, Cell::from(details)]);
}

fn add_unit(table: &mut Table, unit: &Unit, view: View) {
    add_raw(table, &unit.raw, view);
    if let Some(conversion) = &unit.conversion {
        add_conversion(table, unit, conversion, view);
    }
    if let Some(snapshot) = &unit.snapshot {
        let documents = counted(unit.document_count, "document");
        let details = format!("{} ({documents})", snapshot.reference);
        row(table, "snapshot", (Tone::Good, "stored"), None, &details);
    }
}

fn add_raw(table: &mut Table, raw: &RawStage, view: View) {
    let state = match raw.presence {
        Some(Presence::Present) => (Tone::Good, "present"),
        Some(Presence::Replaced) => (Tone::Dim, "replaced"),
        Some(Presence::Gone) => (Tone::Warn, "gone"),
        None => (Tone::Plain, "known"),
    };
    let mut details = format!("s3://{}/{}", raw.bucket, raw.key);
    details.extend(raw.size.map(|size| format!(", {}", bytes(size))));
    details.push_str(", version ");
    details.push_str(&raw.version);
    details.extend(raw.digest.as_ref().map(|digest| format!(", sha256 {}", shown(digest, view))));
    row(table, "raw", state, raw.last_modified.as_ref().map(|time| moment(time, view.now)), &details);
}

fn add_conversion(table: &mut Table, unit: &Unit, conversion: &ConversionStage, view: View) {
    let state = match (unit.state, unit.reason.as_deref()) {
        (
            State::Failed | State::Skipped | State::Superseded | State::Removed | State::Forgotten,
            Some(reason),
        ) => reason,
        (State::Indexed | State::Enriched | State::Missing, _) => "converted",
        (state, _) => state.as_str(),
    };
    let tone = if unit.state == State::Missing { Tone::Good } else { tone(unit.state) };
    let current = match conversion.is_current_revision {
        Some(true) => " (in force)",
        Some(false) => " (older than the one in force)",
        None => "",
    };
    let mut details = format!(
        "revision {}{current}, attempt {}, pod {}",
        shown(&conversion.revision, view),
        conversion.attempts,
        conversion.runner
    );
    details.extend(conversion.run.as_ref().map(|run| format!(", by run {run}")));
    let repairs = conversion.repairs.iter().map(|(repair, count)| format!(", mended {repair} x{count}"));
    details.extend(repairs);
    row(table, "conversion", (tone, state), Some(moment(&conversion.recorded_time, view.now)), &details);
}

fn add_index(table: &mut Table, indexed: &IndexedStage, view: View) {
    let state = match indexed.is_present {
        Some(true) => (Tone::Good, "indexed"),
        Some(false) => (Tone::Bad, "missing"),
        None => (Tone::Warn, "unknown"),
    };
    let mut details = indexed.index.clone();
    details.extend(indexed.digest.as_ref().map(|digest| format!(", digest {}", shown(digest, view))));
    row(table, "index", state, indexed.indexed_time.as_ref().map(|time| moment(time, view.now)), &details);
}

fn add_enriched(table: &mut Table, enriched: &EnrichedStage, view: View) {
    let state = match (&enriched.failure, enriched.is_current) {
        (Some(failure), _) => (Tone::Bad, failure.reason.as_str()),
        (None, Some(true)) => (Tone::Good, "enriched"),
        (None, Some(false)) => (Tone::Warn, "outdated"),
        (None, None) => (Tone::Plain, "not yet"),
    };
    let times = enriched.results.iter().filter_map(|result| result.enriched_time.as_ref());
    let time = enriched.failure.as_ref().map(|failure| &failure.updated_time).or(times.max());
    let mut details = format!("by {}", enriched.run);
    details.extend(enriched.index.as_ref().map(|index| format!(" into {index}")));
    for result in &enriched.results {
        let model = result.model.as_deref().unwrap_or("?");
        let version = result.version.as_ref().map(|version| format!("@{version}"));
        // Writing to a text does not fail.
        let _ = write!(details, ", {}: {model}{}", result.name, version.unwrap_or_default());
    }
    details.extend(enriched.failure.as_ref().map(|failure| format!(", attempts: {}", failure.attempts)));
    row(table, "enrichment", state, time.map(|time| moment(time, view.now)), &details);
}

/// As much of a digest as people compare; all of it with `-o wide`.
pub fn shown(digest: &str, view: View) -> &str {
    if view.is_wide { digest } else { digest.get(..SHORT).unwrap_or(digest) }
}
