//! What a person should know about the values of a field. Pure.

use docmill_crds::conversion::FieldType;

use super::super::kinds::{Form, Kinds};
use super::super::names::can_name;

/// Of a field that would be the guid if no two documents had the same value.
pub(super) fn shared_id(is_shared: bool) -> Option<&'static str> {
    is_shared.then_some("which some share: the guid, if a later document replaces an earlier one")
}

/// Of strings that are dates.
pub(super) fn date(kind: FieldType, kinds: Kinds) -> Option<&'static str> {
    if kind != FieldType::String {
        None
    } else if kinds.has(Form::Local) {
        Some("a dateTime, if you say its timeZone")
    } else if kinds.has(Form::AnyDate) {
        Some("dates, if you say their formats and timeZone")
    } else {
        None
    }
}

/// Of a field whose element or attribute has a name that no field can have.
pub(super) fn name(word: &str) -> Option<&'static str> {
    (!can_name(word)).then_some("to be named by you, in letters from A to Z")
}
