//! What was refused of a source, by reason, with examples and the text around the faults of one of them.

use docmill_crds::records_api::error::UnitError;
use jiff::Timestamp;

use super::{faults, tables};
use crate::commands::console::links;
use crate::commands::console::markup::{Markup, all, element, link, tag};
use crate::commands::console::run_form::RunMode;
use crate::commands::failures::summary::{FailureExample, FailureGroup, FailureSummary};
use crate::output::Tone;
use crate::output::amounts::{counted, moment};

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// The refused units, grouped.
    pub summary: FailureSummary,
    /// Why the first example of a group was refused.
    pub errors: Vec<UnitError>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

/// The page.
pub fn page(found: &Explained, may_run: bool, now: Timestamp) -> Markup {
    let source = &found.summary.source;
    let title = element("h1", all(["Failures of ".into(), link(&links::source(source), source)]));
    let cut = found.summary.is_cut.then(|| "There are more, older ones than were read.".to_owned());
    let notes = found.notes.iter().chain(found.summary.note.as_ref()).chain(cut.as_ref());
    let notes = all(notes.map(|note| tag("p").class("dim").with(note)));
    if found.summary.groups.is_empty() {
        let narrowed = if found.summary.is_narrowed { " for this reason" } else { "" };
        return all([title, element("p", format!("Nothing was refused{narrowed}.")), notes]);
    }
    let groups = found.summary.groups.iter().map(|of| group(of, found, may_run, now));
    all([title, notes, all(groups)])
}

fn group(group: &FailureGroup, found: &Explained, may_run: bool, now: Timestamp) -> Markup {
    let source = &found.summary.source;
    let last = group.last_time.as_ref().map(|time| format!(", the last {}", moment(time, now)));
    let numbers = format!("{}{}", counted(group.count, "unit"), last.unwrap_or_default());
    let example =
        |example: &FailureExample| element("li", link(&links::trace(&example.key, source), &example.key));
    let examples = all(group.examples.iter().map(example));
    let examples = tag("ul").attribute("aria-label", "Examples").with(examples);
    let replay = may_run.then(|| {
        let address = links::new_run(source, RunMode::Replay, Some(&group.reason));
        element("p", tag("a").class("button").attribute("href", address).with("Replay these…"))
    });
    let first = group.examples.first();
    let error = first.and_then(|first| {
        found.errors.iter().find(|error| error.metadata.name.as_ref() == Some(&first.unit))
    });
    let parts = [
        element("h2", tables::toned(Tone::Bad, &group.reason)),
        element("p", numbers),
        error.map(faults::with_values).unwrap_or_default(),
        examples,
        replay.unwrap_or_default(),
    ];
    tag("section").class("card").with(all(parts))
}
