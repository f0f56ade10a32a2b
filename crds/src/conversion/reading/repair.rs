//! What may be mended in an object that is not well-formed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::serialization::every;

/// Something that is wrong with an object and can be mended without inventing text.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    IntoStaticStr,
    VariantArray,
)]
pub enum Repair {
    /// White space or a byte order mark before the XML declaration is left out.
    LeadingSpace,
    /// NULs, other control characters and text after the root element are left out.
    TrailingData,
    /// Characters that XML does not allow, and references to them, are left out.
    ControlCharacters,
    /// An ampersand that begins no reference is an ampersand.
    BareAmpersand,
    /// A prefix without a declaration gets its well-known namespace, or one that is named like the prefix.
    UndeclaredPrefix,
    /// A declaration that the bytes contradict is ignored; bytes that the encoding does not have make the object read
    /// again in the one that `encoding` names.
    Encoding,
    /// Of several attributes with one name in a tag, the first one counts.
    DuplicateAttributes,
    /// Elements that are open at the end of the object end there, and markup that is cut off is left out.
    UnclosedAtEnd,
}

impl Repair {
    /// Every repair.
    pub const ALL: [Self; Self::VARIANTS.len()] = every(Self::VARIANTS);

    /// The name as it is written everywhere, for example `BareAmpersand`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
