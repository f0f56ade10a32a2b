//! The words that enums are written as, which `strum` derives from the names of their variants.

/// What [`strum::VariantArray`] gives, as an array: it can be iterated by value, and its length is known.
pub(crate) const fn every<T: Copy, const N: usize>(variants: &[T]) -> [T; N] {
    match variants.as_array() {
        Some(variants) => *variants,
        None => unreachable!(),
    }
}
