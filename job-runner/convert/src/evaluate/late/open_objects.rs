//! What is settled when an open element ends.

use crate::automaton::SlotId;
use crate::automaton::active::Owner;

/// An object whose element is open, or something else that is settled when its element ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenObject {
    pub(crate) level: usize,
    /// The value; unknown for siblings.
    pub(crate) found: u32,
    /// The documents that follow share it.
    pub(crate) shared: bool,
    pub(crate) open: Open,
}

/// What is open.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Open {
    Object,
    /// Values that may not count: the slot that they are for, and the owner of the node.
    Guard(SlotId, Owner),
    /// Children that are counted.
    Siblings,
}
