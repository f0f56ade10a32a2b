//! Ledger records: the outcome of each unit. Pure; `committer` writes them.

use std::collections::BTreeMap;

use docmill_clients::clock;
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::records::units::{UnitId, UnitRecord, UnitState};

use super::errors_bucket::ErrorRecord;
use crate::ingest::unit::Unit;
use crate::ingest::unit::indexing::StoredDocuments;
use crate::ingest::unit::prepared::Converted;
use crate::ingest::unit::refusal::Stage;

/// What all records of a worker have in common.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// `<namespace>/<name>` of the source.
    pub source: String,
    /// Digest of the conversion model.
    pub revision: String,
    /// Name of the pod.
    pub runner: String,
    /// The state of units that succeed.
    pub success_state: UnitState,
    /// UID of the `IngestRun` that this worker works for.
    pub run: Option<String>,
}

impl Recorder {
    /// The record of a unit whose object was read: good if nothing of it was refused, otherwise failed.
    pub fn of_converted(
        &self,
        converted: &Converted,
        stored: &StoredDocuments,
        attempts: i64,
        now_millis: i64,
    ) -> UnitRecord {
        let landed_millis = converted.unit.last_modified_millis;
        let refusal = converted.refusals.first();
        UnitRecord {
            state: if refusal.is_some() { UnitState::Failed } else { self.success_state },
            reason: refusal.map(|refusal| refusal.reason.to_string()),
            message: refusal.map(|refusal| refusal.message.clone()),
            raw_digest: converted.raw_digest.clone(),
            documents: stored.documents.clone(),
            document_count: stored.count,
            overwritten_count: converted.overwritten.count(),
            overwritten_ids: converted.overwritten.ids().to_vec(),
            repairs: converted.repairs.by_name(),
            documents_digest: documents_digest(converted, stored),
            snapshot: converted.snapshot.clone(),
            last_modified: Some(clock::rfc3339(landed_millis)),
            // A run, which works on demand, says nothing about how soon after its landing an object is found.
            lag_millis: self.run.is_none().then(|| (now_millis - landed_millis).max(0)),
            ..self.blank(converted.unit.id.clone(), attempts, now_millis)
        }
    }

    /// The record of a unit that was skipped.
    pub fn of_skipped(&self, unit: UnitId, reason: SkipReason, attempts: i64, now_millis: i64) -> UnitRecord {
        UnitRecord { reason: Some(reason.as_str().to_owned()), ..self.blank(unit, attempts, now_millis) }
    }

    /// The record of a unit that came too late: `by` has its place.
    pub fn of_superseded(&self, unit: &Unit, by: &UnitId, attempts: i64, now_millis: i64) -> UnitRecord {
        UnitRecord {
            last_modified: Some(clock::rfc3339(unit.last_modified_millis)),
            ..self.superseded(
                unit.id.clone(),
                Some(self.blank(unit.id.clone(), attempts, now_millis)),
                by,
                now_millis,
            )
        }
    }

    /// The record of a unit whose key was removed or forgotten before the unit could claim it. The reason of a removed
    /// one is not [`SkipReason::ObjectRemoved`], which says that everything was taken back: another worker may be
    /// processing the same unit.
    pub fn of_gone(&self, unit: &Unit, reason: SkipReason, attempts: i64, now_millis: i64) -> UnitRecord {
        UnitRecord {
            last_modified: Some(clock::rfc3339(unit.last_modified_millis)),
            ..self.of_skipped(unit.id.clone(), reason, attempts, now_millis)
        }
    }

    /// The record of a unit that was forgotten: which object it was and when that landed, and nothing of its content.
    pub fn of_forgotten(&self, unit: UnitId, last_modified: Option<String>, now_millis: i64) -> UnitRecord {
        UnitRecord { last_modified, ..self.of_skipped(unit, SkipReason::Forgotten, 0, now_millis) }
    }

    /// The record of a unit, so far `before`, that `by` has replaced.
    pub fn superseded(
        &self,
        unit: UnitId,
        before: Option<UnitRecord>,
        by: &UnitId,
        now_millis: i64,
    ) -> UnitRecord {
        UnitRecord {
            state: UnitState::Skipped,
            reason: Some(SkipReason::Superseded.as_str().to_owned()),
            message: None,
            documents: Vec::new(),
            document_count: 0,
            overwritten_count: 0,
            overwritten_ids: Vec::new(),
            repairs: BTreeMap::new(),
            documents_digest: None,
            superseded_by: Some(by.digest()),
            recorded_time: clock::rfc3339(now_millis),
            ..before.unwrap_or_else(|| self.blank(unit, 0, now_millis))
        }
    }

    /// The record of a unit whose object was removed, and its documents with it.
    pub fn removed(&self, before: UnitRecord, now_millis: i64) -> UnitRecord {
        UnitRecord {
            state: UnitState::Skipped,
            reason: Some(SkipReason::ObjectRemoved.as_str().to_owned()),
            message: None,
            documents: Vec::new(),
            document_count: 0,
            overwritten_count: 0,
            overwritten_ids: Vec::new(),
            repairs: BTreeMap::new(),
            documents_digest: None,
            recorded_time: clock::rfc3339(now_millis),
            ..before
        }
    }

    /// A record that is valid for the current revision too.
    pub fn renewed(&self, record: UnitRecord, now_millis: i64) -> UnitRecord {
        UnitRecord {
            revision: self.revision.clone(),
            recorded_time: clock::rfc3339(now_millis),
            runner: self.runner.clone(),
            run: self.run.clone(),
            lag_millis: None,
            ..record
        }
    }

    /// The record of a queue message, or of one record in it, that was set aside. It counts as a failed unit,
    /// identified by the name of the queue, the id of the message, and the digest of what was set aside.
    pub fn of_message(
        &self,
        unit: UnitId,
        reason: Reason,
        message: String,
        attempts: i64,
        now_millis: i64,
    ) -> UnitRecord {
        UnitRecord {
            state: UnitState::Failed,
            reason: Some(reason.to_string()),
            message: Some(message),
            ..self.blank(unit, attempts, now_millis)
        }
    }

    /// The error record of a unit; `None` if nothing of it was refused.
    pub fn error_record(&self, converted: &Converted, attempts: i64, now_millis: i64) -> Option<ErrorRecord> {
        let first = converted.refusals.first()?;
        let refusals = converted.refusals.iter().map(|refusal| refusal.detail.clone()).collect();
        let record = self.error(converted.unit.id.clone(), first.stage, first.reason, &first.message);
        let not_copied_because = first.reason.is_unreadable().then(|| first.message.clone());
        let copied = not_copied_because.is_none();
        let time = clock::rfc3339(now_millis);
        Some(ErrorRecord { refusals, copied, not_copied_because, attempts, time, ..record })
    }

    /// An error record with one sentence.
    pub fn error(&self, unit: UnitId, stage: Stage, reason: Reason, message: &str) -> ErrorRecord {
        ErrorRecord {
            source: self.source.clone(),
            unit,
            member: None,
            stage,
            reason: reason.to_string(),
            message: message.to_owned(),
            refusals: Vec::new(),
            copied: true,
            not_copied_because: None,
            attempts: 1,
            revision: self.revision.clone(),
            time: clock::rfc3339(clock::now_millis()),
            runner: self.runner.clone(),
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
            document_count: 0,
            overwritten_count: 0,
            overwritten_ids: Vec::new(),
            repairs: BTreeMap::new(),
            documents_digest: None,
            snapshot: None,
            revision: self.revision.clone(),
            last_modified: None,
            recorded_time: clock::rfc3339(now_millis),
            lag_millis: None,
            runner: self.runner.clone(),
            run: self.run.clone(),
            superseded_by: None,
        }
    }
}

/// The digest of all documents, unless the record names them all: then it can be made of those.
fn documents_digest(converted: &Converted, stored: &StoredDocuments) -> Option<String> {
    if let Some(digest) = converted.overwritten.digest() {
        return (stored.count > 0).then(|| digest.to_owned());
    }
    let names_all = usize::try_from(stored.count).is_ok_and(|count| count == stored.documents.len());
    (!names_all).then(|| stored.digest())
}
