//! `position()`: the number of the object that a field is in.

use crate::conversion::fields::field::Field;
use crate::conversion::fields::field_type::FieldType;
use crate::conversion::path::{Path, Target};

/// Why a field cannot have this path, if that is `position()`. `around` is the object that the field is in.
pub(crate) fn problem(field: &Field, path: &Path, around: Option<&Field>) -> Option<String> {
    if path.target != Target::Position {
        return None;
    }
    let problem = if around.is_none_or(|object| !object.repeated) {
        "position() is the number of a repeated object: it is for the fields of one"
    } else if field.kind != FieldType::Integer || field.repeated || field.path.len() > 1 {
        "position() is the only path of an integer that is not repeated"
    } else {
        return None;
    };
    Some(problem.to_owned())
}
