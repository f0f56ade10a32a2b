//! What is left out of JSON.

/// Whether a value is left out when it is serialised, because reading makes the same of its absence.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
