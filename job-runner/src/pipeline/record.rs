//! Records in the ledger: where a unit ended. Pure; `finish` writes them.

use docmill_crds::ledger::{DocumentAddress, UnitId, UnitRecord, UnitState};
use docmill_crds::reason::SkipReason;

use super::prepare::Converted;
use crate::clock;

/// What all records of a worker have in common.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// `<namespace>/<name>` of the source.
    pub source: String,
    /// Digest of the conversion model.
    pub revision: String,
    /// Name of the pod.
    pub runner: String,
}

impl Recorder {
    /// The record of a unit whose object was read: indexed if nothing of it was refused, failed otherwise.
    #[must_use]
    pub fn of_converted(
        &self,
        converted: &Converted,
        stored: Vec<DocumentAddress>,
        attempts: i64,
        now_millis: i64,
    ) -> UnitRecord {
        let landed = converted.unit.last_modified_millis;
        let refusal = converted.refusals.first();
        UnitRecord {
            state: if refusal.is_some() { UnitState::Failed } else { UnitState::Indexed },
            reason: refusal.map(|refusal| refusal.reason.to_string()),
            message: refusal.map(|refusal| refusal.message.clone()),
            raw_digest: converted.raw_digest.clone(),
            documents: stored,
            snapshot: converted.snapshot.clone(),
            last_modified: Some(clock::rfc3339(landed)),
            lag_millis: Some((now_millis - landed).max(0)),
            ..self.blank(converted.unit.id.clone(), attempts, now_millis)
        }
    }

    /// The record of a unit that was passed over.
    #[must_use]
    pub fn of_skipped(&self, unit: UnitId, reason: SkipReason, attempts: i64, now_millis: i64) -> UnitRecord {
        UnitRecord {
            state: UnitState::Skipped,
            reason: Some(reason.as_str().to_owned()),
            ..self.blank(unit, attempts, now_millis)
        }
    }

    fn blank(&self, unit: UnitId, attempts: i64, now_millis: i64) -> UnitRecord {
        UnitRecord {
            source: self.source.clone(),
            unit,
            state: UnitState::Skipped,
            reason: None,
            message: None,
            attempts,
            raw_digest: None,
            documents: Vec::new(),
            snapshot: None,
            revision: self.revision.clone(),
            last_modified: None,
            recorded_time: clock::rfc3339(now_millis),
            lag_millis: None,
            runner: self.runner.clone(),
        }
    }
}
