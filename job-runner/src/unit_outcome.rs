//! What became of a unit.

use docmill_crds::contract::IndexTrouble;
use docmill_crds::records::units::UnitState;

/// The outcome of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitOutcome {
    /// It has its final state in the ledger.
    Final {
        /// The final state.
        state: UnitState,
        /// Reason code of a failed or skipped unit.
        reason: Option<String>,
        /// Whether anything differs from what was recorded of it before: state, reason, a document's address
        /// or content.
        changed: bool,
    },
    /// It was done before, and is left as it is.
    Known(UnitState),
    /// There is no such object, and nothing to record.
    Nothing,
    /// Something that passes, or that a user has to fix, stood in the way: to be tried again later.
    Unfinished,
    /// An index has trouble of its own, which holds up nothing else: to be tried again later.
    Held(IndexTrouble),
}

impl UnitOutcome {
    /// Whether the message or line that reported the unit may be forgotten.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Unfinished | Self::Held(_))
    }
}
