//! What becomes of an object, as golden files keep it: beside an input `NAME.xml`, `NAME.expected.json` if it has one
//! document, else `NAME.expected.ndjson`, and `NAME.error.json` if something is refused.

use std::fmt::Write as _;

use serde_json::Value;

/// How the name of a golden file ends: one document, documents, refusals.
pub const GOLDEN_SUFFIXES: [&str; 3] = [".expected.json", ".expected.ndjson", ".error.json"];

/// What has to be in a golden file.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenContent {
    /// How the name of the file ends, one of [`GOLDEN_SUFFIXES`].
    pub suffix: &'static str,
    /// Its values; `None` if there must not be such a file.
    pub values: Option<Vec<Value>>,
    /// Whether each value is one line.
    lines: bool,
}

/// The content of each golden file of an object with these documents and refusals.
pub fn golden(documents: Vec<Value>, refusals: Vec<Value>) -> [GoldenContent; GOLDEN_SUFFIXES.len()] {
    let is_single = documents.len() == 1;
    let has_many = !is_single && (!documents.is_empty() || refusals.is_empty());
    let refused = (!refusals.is_empty()).then(|| vec![Value::Array(refusals)]);
    let (single, many) = match (is_single, has_many) {
        (true, _) => (Some(documents), None),
        (false, true) => (None, Some(documents)),
        (false, false) => (None, None),
    };
    let content = |suffix, values, lines| GoldenContent { suffix, values, lines };
    let [one, lines, error] = GOLDEN_SUFFIXES;
    [content(one, single, false), content(lines, many, true), content(error, refused, false)]
}

impl GoldenContent {
    /// Whether the text of a golden file says the same, in whatever notation.
    pub fn is(&self, text: &str) -> bool {
        values(text) == self.values
    }

    /// The text of the golden file, if there has to be one.
    pub fn text(&self) -> Option<String> {
        let values = self.values.as_deref()?;
        Some(if self.lines { lines(values) } else { pretty(values) })
    }

    /// The values as a diff shows them.
    pub fn for_people(&self) -> String {
        self.values.as_deref().map(pretty).unwrap_or_default()
    }

    /// The text of a golden file as a diff shows it: as it would be written, but always with a line for each member.
    pub fn text_for_people(text: &str) -> String {
        values(text).map_or_else(|| text.to_owned(), |values| pretty(&values))
    }
}

/// The values in the text of a golden file; `None` if it is not JSON.
fn values(text: &str) -> Option<Vec<Value>> {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().collect::<Result<Vec<_>, _>>().ok()
}

fn pretty(values: &[Value]) -> String {
    let mut text = String::new();
    for value in values {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{value:#}");
    }
    text
}

/// One value a line.
fn lines(values: &[Value]) -> String {
    let mut text = String::new();
    for value in values {
        let _ = writeln!(text, "{value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::golden;

    fn texts(documents: &[Value], refusals: &[Value]) -> Vec<(&'static str, String)> {
        let contents = golden(documents.to_vec(), refusals.to_vec());
        contents.iter().filter_map(|content| Some((content.suffix, content.text()?))).collect()
    }

    #[test]
    fn one_document_has_a_file_and_many_have_lines() {
        let [a, b] = [json!({"id": "a"}), json!({"id": "b"})];
        assert_eq!(
            texts(std::slice::from_ref(&a), &[]),
            [(".expected.json", "{\n  \"id\": \"a\"\n}\n".to_owned())]
        );
        let lines = "{\"id\":\"a\"}\n{\"id\":\"b\"}\n".to_owned();
        assert_eq!(texts(&[a, b], &[]), [(".expected.ndjson", lines)]);
        assert_eq!(texts(&[], &[]), [(".expected.ndjson", String::new())], "an object without documents");
    }

    #[test]
    fn refusals_have_a_file_of_their_own() {
        let refused = texts(&[], &[json!({"reason": "MissingField"})]);
        assert_eq!(refused.len(), 1);
        assert!(refused.iter().all(|(suffix, text)| *suffix == ".error.json" && text.starts_with('[')));
    }
}
