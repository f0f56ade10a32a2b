//! Every stage of a document or an object, where it is stuck, and what would help.

use docmill_crds::records_api::document::Document;
use docmill_crds::records_api::history::{DocumentHistory, HistoryEntry};
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::Unit;
use jiff::Timestamp;

use super::{faults, layout, tables};
use crate::commands::console::links;
use crate::commands::console::markup::{Markup, all, element, link, tag};
use crate::commands::trace::lookup::Trace;
use crate::commands::trace::{advice, stages};
use crate::output::amounts::moment;
use crate::output::{Palette, Tone, View};

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Traced {
    /// What was looked for, and what was found.
    pub trace: Trace,
    /// The versions of the document, if there is one.
    pub history: Option<DocumentHistory>,
    /// If nothing was found: units whose keys start with what was looked for.
    pub similar: Vec<Unit>,
    /// If there are no such units either: documents whose content has the words, the best match first.
    pub with_words: Vec<Document>,
}

/// The page.
pub fn page(found: &Traced, now: Timestamp) -> Markup {
    let trace = &found.trace;
    let view = View { palette: Palette::default(), is_wide: false, now };
    let documents = trace.documents.iter().map(|it| document(it, trace, view));
    let units = trace.units.iter().map(|it| unit(it, trace, view));
    let mut parts: Vec<Markup> = documents.chain(units).collect();
    if parts.is_empty() {
        parts.push(unknown(found, now));
    }
    parts.extend(found.history.as_ref().map(|history| versions(history, now)));
    parts.extend(trace.notes.iter().map(|note| tag("p").class("dim").with(format!("Note: {note}"))));
    all([element("h1", format!("Trace of {}", trace.target)), all(parts)])
}

fn state(state: State) -> Markup {
    tables::toned(stages::tone(state), state.as_str())
}

fn document(document: &Document, trace: &Trace, view: View) -> Markup {
    let (id, source) = (&document.id, &document.source);
    let head = tables::definitions([
        ("Document", id.into()),
        ("Source", link(&links::source(source), source)),
        ("State", state(document.state)),
    ]);
    let table = tables::of_terminal("Stages of the document", &stages::of_document(document, view));
    let unit = document.unit.as_ref().map(|unit| {
        let superseded_by = unit.superseded_by.as_deref();
        let lines = advice::of_unit(document.state, source, &unit.raw, superseded_by);
        all([refusal(unit, trace), tables::commands(&lines)])
    });
    let warnings = document
        .warnings
        .iter()
        .map(|warning| element("p", tables::toned(Tone::Warn, format!("Warning: {warning}"))));
    let parts = [head, table, comparisons(document), unit.unwrap_or_default(), all(warnings)];
    tag("section").class("card").with(all(parts))
}

/// Links to what differs between one stage and the next.
fn comparisons(document: &Document) -> Markup {
    let mut pairs = vec![("snapshot", "indexed")];
    if document.enriched.iter().any(|enriched| enriched.index.is_some()) {
        pairs.push(("indexed", "enriched"));
    }
    if document.indexed.is_none() {
        pairs.clear();
    }
    let entry = |(from, to): (&str, &str)| {
        let address = links::diff(&document.id, &document.source, from, to);
        element("li", link(&address, format!("{from} → {to}")))
    };
    tag("ul").class("actions").attribute("aria-label", "Differences").with(all(pairs.into_iter().map(entry)))
}

fn unit(unit: &Unit, trace: &Trace, view: View) -> Markup {
    let digest = unit.metadata.name.as_deref().unwrap_or("?");
    let head = tables::definitions([
        ("Object", unit.raw.key.as_str().into()),
        ("Unit", digest.into()),
        ("Source", link(&links::source(&unit.source), &unit.source)),
        ("State", state(unit.state)),
    ]);
    let documents = unit
        .documents
        .iter()
        .take(5)
        .map(|document| element("li", link(&links::trace(&document.id, &unit.source), &document.id)));
    let documents = tag("ul").attribute("aria-label", "Documents").with(all(documents));
    let lines = advice::of_unit(unit.state, &unit.source, &unit.raw, unit.superseded_by.as_deref());
    let table = tables::of_terminal("Stages of the object", &stages::of_unit(unit, view));
    let parts = [head, table, documents, refusal(unit, trace), tables::commands(&lines)];
    tag("section").class("card").with(all(parts))
}

fn refusal(unit: &Unit, trace: &Trace) -> Markup {
    let Some(failure) = &unit.failure else { return Markup::default() };
    let error = trace.errors.iter().find(|error| error.metadata.name == unit.metadata.name);
    let values = error.map(faults::with_values).filter(|values| *values != Markup::default());
    let heading = element("h2", format!("Refused at stage {}", failure.stage));
    all([heading, values.unwrap_or_else(|| faults::places(failure))])
}

fn versions(history: &DocumentHistory, now: Timestamp) -> Markup {
    let rows = history.entries.iter().map(|entry| version(entry, history, now)).collect();
    let headings = ["Unit", "State", "Recorded", "Revision", "Key", "Differences"];
    all([element("h2", "Versions"), tables::of_rows("Versions, the last recorded first", &headings, rows)])
}

fn version(entry: &HistoryEntry, history: &DocumentHistory, now: Timestamp) -> Vec<Markup> {
    let digest = entry.unit.as_str();
    let from = format!("snapshot@{digest}");
    let differences = if entry.is_current {
        "the current one".into()
    } else {
        link(&links::diff(&history.id, &history.source, &from, "snapshot"), "to the current one")
    };
    vec![
        link(&links::trace(digest, &history.source), digest),
        state(entry.state),
        tables::moment(&moment(&entry.recorded_time, now)),
        entry.revision.as_str().into(),
        entry.key.as_str().into(),
        differences,
    ]
}

fn unknown(found: &Traced, now: Timestamp) -> Markup {
    let trace = &found.trace;
    let answer = element("p", trace.unknown());
    let mut parts = vec![answer, layout::search(&trace.target)];
    if !found.with_words.is_empty() {
        let rows = found.with_words.iter().map(with_words).collect();
        let caption = "Documents with these words, the best match first";
        parts.push(tables::of_rows(caption, &["Id", "Source", "Key", "Index"], rows));
    } else if found.similar.is_empty() {
        parts.push(tables::commands(&advice::of_unknown(trace)));
    } else {
        let rows = found.similar.iter().map(|unit| similar(unit, now)).collect();
        let caption = "Objects whose keys start with it";
        parts.push(tables::of_rows(caption, &["Key", "Source", "State", "Recorded"], rows));
    }
    all(parts)
}

fn similar(unit: &Unit, now: Timestamp) -> Vec<Markup> {
    let recorded = unit.conversion.as_ref().map(|conversion| moment(&conversion.recorded_time, now));
    vec![
        link(&links::trace(&unit.raw.key, &unit.source), &unit.raw.key),
        unit.source.as_str().into(),
        state(unit.state),
        recorded.unwrap_or_default().into(),
    ]
}

fn with_words(document: &Document) -> Vec<Markup> {
    let key = document.unit.as_ref().map_or("", |unit| unit.raw.key.as_str());
    let index = document.indexed.as_ref().map_or("", |indexed| indexed.index.as_str());
    vec![
        link(&links::trace(&document.id, &document.source), &document.id),
        document.source.as_str().into(),
        key.into(),
        index.into(),
    ]
}
