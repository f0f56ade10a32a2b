//! What differs between two stages of a document, field by field.

use serde_json::Value;

use super::{layout, tables};
use crate::commands::console::links;
use crate::commands::console::markup::{Markup, all, element, link, tag};
use crate::commands::diff::render::{DocumentDiff, FieldEdit};

/// Characters of a value that are shown; `kubectl docmill diff -o wide` shows all.
const VALUE_CHARS: usize = 2000;
/// What can be chosen.
const STAGES: [&str; 3] = ["snapshot", "indexed", "enriched"];

/// The page.
pub fn page(id: &str, source: &str, diff: &DocumentDiff) -> Markup {
    let title = element("h1", all(["Differences of ".into(), link(&links::trace(id, source), id)]));
    let content = if diff.edits.is_empty() {
        element("p", format!("{} and {} are the same.", diff.from, diff.to))
    } else {
        let rows = diff.edits.iter().map(row).collect();
        let caption = format!("{} fields differ between {} and {}", diff.edits.len(), diff.from, diff.to);
        tables::of_rows(&caption, &["Field", &diff.from, &diff.to], rows)
    };
    all([title, choice(id, source, diff), content])
}

fn row(edit: &FieldEdit) -> Vec<Markup> {
    let before = edit.before.as_ref().map(|value| element("del", shown(value)));
    let after = edit.after.as_ref().map(|value| element("ins", shown(value)));
    vec![element("code", &edit.path), before.unwrap_or_default(), after.unwrap_or_default()]
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The form that chooses the stages.
fn choice(id: &str, source: &str, diff: &DocumentDiff) -> Markup {
    let button = tag("button").attribute("type", "submit").with("Compare");
    let parts = [
        layout::hidden("id", id),
        layout::hidden("source", source),
        select("from", "From", &diff.from),
        select("to", "to", &diff.to),
        button,
    ];
    tag("form").class("choice").attribute("action", links::DIFF).with(all(parts))
}

fn select(name: &str, label: &str, chosen: &str) -> Markup {
    // The snapshot of an earlier version is no stage, but stays chosen.
    let other = (!STAGES.contains(&chosen)).then_some(chosen);
    let options = STAGES.into_iter().chain(other).map(|stage| {
        let option = tag("option").attribute("value", stage);
        if stage == chosen { option.flag("selected").with(stage) } else { option.with(stage) }
    });
    let select = tag("select").attribute("name", name).with(all(options));
    element("label", all([label.into(), " ".into(), select]))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{page, shown};
    use crate::commands::diff::render::DocumentDiff;

    fn diff(before: &Value, after: &Value) -> String {
        let object = |value: &Value| value.as_object().cloned().unwrap();
        let (from, to) = ("snapshot".parse().unwrap(), "indexed".parse().unwrap());
        let diff = DocumentDiff::new(&from, &to, &object(before), &object(after));
        page("a1", "wire", &diff).as_str().to_owned()
    }

    #[test]
    fn both_values_of_a_field_are_shown() {
        let shown = diff(&json!({"title": "a<b"}), &json!({"title": "c", "new": 1}));
        for part in [
            "<caption>2 fields differ between snapshot and indexed</caption>",
            "<del>&quot;a&lt;b&quot;</del></td><td><ins>&quot;c&quot;</ins>",
            "<code>new</code></th><td></td><td><ins>1</ins>",
            "<option value=\"indexed\" selected>indexed</option>",
        ] {
            assert!(shown.contains(part), "no {part} in {shown}");
        }
        assert!(diff(&json!({"a": 1}), &json!({"a": 1})).contains("snapshot and indexed are the same."));
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        assert_eq!(shown(&json!("ä".repeat(5000))).chars().count(), 2001);
        assert_eq!(shown(&json!("ä")), "\"ä\"");
    }
}
