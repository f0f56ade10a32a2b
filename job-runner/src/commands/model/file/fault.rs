//! Where a model file is wrong.

use serde_saphyr::{MessageFormatter as _, UserMessageFormatter};

/// What is wrong, and at which line and character.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(crate) problem: String,
    pub(crate) line: u64,
    pub(crate) column: u64,
}

pub(super) fn yaml_fault(error: &serde_saphyr::Error) -> Fault {
    let (line, column) = error.location().map_or((1, 1), |location| (location.line(), location.column()));
    let said = UserMessageFormatter.format_message(error.without_snippet());
    let problem = in_other_words(&said).map_or_else(|| said.to_string(), str::to_owned);
    Fault { problem, line: line.max(1), column: column.max(1) }
}

/// What is expected, where the parser says so in terms of YAML that an author of a model need not know.
fn in_other_words(said: &str) -> Option<&'static str> {
    match said {
        "expected sequence start" => Some("expected a list, as in [a, b]"),
        "expected mapping start" => Some("expected keys with values, as in {name: a, path: [a]}"),
        "expected string scalar" => Some("expected a text, found a list or keys with values"),
        "unexpected character: `@'" => Some("a text that starts with @ has to be in quotes, as in \"@id\""),
        _ => None,
    }
}
