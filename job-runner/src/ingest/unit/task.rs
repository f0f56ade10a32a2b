//! A unit to be processed to completion, and its outcome: what the path of a document has in common whether
//! the queue or a run reports the unit.

use std::time::Duration;

use docmill_crds::contract::IndexTrouble;
use docmill_crds::records::units::UnitState;

use super::object_ref::ObjectRef;

/// A unit to be processed to completion.
#[derive(Clone, Debug)]
pub struct UnitTask {
    /// The object.
    pub landed: ObjectRef,
    /// How often the unit was attempted, this time included.
    pub attempts: i64,
    /// How long the unit has been redelivered for by now; zero the first time.
    pub redelivered_for: Duration,
    /// What to do with a unit that is done already.
    pub reprocess: Reprocess,
}

/// What to do with a unit that is done already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reprocess {
    /// Nothing, if it was done with the current revision.
    No,
    /// The same, unless it was refused: it may be readable by now.
    Refused,
    /// Convert it again, and write only if something differs from its record.
    Yes,
    /// Convert it again and write everything, because the stores lack something that the record has.
    Rewrite,
}

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
