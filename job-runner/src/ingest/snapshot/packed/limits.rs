//! How much a pack may hold.

/// Maximum bytes of lines that one unit may have in a pack. A larger unit has an object of its own.
pub const MAX_UNIT_BYTES: usize = 8 * 1024 * 1024;
/// Maximum bytes of a frame: incompressible content grows a little.
pub const MAX_FRAME_BYTES: u64 = MAX_UNIT_BYTES as u64 + 64 * 1024;
