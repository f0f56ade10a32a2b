//! Runs, and one of them.

use super::{layout, tables};
use crate::commands::console::links;
use crate::commands::console::markup::{Markup, all, element, link, tag};
use crate::commands::console::observations::{Observations, ObservedRun};
use crate::commands::top::render::RunRow;
use crate::output::amounts::count;
use crate::output::{Palette, Tone};
use crate::runs::render::{progress, verdict};
use crate::runs::run_state::{Outcome, RunState};

/// The page of all runs.
pub fn page(observations: &Observations) -> Markup {
    let runs = observations.runs_of(None);
    let at_work = runs.iter().filter(|run| run.state.outcome.is_none()).count();
    let content = if runs.is_empty() {
        element("p", "There are no runs in this namespace. The page of a source creates one.")
    } else {
        table("Runs, those at work first", &runs)
    };
    let summary = layout::summary(&format!("{} runs, {at_work} at work", runs.len()));
    all([element("h1", "Runs"), summary, layout::live("runs", content)])
}

/// A table of runs.
pub fn table(caption: &str, runs: &[&ObservedRun]) -> Markup {
    let rows = runs.iter().map(|run| row(&RunRow::new(&run.state))).collect();
    tables::of_rows(caption, &["Run", "Source", "Phase", "Progress", "Processed", "Failed", "Waits"], rows)
}

fn row(row: &RunRow) -> Vec<Markup> {
    let selected = row.selected.map_or_else(|| "?".to_owned(), count);
    let percent = row.percent.map(|percent| tables::progress(percent, &format!("Progress of {}", row.name)));
    let phase = if row.phase == "Failed" { Tone::Bad } else { Tone::Plain };
    let failed = if row.findings > 0 { Tone::Bad } else { Tone::Plain };
    vec![
        link(&links::run(&row.name), &row.name),
        row.source.as_ref().map(|source| link(&links::source(source), source)).unwrap_or_default(),
        tables::toned(phase, &row.phase),
        percent.unwrap_or_default(),
        format!("{} of {selected}", count(row.processed)).into(),
        tables::toned(failed, count(row.findings)),
        tables::toned(Tone::Warn, row.waits.as_deref().unwrap_or_default()),
    ]
}

/// The page of one run.
pub fn one(run: &ObservedRun) -> Markup {
    let state = &run.state;
    let line = if state.outcome.is_some() {
        verdict(state, Palette::default())
    } else {
        progress(state, &run.meter, Palette::default())
    };
    let percent = RunRow::new(state).percent.map(|percent| tables::progress(percent, "Progress"));
    let summary = layout::summary(&format!("{}: {}", state.name, state.phase));
    let line = tag("pre").class("verdict").with(Markup::lines(line));
    let content = all([percent.unwrap_or_default(), line, tables::definitions(numbers(state))]);
    let source = state
        .source
        .as_ref()
        .map(|source| element("p", all(["Source ".into(), link(&links::source(source), source)])));
    let parts = [element("h1", &state.name), source.unwrap_or_default(), summary];
    all([all(parts), layout::live("run", content)])
}

fn numbers(state: &RunState) -> Vec<(&'static str, Markup)> {
    let outcome = match state.outcome {
        Some(Outcome::Complete) => tables::toned(Tone::Good, "complete"),
        Some(Outcome::Failed) => tables::toned(Tone::Bad, "failed"),
        None => "at work".into(),
    };
    let mut pairs = vec![("outcome", outcome)];
    pairs.extend(state.selected.map(|selected| ("selected", count(selected).into())));
    pairs.extend(state.numbers.iter().map(|(word, number)| (*word, count(*number).into())));
    pairs.extend(state.start_time.as_ref().map(|time| ("started", time.0.to_string().into())));
    pairs.extend(state.duration.as_ref().map(|duration| ("duration", duration.into())));
    pairs
}
