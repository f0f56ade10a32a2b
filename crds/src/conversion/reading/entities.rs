//! Which entities an object may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which entities an object may use beyond XML's own five (amp, lt, gt, quot, apos).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Entities {
    /// None.
    #[default]
    Refuse,
    /// Those that HTML 5 and the sets of ISO and MathML name, without any declaration.
    Named,
    /// Those, and the ones that the object itself declares as text.
    Declared,
}
