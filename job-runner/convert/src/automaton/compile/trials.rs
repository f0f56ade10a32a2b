//! Which fields try the values that a path finds in their order, until one of them is sound.

use docmill_crds::conversion::{Computed, Field, FieldType, OnFault, Syntax};

/// What holds for all fields of a model.
#[derive(Clone, Copy)]
pub(super) struct Trials {
    pub(super) syntax: Syntax,
    pub(super) on_fault: OnFault,
}

impl Trials {
    /// Whether a value that is found for the field may be none in the end: nothing is left of it when it has been
    /// computed, or it is wrong and left out.
    pub(super) fn may_fail(self, field: &Field) -> bool {
        let drops = field.on_fault.unwrap_or(self.on_fault) == OnFault::Drop;
        let empties = if field.kind == FieldType::Object {
            field.fields.iter().any(|part| self.may_fail(part))
        } else {
            matches!(Computed::of(field), Ok(Some(computed)) if computed.may_be_empty())
        };
        empties || (drops && self.may_be_wrong(field))
    }

    /// Whether a value of the field may be wrong. In JSON, a text may be of another type.
    fn may_be_wrong(self, field: &Field) -> bool {
        match field.kind {
            FieldType::Object => field
                .fields
                .iter()
                .any(|part| part.required || !part.required_if.is_empty() || self.may_be_wrong(part)),
            FieldType::String | FieldType::Text | FieldType::Markup => {
                self.syntax == Syntax::Json || is_constrained(field)
            }
            _ => true,
        }
    }
}

/// Whether a text may violate a constraint.
fn is_constrained(field: &Field) -> bool {
    let has_length = field.min_length.is_some() || field.max_length.is_some();
    has_length || field.pattern.is_some() || !field.allowed.is_empty()
}
