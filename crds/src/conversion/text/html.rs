//! Values that are HTML, written as text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which values of a field are HTML, and become plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Html {
    /// All of them.
    Text,
    /// Those of elements whose attribute `type` (Atom) or `contenttype` (NewsML-G2) says so: html or text/html.
    ByType,
}
