//! What the ledger says of a unit.

use docmill_crds::records::units::{UnitRecord, UnitState};

/// A record as it is stored.
#[derive(Clone, Debug)]
pub struct KnownRecord {
    /// The record.
    pub record: UnitRecord,
    /// The version that it is stored with.
    pub version: u64,
}

impl KnownRecord {
    /// Whether the unit is finished under this revision, where units that succeed get the state
    /// `success_state`. A unit that was skipped may have come back.
    pub fn is_done(&self, revision: &str, success_state: UnitState) -> bool {
        let state = self.record.state;
        state != UnitState::Skipped
            && !state.falls_short_of(success_state)
            && self.record.revision == revision
    }
}
