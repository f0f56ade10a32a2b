//! Values that are HTML, written as text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which values of a field are HTML, and become plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Html {
    /// All of them.
    Text,
    /// Those of elements whose attribute `type` says so, as in Atom: html or text/html.
    ByType,
}
