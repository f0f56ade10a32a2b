//! What happens to a value that is wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens to a value that is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnFault {
    /// Its document is refused.
    #[default]
    Refuse,
    /// It is left out of its document.
    Drop,
}
