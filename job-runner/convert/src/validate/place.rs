//! Where a value is: in its document, for the name of its field, and in its object.

use crate::fault::position::Position;

/// The path to an object, from which the name of a field is built only if something is wrong with it.
pub(super) enum Trail<'t> {
    Document,
    Object { parent: &'t Trail<'t>, name: &'t str, index: Option<usize> },
}

impl Trail<'_> {
    pub(super) fn field(&self, name: &str) -> String {
        match self {
            Self::Document => name.to_owned(),
            Self::Object { parent, name: object, index } => {
                let object = parent.field(object);
                index.map_or_else(|| format!("{object}.{name}"), |index| format!("{object}[{index}].{name}"))
            }
        }
    }

    /// The number of the object in its list, from 1.
    pub(super) fn position(&self) -> usize {
        match self {
            Self::Object { index: Some(index), .. } => index + 1,
            Self::Object { index: None, .. } | Self::Document => 1,
        }
    }
}

/// Where a value was found, for its faults.
pub(super) struct Spot<'s> {
    pub(crate) path: &'s str,
    pub(crate) place: Position,
    pub(super) trail: &'s Trail<'s>,
    pub(super) index: Option<usize>,
}

impl Spot<'_> {
    /// The name of its field, with its number in a list.
    pub(crate) fn field(&self, name: &str) -> String {
        let name = self.trail.field(name);
        self.index.map_or_else(|| name.clone(), |index| format!("{name}[{index}]"))
    }
}
