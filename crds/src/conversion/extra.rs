//! What happens to the parts of an object that no field names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The field that keeps what a model does not name.
pub const EXTRA_FIELD: &str = "extra";

/// What happens to parts that a model does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Extra {
    /// It is left out.
    #[default]
    Drop,
    /// It is kept as a tree of nodes.
    Keep,
    /// It is kept as lists of values by path.
    Flattened,
}
