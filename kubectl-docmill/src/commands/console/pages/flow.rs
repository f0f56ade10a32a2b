//! The way of a source's documents, with live numbers: raw → converted → indexed → enriched.

use docmill_crds::api::ingest_source::UnitCounts;

use super::tables::{definitions, toned};
use crate::commands::console::links;
use crate::commands::console::markup::{Markup, all, element, link, tag};
use crate::commands::console::observations::ObservedSource;
use crate::output::Tone;
use crate::output::amounts::{count, counted, seconds};

/// The stages, and how many wait or are in each.
pub fn stages(source: &ObservedSource, enriched: (i64, usize)) -> Markup {
    let status = source.resource.status.as_ref();
    let units: UnitCounts = status.and_then(|status| status.units).unwrap_or_default();
    let (results, runs) = enriched;
    let by = counted(i64::try_from(runs).unwrap_or(i64::MAX), "run");
    let failed = if units.failed > 0 { Tone::Bad } else { Tone::Dim };
    let stages = [
        stage("Raw", units.pending, toned(Tone::Dim, "pending")),
        stage("Converted", source.row.stored, toned(failed, format!("{} failed", count(units.failed)))),
        stage("Indexed", units.indexed, toned(Tone::Dim, "units")),
        stage("Enriched", results, toned(Tone::Dim, format!("documents, by {by}"))),
    ];
    let label = format!("Stages of {}", source.row.name);
    tag("ol").class("flow").attribute("aria-label", label).with(all(stages))
}

fn stage(name: &str, number: i64, details: Markup) -> Markup {
    let name = tag("span").class("stage").with(name);
    let number = tag("strong").with(count(number));
    element("li", all([name, number, details]))
}

/// Rate, backlog, lag, workers and failures.
pub fn numbers(source: &ObservedSource) -> Markup {
    let row = &source.row;
    let (active, desired) = row.workers;
    let failures = link(&links::failures(&row.name), count(row.failed));
    let reason = row.top_failure.as_ref().map(|reason| toned(Tone::Bad, format!(" {reason}")));
    definitions([
        ("Rate", row.units_per_ten_seconds.map_or_else(|| "unknown".to_owned(), rate).into()),
        ("Backlog", count(row.pending).into()),
        ("Lag", row.lag_seconds.map_or_else(|| "unknown".to_owned(), seconds).into()),
        ("Workers", format!("{active} of {desired}").into()),
        ("Failed", all([failures, reason.unwrap_or_default()])),
    ])
}

/// Tenths of units per second, for people.
pub fn rate(tenths: i64) -> String {
    format!("{}.{}/s", tenths / 10, tenths % 10)
}

/// How a source is.
pub fn state(source: &ObservedSource) -> Markup {
    toned(if source.row.is_well { Tone::Good } else { Tone::Warn }, &source.row.state)
}
