//! From a notification to documents that are ready for the index: fetch, convert, address, snapshot.

use std::io;
use std::sync::Arc;

use docmill_crds::ledger::{DocumentAddress, UnitId, hex};
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::storage::BucketLocation;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::address::Addressing;
use super::convert::{Converter, Document};
use super::fetch::{self, Fetched, MAX_OBJECT_BYTES, Room};
use super::notification::Landed;
use super::persist::persist;
use super::provenance::{Provenance, UnitProvenance, snapshot_line};
use super::record::Recorder;
use super::refuse::Stage;
use super::snapshot;
use super::unit::Unit;
use crate::clock;

/// What a unit became.
#[derive(Debug)]
pub enum Prepared {
    /// Its object was read.
    Converted(Box<Converted>),
    /// It is passed over.
    Skipped(UnitId, SkipReason),
    /// There is nothing to keep a record of: the object is gone, and its notification named no version.
    Nothing,
}

/// A unit whose object was read, and what came of it.
#[derive(Debug)]
pub struct Converted {
    /// The unit.
    pub unit: Unit,
    /// SHA-256 of the object, in hex, if it was read.
    pub raw_digest: Option<String>,
    /// Key of the snapshot, if there is a document.
    pub snapshot: Option<String>,
    /// The documents that are good.
    pub documents: Vec<AddressedDocument>,
    /// What was refused.
    pub refusals: Vec<RefusedPart>,
    /// The memory of the object.
    pub room: Option<OwnedSemaphorePermit>,
}

/// A document and where it belongs.
#[derive(Debug)]
pub struct AddressedDocument {
    /// Index and id.
    pub address: DocumentAddress,
    /// The document as its snapshot has it: one line of JSON.
    pub line: Vec<u8>,
}

/// A document that was refused, or the object as a whole.
#[derive(Clone, Debug)]
pub struct RefusedPart {
    /// Where.
    pub stage: Stage,
    /// Why.
    pub reason: Reason,
    /// Why, in words.
    pub message: String,
    /// Everything that is known, for the error record.
    pub detail: Value,
}

/// What preparing needs to know, the same for all units of a worker.
#[derive(Debug)]
pub struct Preparation {
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// Where snapshots go.
    pub snapshots: BucketLocation,
    /// The compiled model.
    pub converter: Converter,
    /// How documents are addressed.
    pub addressing: Addressing,
    /// Source, revision and runner.
    pub recorder: Recorder,
    /// Memory for raw objects.
    pub room: Room,
}

impl Preparation {
    /// Takes a unit to the point where its documents can be indexed; its snapshot is stored by then. `None`: it has
    /// to go back to the queue.
    pub async fn prepare(self: &Arc<Self>, landed: &Landed, stop: &CancellationToken) -> Option<Prepared> {
        let fetched = persist("fetch", stop, || fetch::fetch(&self.s3, landed, &self.room)).await?;
        let (unit, bytes, room) = match fetched {
            Fetched::Object { unit, bytes, room } => (unit, bytes, room),
            Fetched::TooLarge { unit, length } => return Some(too_large(unit, length)),
            Fetched::Gone => return Some(skipped(landed, SkipReason::ObjectGone)),
            Fetched::Replaced => return Some(skipped(landed, SkipReason::ObjectReplaced)),
        };
        // A large object keeps a core busy for a while, and messages have to be kept hidden meanwhile.
        let this = Arc::clone(self);
        let work = tokio::task::spawn_blocking(move || this.convert(unit, &bytes, room));
        let work = work.await.map_err(io::Error::from).flatten();
        let (converted, lines) = match work {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, key = landed.key, "the conversion broke off; the unit goes back to the queue");
                return None;
            }
        };
        if let Some(key) = &converted.snapshot {
            let store = || snapshot::store(&self.s3, &self.snapshots, key, lines.clone());
            persist("snapshot", stop, store).await?;
        }
        Some(Prepared::Converted(Box::new(converted)))
    }

    /// Converts the object and addresses its documents; also gives the snapshot's content.
    fn convert(
        &self,
        unit: Unit,
        bytes: &[u8],
        room: Option<OwnedSemaphorePermit>,
    ) -> io::Result<(Converted, Vec<u8>)> {
        let raw_digest = hex(&Sha256::digest(bytes));
        let key = snapshot::key(&self.snapshots, &unit.id, &self.recorder.revision);
        let last_modified = clock::rfc3339(unit.last_modified_millis);
        let converted_time = clock::rfc3339(clock::now_millis());
        let provenance = Provenance {
            source: &self.recorder.source,
            unit: UnitProvenance { id: &unit.id, last_modified: &last_modified },
            raw_digest: &raw_digest,
            snapshot: &key,
            revision: &self.recorder.revision,
            converted_time: &converted_time,
            runner: &self.recorder.runner,
        };
        let mut documents = Vec::new();
        let mut refusals = Vec::new();
        self.converter.convert(bytes, |outcome| match outcome {
            Ok(document) => match self.address(&document, &provenance) {
                Ok(addressed) => documents.push(addressed),
                Err(refused) => refusals.push(refused),
            },
            Err(refusal) => refusals.push(RefusedPart {
                stage: Stage::Convert,
                reason: refusal.reason,
                message: refusal.message(),
                detail: serde_json::to_value(&refusal).unwrap_or_default(),
            }),
        })?;
        let lines = joined(&documents);
        let snapshot = (!documents.is_empty()).then_some(key);
        Ok((Converted { unit, raw_digest: Some(raw_digest), snapshot, documents, refusals, room }, lines))
    }

    fn address(
        &self,
        document: &Document,
        provenance: &Provenance<'_>,
    ) -> Result<AddressedDocument, RefusedPart> {
        let refused = |message: String| {
            let detail = json!({"document": document.index_in_object, "reason": Reason::NotAddressable, "message": message});
            RefusedPart { stage: Stage::Convert, reason: Reason::NotAddressable, message, detail }
        };
        let address = self.addressing.of(document).map_err(|error| refused(error.to_string()))?;
        let line = snapshot_line(document.json(), provenance).map_err(|error| refused(error.to_string()))?;
        Ok(AddressedDocument { address, line })
    }
}

fn skipped(landed: &Landed, reason: SkipReason) -> Prepared {
    let Some(version) = fetch::unit_version(landed) else { return Prepared::Nothing };
    let (bucket, key) = (landed.bucket.clone(), landed.key.clone());
    Prepared::Skipped(UnitId { bucket, key, version }, reason)
}

fn too_large(unit: Unit, length: i64) -> Prepared {
    let message = format!("the object has {length} bytes, and at most {MAX_OBJECT_BYTES} are read");
    let detail = json!({"reason": Reason::LimitExceeded, "message": message});
    let refused = RefusedPart { stage: Stage::Fetch, reason: Reason::LimitExceeded, message, detail };
    Prepared::Converted(Box::new(Converted {
        unit,
        raw_digest: None,
        snapshot: None,
        documents: Vec::new(),
        refusals: vec![refused],
        room: None,
    }))
}

fn joined(documents: &[AddressedDocument]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(documents.iter().map(|document| document.line.len() + 1).sum());
    for document in documents {
        lines.extend_from_slice(&document.line);
        lines.push(b'\n');
    }
    lines
}
