//! Refused units by reason. Pure.

use docmill_crds::IngestSource;
use docmill_crds::records_api::unit::Unit;
use serde::Serialize;

use crate::output::amounts::{count, moment};
use crate::output::untrusted::one_line;
use crate::output::{Cell, Show, Table, Tone, View};

/// What was refused of a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureSummary {
    /// The source.
    pub source: String,
    /// The reasons, the most frequent first.
    pub groups: Vec<FailureGroup>,
    /// Whether there are more units than were read, all of them older.
    pub is_cut: bool,
    /// What could not be read, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether only some reasons or times were asked for.
    #[serde(skip)]
    pub is_narrowed: bool,
}

/// The units with one reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureGroup {
    /// The reason code.
    pub reason: String,
    /// How many units have it.
    pub count: i64,
    /// When the last one was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_time: Option<String>,
    /// Some of them, the last recorded first.
    pub examples: Vec<FailureExample>,
}

/// A refused unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureExample {
    /// Digest of the unit.
    pub unit: String,
    /// Key of its object.
    pub key: String,
}

impl FailureSummary {
    /// Groups units, which come last recorded first.
    pub fn of_units(source: &str, units: &[Unit], examples: usize, is_cut: bool) -> Self {
        let mut groups: Vec<FailureGroup> = Vec::new();
        for unit in units {
            let reason = unit.reason.as_deref().unwrap_or("Unknown");
            let known = groups.iter().position(|group| group.reason == reason).unwrap_or_else(|| {
                let last_time = unit.conversion.as_ref().map(|conversion| conversion.recorded_time.clone());
                groups.push(FailureGroup { reason: reason.to_owned(), last_time, ..FailureGroup::default() });
                groups.len() - 1
            });
            let Some(group) = groups.get_mut(known) else { continue };
            group.count += 1;
            if group.examples.len() < examples {
                let digest = unit.metadata.name.clone().unwrap_or_default();
                group.examples.push(FailureExample { unit: digest, key: unit.raw.key.clone() });
            }
        }
        groups.sort_by_key(|group| -group.count);
        Self { source: source.to_owned(), groups, is_cut, ..Self::default() }
    }

    /// What the status of the source tells, without examples.
    pub fn of_status(source: &IngestSource, note: String) -> Self {
        let failures = source.status.iter().flat_map(|status| &status.top_failures);
        let groups = failures.map(|failure| FailureGroup {
            reason: failure.reason.clone(),
            count: failure.count,
            ..FailureGroup::default()
        });
        Self {
            source: source.metadata.name.clone().unwrap_or_default(),
            groups: groups.collect(),
            note: Some(note),
            ..Self::default()
        }
    }
}

impl Show for FailureSummary {
    fn human(&self, view: View) -> String {
        if self.groups.is_empty() {
            return self.nothing(view);
        }
        let mut table = Table::new(&["REASON", "UNITS", "LAST", "EXAMPLES"]);
        for group in &self.groups {
            let last = group.last_time.as_ref().map(|time| moment(time, view.now)).unwrap_or_default();
            let mut examples = group.examples.iter().map(|example| {
                if view.is_wide { format!("{} ({})", example.key, example.unit) } else { example.key.clone() }
            });
            table.row([
                Cell::new(Tone::Bad, &group.reason),
                Cell::from(count(group.count)),
                Cell::from(last),
                Cell::from(examples.next().unwrap_or_default()),
            ]);
            for example in examples {
                table.row([Cell::default(), Cell::default(), Cell::default(), Cell::from(example)]);
            }
        }
        let mut text = table.render(view.palette);
        let cut = self.is_cut.then_some("there are more, older ones: narrow it by --since or --reason");
        for note in cut.into_iter().chain(self.note.as_deref()) {
            text.push_str(&said(note, view));
        }
        text.push_str(&view.palette.paint(Tone::Bold, "Next"));
        text.push_str("\n  kubectl docmill trace KEY   # the faults of one of them\n");
        text
    }

    fn names(&self) -> Vec<String> {
        let examples = self.groups.iter().flat_map(|group| &group.examples);
        examples.map(|example| format!("unit/{}", example.unit)).collect()
    }
}

impl FailureSummary {
    /// That nothing was found, of what was asked for.
    fn nothing(&self, view: View) -> String {
        let narrowed = if self.is_narrowed { ", as far as --reason and --since go" } else { "" };
        let answer = format!("Nothing of {} was refused{narrowed}.\n", self.source);
        std::iter::once(answer).chain(self.note.iter().map(|note| said(note, view))).collect()
    }
}

fn said(note: &str, view: View) -> String {
    format!("{}\n", view.palette.paint(Tone::Dim, &format!("note: {}", one_line(note))))
}

#[cfg(test)]
mod tests {
    use docmill_crds::records_api::unit::Unit;
    use serde_json::json;

    use super::FailureSummary;
    use crate::output::{Palette, Show as _, View};

    fn unit(digest: &str, reason: &str, key: &str) -> Unit {
        serde_json::from_value(json!({
            "apiVersion": "records.docmill.io/v1alpha1", "kind": "Unit", "metadata": {"name": digest},
            "source": "wire", "state": "Failed", "reason": reason,
            "raw": {"bucket": "raw", "key": key, "version": "1"},
            "conversion": {"revision": "5f", "attempts": 1, "runner": "p", "recordedTime": "2026-01-03T00:00:00Z"}}))
        .unwrap()
    }

    fn view() -> View {
        let now = "2026-01-03T00:01:00Z".parse().unwrap();
        View { palette: Palette::default(), is_wide: false, now }
    }

    #[test]
    fn units_are_grouped_by_reason_the_most_frequent_first() {
        let missing = |digest: &str, key: &str| unit(digest, "MissingField", key);
        let units =
            [unit("0a", "WrongType", "a"), missing("0b", "b"), missing("0c", "c"), missing("0d", "d")];
        let summary = FailureSummary::of_units("wire", &units, 2, true);
        let expected = "REASON         UNITS   LAST                             EXAMPLES
MissingField   3       2026-01-03T00:00:00Z (60s ago)   b
                                                        c
WrongType      1       2026-01-03T00:00:00Z (60s ago)   a
note: there are more, older ones: narrow it by --since or --reason
Next
  kubectl docmill trace KEY   # the faults of one of them
";
        assert_eq!(summary.human(view()), expected);
        assert_eq!(summary.names(), ["unit/0b", "unit/0c", "unit/0a"]);
    }

    #[test]
    fn nothing_refused_is_said() {
        let summary = FailureSummary::of_units("wire", &[], 2, false);
        assert_eq!(summary.human(view()), "Nothing of wire was refused.\n");
        let narrowed = FailureSummary { is_narrowed: true, ..summary };
        let expected = "Nothing of wire was refused, as far as --reason and --since go.\n";
        assert_eq!(narrowed.human(view()), expected);
    }

    #[test]
    fn that_the_records_were_not_asked_is_said_even_if_nothing_was_refused() {
        let note = Some("the records API is not served\u{1b}[2J".to_owned());
        let summary = FailureSummary { source: "wire".to_owned(), note, ..FailureSummary::default() };
        let expected = "Nothing of wire was refused.\nnote: the records API is not served\u{fffd}[2J\n";
        assert_eq!(summary.human(view()), expected);
    }
}
