//! What people and programs see of the differences. Pure.

use docmill_convert::{DiffStep, diff};
use serde::Serialize;
use serde_json::{Map, Value};

use super::side::Side;
use crate::output::untrusted::one_line;
use crate::output::{Show, Tone, View};

/// Characters of a value that are shown, unless all of it is asked for.
const VALUE_CHARS: usize = 200;

/// The differences between two stages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DocumentDiff {
    /// The old side.
    pub from: String,
    /// The new side.
    pub to: String,
    /// What differs.
    pub edits: Vec<FieldEdit>,
}

/// A part of a document that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldEdit {
    /// The path of it, for example `subjects[2].code`.
    pub path: String,
    /// The old value; left out if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The new value; left out if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl DocumentDiff {
    /// Compares two documents.
    pub fn new(from: &Side, to: &Side, before: &Map<String, Value>, after: &Map<String, Value>) -> Self {
        let edits = diff(before, after).into_iter().map(|edit| FieldEdit {
            path: path(&edit.steps),
            before: edit.before,
            after: edit.after,
        });
        Self { from: from.to_string(), to: to.to_string(), edits: edits.collect() }
    }
}

fn path(steps: &[DiffStep]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            DiffStep::Key(key) if path.is_empty() => path.push_str(key),
            DiffStep::Key(key) => path.extend([".", key.as_str()]),
            DiffStep::Entry(index) => path.extend([format!("[{index}]")]),
        }
    }
    path
}

impl Show for DocumentDiff {
    fn human(&self, view: View) -> String {
        if self.edits.is_empty() {
            return format!("{} and {} are the same.\n", self.from, self.to);
        }
        let paint = |tone: Tone, text: &str| view.palette.paint(tone, text);
        let mut lines = vec![
            paint(Tone::Bad, &format!("--- {}", self.from)),
            paint(Tone::Good, &format!("+++ {}", self.to)),
        ];
        for edit in &self.edits {
            lines.push(paint(Tone::Bold, &one_line(&edit.path)));
            lines.extend(edit.before.iter().map(|v| paint(Tone::Bad, &format!("- {}", shown(v, view)))));
            lines.extend(edit.after.iter().map(|v| paint(Tone::Good, &format!("+ {}", shown(v, view)))));
        }
        lines.join("\n") + "\n"
    }

    fn names(&self) -> Vec<String> {
        self.edits.iter().map(|edit| edit.path.clone()).collect()
    }
}

fn shown(value: &Value, view: View) -> String {
    let text = one_line(&value.to_string());
    if view.is_wide || text.chars().count() <= VALUE_CHARS {
        return text;
    }
    let start: String = text.chars().take(VALUE_CHARS).collect();
    format!("{start}… (-o wide shows all)")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::DocumentDiff;
    use crate::output::{Palette, Show as _, View};

    fn compared(before: &Value, after: &Value) -> DocumentDiff {
        let object = |value: &Value| value.as_object().cloned().unwrap();
        let (from, to) = ("snapshot".parse().unwrap(), "indexed".parse().unwrap());
        DocumentDiff::new(&from, &to, &object(before), &object(after))
    }

    fn shown(diff: &DocumentDiff, is_on: bool) -> String {
        let now = "2026-01-03T00:00:00Z".parse().unwrap();
        diff.human(View { palette: Palette { is_on }, is_wide: false, now })
    }

    #[test]
    fn fields_that_differ_are_shown_with_both_values() {
        let before = json!({"title": "a", "subjects": [{"code": 1}, {"code": 2}], "old": true});
        let after = json!({"title": "b", "subjects": [{"code": 1}, {"code": 3}], "new": "x"});
        let diff = compared(&before, &after);
        let expected = "--- snapshot
+++ indexed
title
- \"a\"
+ \"b\"
subjects[1].code
- 2
+ 3
old
- true
new
+ \"x\"
";
        assert_eq!(shown(&diff, false), expected);
        assert_eq!(diff.names(), ["title", "subjects[1].code", "old", "new"]);
        assert!(shown(&diff, true).contains("\u{1b}[31m- \"a\"\u{1b}[0m\n\u{1b}[32m+ \"b\"\u{1b}[0m\n"));
    }

    #[test]
    fn equal_documents_are_said_to_be_the_same() {
        let same = compared(&json!({"a": 1}), &json!({"a": 1}));
        assert_eq!(shown(&same, false), "snapshot and indexed are the same.\n");
    }

    #[test]
    fn a_long_value_is_cut() {
        let text = shown(&compared(&json!({}), &json!({"body": "x".repeat(500)})), false);
        assert!(text.contains("… (-o wide shows all)") && text.len() < 300, "{text}");
    }
}
