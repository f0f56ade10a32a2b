//! How values are written: what is left out of JSON, and the words of enums, which `strum` derives from the names of
//! their variants.

/// Whether a value is left out when it is serialised, because reading makes the same of its absence.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What [`strum::VariantArray`] gives, as an array: it can be iterated by value, and its length is known.
pub(crate) const fn every<T: Copy, const N: usize>(variants: &[T]) -> [T; N] {
    match variants.as_array() {
        Some(variants) => *variants,
        None => unreachable!(),
    }
}
