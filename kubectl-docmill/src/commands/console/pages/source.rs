//! One source: its way, the last hour, what fails, its conditions and runs.

use docmill_crds::api::ingest_source::FailureCount;
use jiff::Timestamp;

use super::{flow, layout, overview, runs, tables};
use crate::commands::console::chart::chart;
use crate::commands::console::links;
use crate::commands::console::markup::{Markup, all, element, link, tag};
use crate::commands::console::observations::{Observations, ObservedSource};
use crate::commands::console::run_form::RunMode;
use crate::output::Tone;
use crate::output::amounts::{age, count, seconds};

/// The page; `None` if there is no such source.
pub fn page(observations: &Observations, name: &str, may_run: bool, now: Timestamp) -> Option<Markup> {
    let source = observations.sources.get(name)?;
    let problem = observations.problem.as_ref().map(|problem| overview::outdated(problem));
    let content = all([
        problem.unwrap_or_default(),
        flow::stages(source, observations.enriched(name)),
        flow::numbers(source),
        charts(source, now),
        failures(source),
        conditions(source, now),
        runs_of(observations, name),
    ]);
    let row = &source.row;
    let words = format!("{name}: {}, {} failed", row.state, count(row.failed));
    let title = element("h1", all(["Source ".into(), name.into(), " ".into(), flow::state(source)]));
    let live = layout::live("source", content);
    Some(all([title, layout::summary(&words), actions(name, may_run), live]))
}

fn actions(name: &str, may_run: bool) -> Markup {
    if !may_run {
        return element("p", "You may look and not create runs here: that takes the role edit.");
    }
    let action = |(mode, words): (RunMode, &str)| {
        let address = links::new_run(name, mode, None);
        element("li", tag("a").class("button").attribute("href", address).with(words))
    };
    let actions = [
        (RunMode::Replay, "Replay failures…"),
        (RunMode::Reconvert, "Reconvert…"),
        (RunMode::Audit, "Audit…"),
    ];
    tag("ul").class("actions").attribute("aria-label", "Create a run").with(all(actions.map(action)))
}

fn charts(source: &ObservedSource, now: Timestamp) -> Markup {
    let (rates, lags) = (source.samples.points(|it| it.rate), source.samples.points(|it| it.lag));
    let second = now.as_second();
    let charts = all([chart("Rate", &rates, second, flow::rate), chart("Lag", &lags, second, seconds)]);
    all([element("h2", "Last hour"), tag("div").class("charts").with(charts)])
}

fn failures(source: &ObservedSource) -> Markup {
    let (name, status) = (&source.row.name, source.resource.status.as_ref());
    let reasons = status.map(|status| status.top_failures.as_slice()).unwrap_or_default();
    let heading = element("h2", "Failures");
    if reasons.is_empty() {
        return all([heading, element("p", "Nothing was refused.")]);
    }
    let row =
        |failure: &FailureCount| vec![tables::toned(Tone::Bad, &failure.reason), count(failure.count).into()];
    let rows = reasons.iter().map(row).collect();
    let table = tables::of_rows("Failures by reason", &["Reason", "Units"], rows);
    let more = element("p", link(&links::failures(name), "Examples, with the text around the fault"));
    all([heading, table, more])
}

fn conditions(source: &ObservedSource, now: Timestamp) -> Markup {
    let conditions = source.resource.status.iter().flat_map(|status| &status.conditions);
    let rows: Vec<Vec<Markup>> = conditions
        .map(|condition| {
            vec![
                condition.type_.as_str().into(),
                condition.status.as_str().into(),
                condition.reason.as_str().into(),
                age(condition.last_transition_time.0, now).into(),
                condition.message.as_str().into(),
            ]
        })
        .collect();
    let headings = ["Type", "Status", "Reason", "Since", "Message"];
    all([element("h2", "Conditions"), tables::of_rows("Conditions", &headings, rows)])
}

fn runs_of(observations: &Observations, name: &str) -> Markup {
    let runs = observations.runs_of(Some(name));
    if runs.is_empty() {
        return Markup::default();
    }
    all([element("h2", "Runs"), runs::table("Runs of this source", &runs)])
}
