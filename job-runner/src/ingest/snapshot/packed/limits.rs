//! How much goes into a pack.

/// The most lines, in bytes, that one unit may have in a pack. What has more has an object of its own.
pub const MAX_UNIT_BYTES: usize = 8 * 1024 * 1024;
/// The most bytes that a frame can have: what cannot be compressed grows a little.
pub const MAX_FRAME_BYTES: u64 = MAX_UNIT_BYTES as u64 + 64 * 1024;
