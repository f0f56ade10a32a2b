//! What a field may ask for to be changed in its values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a regular expression matches, and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replace {
    /// A regular expression (RE2 syntax). Every match in the value is replaced.
    #[schemars(length(min = 1, max = 1024))]
    pub pattern: String,

    /// The text that replaces a match. $1 or ${name} is what a group matched, $$ a dollar sign. Left out: nothing.
    #[serde(default)]
    #[schemars(length(max = 256))]
    pub with: String,
}

/// The case of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LetterCase {
    /// Small letters.
    Lower,
    /// Capitals.
    Upper,
}
