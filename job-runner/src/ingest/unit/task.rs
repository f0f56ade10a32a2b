//! A unit to be processed to completion, and [its outcome](UnitOutcome): what the path of a document has in common whether
//! the queue or a run reports the unit.

use std::time::Duration;

use super::object_ref::ObjectRef;

pub use crate::unit_outcome::UnitOutcome;

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
