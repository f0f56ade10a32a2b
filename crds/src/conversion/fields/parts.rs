//! Dates whose year, month and day are separate elements, as in JATS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the parts of a date are, from the element that the field's path finds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DateParts {
    /// The path of the year, of four digits.
    #[schemars(length(min = 1, max = 512))]
    pub year: String,

    /// The path of the month: its number, or its name in English. Without one, the date is the first of January.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub month: Option<String>,

    /// The path of the day. Without one, the date is the first of its month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub day: Option<String>,
}
