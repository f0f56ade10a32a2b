//! The words that say what became of a unit or a document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::reason::SkipReason;
use crate::records::units::{UnitRecord, UnitState};

/// What became of a unit or a document.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, IntoStaticStr, VariantArray,
)]
pub enum State {
    /// The object is in its bucket and has no record: its message is in the queue, in a worker, or was never sent.
    Pending,
    /// It is in the index.
    Indexed,
    /// It is in the index, and an enriched copy of this version in an enriched index. Only documents are.
    Enriched,
    /// It is in its snapshot, and its source has no index.
    Converted,
    /// It was refused.
    Failed,
    /// It was skipped, for a reason of [`SkipReason`] for which there is no state of its own.
    Skipped,
    /// A newer version of its key has replaced it.
    Superseded,
    /// Its object was removed, and what was made of it.
    Removed,
    /// It was forgotten: erased from all stores, and kept out from then on.
    Forgotten,
    /// The ledger knows it, and the index does not have it.
    Missing,
}

impl State {
    /// The state as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The state of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|state| state.as_str() == text)
    }

    /// The state of a unit with this record.
    pub fn of_record(record: &UnitRecord) -> Self {
        match (record.state, record.reason.as_deref()) {
            (UnitState::Indexed, _) => Self::Indexed,
            (UnitState::Converted, _) => Self::Converted,
            (UnitState::Failed, _) => Self::Failed,
            (UnitState::Skipped, Some(reason)) if reason == SkipReason::Superseded.as_str() => {
                Self::Superseded
            }
            (UnitState::Skipped, Some(reason)) if reason == SkipReason::ObjectRemoved.as_str() => {
                Self::Removed
            }
            (UnitState::Skipped, Some(reason)) if reason == SkipReason::Forgotten.as_str() => Self::Forgotten,
            (UnitState::Skipped, _) => Self::Skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::State;

    #[test]
    fn every_state_is_known_by_its_word_and_no_other_word_is_one() {
        for state in State::VARIANTS {
            assert_eq!(State::parse(state.as_str()), Some(*state));
            assert_eq!(serde_json::json!(state), state.as_str());
        }
        assert_eq!(State::parse("indexed"), None);
    }
}
