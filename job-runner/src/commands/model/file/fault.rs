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
    let problem = UserMessageFormatter.format_message(error.without_snippet()).into_owned();
    Fault { problem, line: line.max(1), column: column.max(1) }
}
