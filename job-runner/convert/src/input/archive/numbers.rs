//! The numbers in the records of a ZIP archive: binary, the lowest byte first.

/// The number of `bytes` bytes at a place of a record that is as long.
pub(crate) fn value(record: &[u8], at: usize, bytes: usize) -> u64 {
    record.get(at..at + bytes).map_or(0, little_endian)
}

/// The number that these bytes are, of which there are at most eight.
pub(crate) fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A number of at most 32 bits.
pub(crate) fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
