//! All sources and the runs at work.

use super::{flow, layout, runs};
use crate::commands::console::links;
use crate::commands::console::markup::{Markup, all, element, link, tag};
use crate::commands::console::observations::{Observations, ObservedSource};
use crate::output::amounts::counted;

/// The page.
pub fn page(observations: &Observations) -> Markup {
    let cards = observations.sources.values().map(|source| card(source, observations));
    let mut parts: Vec<Markup> = observations.problem.iter().map(|problem| outdated(problem)).collect();
    if observations.sources.is_empty() {
        parts.push(element("p", "There are no sources in this namespace."));
    }
    parts.extend(cards);
    let at_work: Vec<_> =
        observations.runs_of(None).into_iter().filter(|run| run.state.outcome.is_none()).collect();
    if !at_work.is_empty() {
        parts.push(runs::table("Runs at work", &at_work));
    }
    let summary = layout::summary(&words(observations));
    all([element("h1", "Overview"), summary, layout::live("sources", all(parts))])
}

/// That the last look at the cluster failed.
pub fn outdated(problem: &str) -> Markup {
    let text = format!("The latest look at the cluster failed, so that what follows is older: {problem}");
    tag("p").class("problem").with(text)
}

fn words(observations: &Observations) -> String {
    let rows = || observations.sources.values().map(|source| &source.row);
    let unwell: Vec<&str> = rows().filter(|row| !row.is_well).map(|row| row.name.as_str()).collect();
    let failed: i64 = rows().map(|row| row.failed).sum();
    let well = if unwell.is_empty() { String::new() } else { format!("; not well: {}", unwell.join(", ")) };
    let sources = i64::try_from(observations.sources.len()).unwrap_or(i64::MAX);
    format!("{}, {}{well}", counted(sources, "source"), counted(failed, "failed unit"))
}

fn card(source: &ObservedSource, observations: &Observations) -> Markup {
    let name = &source.row.name;
    let id = format!("source-{name}");
    let title = all([link(&links::source(name), name), " ".into(), flow::state(source)]);
    let heading = tag("h2").attribute("id", &id).with(title);
    let stages = flow::stages(source, observations.enriched(name));
    let card = tag("section").class("card").attribute("aria-labelledby", id);
    card.with(all([heading, stages, flow::numbers(source)]))
}
