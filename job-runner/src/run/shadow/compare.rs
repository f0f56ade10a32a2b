//! Compares one unit under the proposed conversion with its current state. Pure.

use std::io;
use std::ops::ControlFlow;

use docmill_clients::clock;
use docmill_convert::{Addressing, Converter, Document, Object, ObjectInfo, Reading, Refusal, diff};
use docmill_crds::reason::Reason;
use docmill_crds::records::units::{
    DocumentAddress, DocumentsDigest, RecordedDocument, UnitId, UnitState, content_digest,
};
use serde::Deserialize;
use serde_json::Map;

use super::report::{FailureExample, Move, ShadowReport};
use super::snapshot_lines::{self, OpenSnapshot};

/// The fields of a ledger record that decide whether it would change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Its state.
    pub state: UnitState,
    /// Why, if it failed or was skipped.
    #[serde(default)]
    pub reason: Option<String>,
    /// See [`DocumentsDigest::recorded`].
    #[serde(default)]
    pub documents_digest: Option<String>,
    /// The documents that the record names.
    #[serde(default)]
    pub documents: Vec<RecordedDocument>,
    /// Key of the snapshot, if there is one.
    #[serde(default)]
    pub snapshot: Option<String>,
}

/// What a unit would become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicted {
    /// Its predicted state.
    pub state: UnitState,
    /// Whether anything of its record would differ: state, reason, a document's address or content.
    pub changed: bool,
}

/// The rehearsal of one unit.
#[derive(Debug)]
pub struct UnitComparison<'a> {
    addressing: &'a Addressing,
    /// The existing documents; `None` if they cannot be known.
    snapshot: Option<OpenSnapshot>,
    report: ShadowReport,
    digest: DocumentsDigest,
    count: usize,
    unpaired: Vec<(DocumentAddress, String)>,
    failure: Option<FailureExample>,
    reason: Option<Reason>,
}

impl<'a> UnitComparison<'a> {
    /// Starts a comparison. `snapshot` is the unit's snapshot; without documents it is empty.
    pub fn new(addressing: &'a Addressing, snapshot: Option<OpenSnapshot>) -> Self {
        Self {
            addressing,
            snapshot,
            report: ShadowReport::default(),
            digest: DocumentsDigest::default(),
            count: 0,
            unpaired: Vec::new(),
            failure: None,
            reason: None,
        }
    }

    /// Converts the object, read in this way and of which this is known, and adds the results.
    pub fn convert(
        &mut self,
        converter: &Converter,
        (reading, info): (Reading, &ObjectInfo),
        object: &mut dyn Object,
    ) -> io::Result<()> {
        let outcome = converter.each_document(reading, info, object, &mut |verdict| {
            match verdict {
                Ok(document) => self.compare(&document),
                Err(refusal) => self.refuse(refusal.reason, example(&refusal)),
            }
            ControlFlow::<()>::Continue(())
        });
        outcome.map(drop)
    }

    /// Adds a document of the object.
    pub fn compare(&mut self, document: &Document) {
        match self.addressing.of_new(document, clock::now_millis()) {
            Ok(address) => self.take_in(address, document),
            Err(error) => self.refuse(
                error.reason(),
                FailureExample { message: error.to_string(), ..FailureExample::default() },
            ),
        }
    }

    /// Records that the object, or a document of it, would be refused. The first refusal is the unit's
    /// reason.
    pub fn refuse(&mut self, reason: Reason, failure: FailureExample) {
        if self.reason.is_none() {
            (self.reason, self.failure) = (Some(reason), Some(failure));
        }
    }

    fn take_in(&mut self, address: DocumentAddress, document: &Document) {
        self.count += 1;
        self.digest.push(&RecordedDocument {
            index: address.index.clone(),
            id: address.id.clone(),
            digest: content_digest([document.json().as_bytes()]),
        });
        let Some(snapshot) = &mut self.snapshot else { return };
        match snapshot.take(&address.id) {
            Some(before) => self.pair(before, address, document.json()),
            None => self.unpaired.push((address, document.json().to_owned())),
        }
    }

    fn pair(&mut self, before: snapshot_lines::Document, address: DocumentAddress, text: &str) {
        let counts = &mut self.report.documents;
        counts.compared += 1;
        let (moved, is_same_text) = (before.address != address, before.text == text);
        if !moved && is_same_text {
            counts.unchanged += 1;
            return;
        }
        if !is_same_text {
            let after: Map<_, _> = serde_json::from_str(text).unwrap_or_default();
            let edits = diff(&before.fields, &after);
            *(if edits.is_empty() { &mut counts.rewritten } else { &mut counts.changed }) += 1;
            self.report.add_edits(&before.address.id, edits);
        }
        if moved {
            self.report.documents.moved += 1;
            self.report.moved.push(Move { before: before.address, after: address });
        }
    }

    /// Finishes, and returns what the unit would become and the report of it. `success_state` is the state of
    /// units that succeed.
    pub fn finish(
        mut self,
        unit: &UnitId,
        recorded: Option<&Recorded>,
        success_state: UnitState,
    ) -> (Predicted, ShadowReport) {
        self.pair_the_rest();
        let state = if self.reason.is_some() { UnitState::Failed } else { success_state };
        let reason = self.reason.map(|reason| reason.to_string());
        let digest = (self.count > 0).then(|| std::mem::take(&mut self.digest).finish());
        let changed = recorded.is_none_or(|recorded| {
            let before = DocumentsDigest::recorded(recorded.documents_digest.as_deref(), &recorded.documents);
            recorded.state != state || recorded.reason != reason || before != digest
        });
        self.record_failure(unit, recorded, reason);
        let units = &mut self.report.units;
        units.compared = 1;
        units.changed = i64::from(changed);
        units.unchanged = i64::from(!changed);
        units.failing = i64::from(state == UnitState::Failed);
        units.without_snapshot = i64::from(self.snapshot.is_none());
        (Predicted { state, changed }, self.report)
    }

    /// Matches documents with new ids to those whose ids are gone, in their order: an id that changed is a
    /// move. What is left on one side is added or removed.
    fn pair_the_rest(&mut self) {
        let Some(mut snapshot) = self.snapshot.take() else { return };
        let mut rest = snapshot.take_rest();
        let mut added = 0;
        for (address, text) in std::mem::take(&mut self.unpaired) {
            match rest.next() {
                Some(before) => self.pair(before, address, &text),
                None => added += 1,
            }
        }
        self.report.documents.added += added;
        self.report.documents.removed += i64::try_from(rest.count()).unwrap_or(i64::MAX);
        self.snapshot = Some(snapshot);
    }

    fn record_failure(&mut self, unit: &UnitId, recorded: Option<&Recorded>, reason: Option<String>) {
        let before = recorded.filter(|recorded| recorded.state == UnitState::Failed);
        let before = before.map(|recorded| recorded.reason.clone().unwrap_or_default());
        let failure = self.failure.take().map(|failure| FailureExample {
            key: unit.key.clone(),
            version: unit.version.clone(),
            ..failure
        });
        match (before, reason.zip(failure)) {
            (None, Some((reason, failure))) => {
                self.report.newly_failing.entry(reason).or_default().push(failure);
            }
            (Some(before), Some((reason, failure))) if before != reason => {
                let change = format!("{before} -> {reason}");
                self.report.other_reason.entry(change).or_default().push(failure);
            }
            (Some(before), None) => {
                self.report.newly_passing.entry(before).or_default().push(unit.clone());
            }
            _ => {}
        }
    }
}

fn example(refusal: &Refusal) -> FailureExample {
    let mut example = FailureExample { message: refusal.message(), ..FailureExample::default() };
    if let Some(fault) = refusal.faults.first() {
        example.field.clone_from(&fault.field);
        example.path.clone_from(&fault.at);
        (example.line, example.column) = (Some(fault.line), Some(fault.column));
        example.expected = Some(fault.expected.clone());
        example.found.clone_from(&fault.found);
    }
    example
}

#[cfg(test)]
mod tests;
