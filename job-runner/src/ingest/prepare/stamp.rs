//! What a snapshot and all its documents say of their unit. Pure.

use docmill_clients::clock;

use super::preparation::Preparation;
use crate::ingest::ledger::record::Recorder;
use crate::ingest::snapshot::provenance::{Provenance, UnitProvenance};
use crate::ingest::snapshot::{self, SnapshotMetadata};
use crate::ingest::unit::Unit;

impl Preparation {
    /// The metadata of a unit's snapshot.
    pub(crate) fn snapshot_metadata(&self, unit: &Unit, raw_digest: &str) -> SnapshotMetadata {
        SnapshotMetadata {
            source: self.recorder.source.clone(),
            unit: unit.id.digest(),
            raw_digest: raw_digest.to_owned(),
            revision: self.recorder.revision.clone(),
        }
    }

    /// What the in-memory documents of a unit say of it; they name their snapshot if it is known.
    pub(crate) fn stamp(&self, unit: &Unit) -> Stamp {
        Stamp::new(unit, self.packer.is_none().then(|| self.snapshot_key(unit)))
    }

    /// Key of the snapshot of a unit that is not packed.
    pub(crate) fn snapshot_key(&self, unit: &Unit) -> String {
        snapshot::key(&self.snapshots, &unit.id, &self.recorder.revision)
    }
}

/// What all documents of a unit carry in their provenance.
pub(crate) struct Stamp {
    pub(crate) snapshot: Option<String>,
    last_modified: String,
    converted_time: String,
}

impl Stamp {
    /// The stamp of a unit; `snapshot` if it is known.
    pub(crate) fn new(unit: &Unit, snapshot: Option<String>) -> Self {
        Self {
            snapshot,
            last_modified: clock::rfc3339(unit.last_modified_millis),
            converted_time: clock::rfc3339(clock::now_millis()),
        }
    }

    pub(crate) fn provenance<'a>(
        &'a self,
        unit: &'a Unit,
        raw_digest: &'a str,
        recorder: &'a Recorder,
    ) -> Provenance<'a> {
        Provenance {
            source: &recorder.source,
            unit: UnitProvenance { id: &unit.id, member: None, last_modified: &self.last_modified },
            raw_digest,
            snapshot: self.snapshot.as_deref(),
            revision: &recorder.revision,
            converted_time: &self.converted_time,
            repairs: None,
            runner: &recorder.runner,
            dropped: &[],
        }
    }
}
