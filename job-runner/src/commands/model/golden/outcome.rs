//! What becomes of an input, as golden files say it.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::files::SUFFIXES;
use crate::commands::convert::engine::Engine;
use crate::commands::inputs::ReadError;

/// What has to be in a golden file.
pub(super) struct Golden {
    /// The file.
    pub(super) path: PathBuf,
    /// Its values; `None` if there must not be such a file.
    pub(super) values: Option<Vec<Value>>,
    /// Whether each value is one line.
    lines: bool,
}

/// Converts an input of a folder. `stem` is its path without extension.
pub(super) fn of(
    engine: &Engine,
    folder: &Path,
    input: &Path,
    stem: &Path,
) -> Result<[Golden; SUFFIXES.len()], ReadError> {
    let unreadable = |source| ReadError { path: input.to_owned(), source };
    let (mut documents, mut refusals) = (Vec::new(), Vec::new());
    let (mut file, look) = engine.open(input).map_err(unreadable)?;
    // A document may have the path in it; wherever the folder is, that is the path within it.
    let name = input.strip_prefix(folder).unwrap_or(input);
    // Golden files say the same whenever the inputs were written.
    let read = engine.convert(name, (&look, None), &mut file, |verdict| {
        match verdict {
            Ok(document) => documents.push(value(document.json())),
            Err(refusal) => refusals.push(json!(refusal)),
        }
        ControlFlow::Continue(())
    });
    read.map_err(unreadable)?;
    let is_single = documents.len() == 1;
    let has_many = !is_single && (!documents.is_empty() || refusals.is_empty());
    let refused = (!refusals.is_empty()).then(|| vec![Value::Array(refusals)]);
    let (single, many) = match (is_single, has_many) {
        (true, _) => (Some(documents), None),
        (false, true) => (None, Some(documents)),
        (false, false) => (None, None),
    };
    let golden = |suffix: &str, values, lines| Golden { path: beside(stem, suffix), values, lines };
    let [one, lines, error] = SUFFIXES;
    Ok([golden(one, single, false), golden(lines, many, true), golden(error, refused, false)])
}

fn beside(stem: &Path, suffix: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn value(document: &str) -> Value {
    // A document is JSON; if it were not, its text would show that.
    serde_json::from_str(document).unwrap_or_else(|_| document.into())
}

/// The values in the text of a golden file; `None` if it is not JSON.
fn values(text: &str) -> Option<Vec<Value>> {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().collect::<Result<Vec<_>, _>>().ok()
}

/// The text of a golden file as a diff shows it: as it would be written, but always with a line for each member.
pub(super) fn for_people(text: &str) -> String {
    values(text).map_or_else(|| text.to_owned(), |values| pretty(&values))
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

impl Golden {
    /// Whether the text of a golden file says the same, in whatever notation.
    pub(super) fn is(&self, text: &str) -> bool {
        values(text) == self.values
    }

    /// The text of the golden file, if there has to be one.
    pub(super) fn text(&self) -> Option<String> {
        let values = self.values.as_deref()?;
        Some(if self.lines { lines(values) } else { pretty(values) })
    }

    /// The values as a diff shows them.
    pub(super) fn for_people(&self) -> String {
        self.values.as_deref().map(pretty).unwrap_or_default()
    }
}
