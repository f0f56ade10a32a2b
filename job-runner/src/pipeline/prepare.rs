//! From a notification to documents that are ready for the index: fetch, convert, address, snapshot.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use docmill_clients::aws::StoreError;
use docmill_clients::clock;
use docmill_convert::{Converter, Document, Refusal};
use docmill_crds::ledger::{
    DocumentAddress, DocumentsDigest, RecordedDocument, UnitId, UnitState, content_digest, hex,
};
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::storage::{BucketLocation, is_folder_marker};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::access::{Access, Met};
use super::address::Addressing;
use super::binary;
use super::fetch::{self, Found, Opened, Room};
use super::keep::Kept;
use super::large;
use super::logic::Logic;
use super::lookup::Known;
use super::made::Made;
use super::notification::Landed;
use super::overwritten::Overwritten;
use super::provenance::{self, Provenance, snapshot_line};
use super::record::Recorder;
use super::refuse::Stage;
use super::snapshot::packed::MAX_UNIT_BYTES;
use super::snapshot::packed::packer::{Coming, Packer};
use super::task::{Redo, Task};
use super::unit::Unit;
use crate::observe;

/// An object larger than this is not held in memory: it goes through [`large`].
pub(super) const IN_MEMORY_BYTES: i64 = 4 * 1024 * 1024;
/// The same for the JSON of an object, which may be larger by far where the object is compressed.
const IN_MEMORY_JSON_BYTES: usize = MAX_UNIT_BYTES;

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
    /// Reference of the snapshot, if there is a document.
    pub snapshot: Option<String>,
    /// The documents that are good.
    pub content: Content,
    /// Those among them that others of the same id have taken the place of.
    pub overwritten: Overwritten,
    /// What was refused.
    pub refusals: Vec<RefusedPart>,
    /// The memory of the object.
    pub room: Option<OwnedSemaphorePermit>,
}

/// The documents of a converted unit.
#[derive(Debug)]
pub enum Content {
    /// Here; their snapshot is stored.
    InMemory(Vec<AddressedDocument>),
    /// Too many for that; they are in the snapshot.
    InSnapshot,
    /// What the unit's record has already.
    Unchanged,
}

/// A document and where it belongs.
#[derive(Debug)]
pub struct AddressedDocument {
    /// Index, id and digest.
    pub recorded: RecordedDocument,
    /// The document as its snapshot has it: one line of JSON.
    pub line: Vec<u8>,
}

impl AddressedDocument {
    /// A document of a snapshot. Its address is what it was when the snapshot was made, since it is made of the document
    /// alone.
    pub fn of_line(line: Vec<u8>, addressing: &Addressing) -> io::Result<Self> {
        let DocumentAddress { index, id } = addressing.of_line(&line).map_err(io::Error::other)?;
        let digest = provenance::digest_of_line(&line);
        Ok(Self { recorded: RecordedDocument { index, id, digest }, line })
    }
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

impl RefusedPart {
    /// A refusal of which there is no more to say than a reason and a sentence.
    pub fn of_object(stage: Stage, reason: Reason, message: String) -> Self {
        let detail = json!({"reason": reason, "message": message});
        Self { stage, reason, message, detail }
    }
}

impl From<Refusal> for RefusedPart {
    fn from(refusal: Refusal) -> Self {
        Self {
            stage: Stage::Convert,
            reason: refusal.reason,
            message: refusal.message(),
            detail: serde_json::to_value(&refusal).unwrap_or_default(),
        }
    }
}

/// What preparing needs to know, the same for all units of a worker.
#[derive(Debug)]
pub struct Preparation {
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// Where snapshots go: the source's own place.
    pub snapshots: BucketLocation,
    /// Puts them together; none if each has an object of its own.
    pub packer: Option<Packer>,
    /// What makes documents.
    pub logic: Logic,
    /// The largest object that is read, in bytes.
    pub max_object_bytes: u64,
    /// How documents are addressed.
    pub addressing: Addressing,
    /// Source, revision and runner.
    pub recorder: Recorder,
    /// The prefix of the objects that are ingested.
    pub raw_prefix: String,
    /// What becomes of requests that read raw objects.
    pub reads: Access,
    /// What becomes of requests that keep snapshots.
    pub keeps: Access,
    /// Memory for raw objects.
    pub room: Room,
    /// Large objects are worked on one at a time.
    pub large: Arc<Semaphore>,
}

impl Preparation {
    /// Says that a unit is on its way, so that no pack is closed before it; to be given to [`Self::prepare`].
    pub fn expect(&self) -> Option<Coming> {
        self.packer.as_ref().map(Packer::expect)
    }

    /// Takes a unit to the point where its documents can be indexed; its snapshot is stored by then. `None`: it has
    /// to be tried again later.
    pub async fn prepare(
        self: &Arc<Self>,
        task: &Task,
        known: Option<&Known>,
        coming: Option<Coming>,
        stop: &CancellationToken,
    ) -> Option<Prepared> {
        let landed = &task.landed;
        let same = (task.redo == Redo::Yes).then_some(known).flatten();
        let converter = match &self.logic {
            Logic::Convert(converter) => converter,
            Logic::Describe(describer) => {
                return binary::prepare(self, describer, landed, same, coming, stop).await;
            }
        };
        let open = || async { self.open(landed, coming.as_ref()).await.map_err(Met::at(&self.reads)) };
        let start = match self.read_through("fetch", landed, coming.as_ref(), stop, open).await? {
            Ok(start) => start,
            Err(unreadable) => return Some(Prepared::Converted(unreadable)),
        };
        let opened = match start {
            Start::Whole(unit, bytes, room) => {
                match self.convert_whole(converter, (unit, bytes, room), same, coming, stop).await? {
                    Whole::Prepared(prepared) => return Some(prepared),
                    Whole::TooMuch(unit) => unit,
                }
            }
            Start::Large(unit) => {
                drop(coming);
                unit
            }
            Start::TooLarge(unit, length) => return Some(Prepared::Converted(self.too_large(unit, length))),
            Start::FolderMarker(unit) => return Some(Prepared::Skipped(unit.id, SkipReason::FolderMarker)),
            Start::Gone => return Some(skipped(landed, SkipReason::ObjectGone)),
            Start::Replaced => return Some(skipped(landed, SkipReason::ObjectReplaced)),
        };
        large::prepare(self, converter, landed, opened, same, stop).await
    }

    /// Opens an object, and notes that the bucket gives objects.
    pub(super) async fn open_object(&self, landed: &Landed) -> Result<Found, StoreError> {
        let begun = Instant::now();
        let found = fetch::open(&self.s3, landed).await?;
        if matches!(found, Found::Object(_)) {
            self.reads.served(begun);
        }
        Ok(found)
    }

    /// Opens an object, and reads it if it is small.
    async fn open(&self, landed: &Landed, coming: Option<&Coming>) -> Result<Start, StoreError> {
        let Opened { unit, length, body, .. } = match self.open_object(landed).await? {
            Found::Object(opened) => *opened,
            Found::Gone => return Ok(Start::Gone),
            Found::Replaced => return Ok(Start::Replaced),
        };
        if is_folder_marker(&unit.id.key, length) {
            return Ok(Start::FolderMarker(unit));
        }
        if self.is_too_large(length) {
            return Ok(Start::TooLarge(unit, length));
        }
        if length > IN_MEMORY_BYTES {
            return Ok(Start::Large(unit));
        }
        // Units that wait for their pack have the room that this one waits for.
        let room = match coming {
            Some(coming) => coming.aside(self.room.take(length)).await,
            None => self.room.take(length).await,
        };
        Ok(Start::Whole(unit, fetch::read(landed, length, body).await?, room))
    }

    async fn convert_whole(
        self: &Arc<Self>,
        converter: &Arc<Converter>,
        (unit, bytes, room): (Unit, Bytes, Option<OwnedSemaphorePermit>),
        same: Option<&Known>,
        coming: Option<Coming>,
        stop: &CancellationToken,
    ) -> Option<Whole> {
        // A large object keeps a core busy for a while, and messages have to be kept hidden meanwhile.
        let (this, converter) = (Arc::clone(self), Arc::clone(converter));
        let (id, began) = (unit.id.clone(), Instant::now());
        let work = tokio::task::spawn_blocking(move || this.convert(&converter, unit, &bytes, room));
        let (done, kept) = match work.await.map_err(io::Error::from).flatten() {
            Ok(Outcome::Converted(done, kept)) => (done, kept),
            Ok(Outcome::TooMuch(unit)) => return Some(Whole::TooMuch(unit)),
            Err(error) => {
                tracing::error!(%error, key = id.key, "the conversion broke off; the unit is tried again later");
                return None;
            }
        };
        observe::worker().metrics.step("convert", began);
        self.settle(done, kept, same, coming, stop).await.map(Whole::Prepared)
    }

    /// Converts the object and addresses its documents; also gives what is to be kept of them.
    fn convert(
        &self,
        converter: &Converter,
        unit: Unit,
        bytes: &[u8],
        room: Option<OwnedSemaphorePermit>,
    ) -> io::Result<Outcome> {
        let raw_digest = hex(&Sha256::digest(bytes));
        let stamp = self.stamp(&unit);
        let mut made = Made::default();
        for verdict in converter.documents(bytes) {
            made.push(match verdict? {
                Ok(document) => self.address(document, &stamp.provenance(&unit, &raw_digest, &self.recorder)),
                Err(refusal) => Err(refusal.into()),
            });
            if made.bytes() > IN_MEMORY_JSON_BYTES {
                return Ok(Outcome::TooMuch(unit));
            }
        }
        let (done, kept) = made.finish((unit, raw_digest), stamp.snapshot, room)?;
        Ok(Outcome::Converted(done, kept))
    }

    /// Addresses a document and makes its line.
    pub(super) fn address(
        &self,
        document: Document,
        provenance: &Provenance<'_>,
    ) -> Result<AddressedDocument, RefusedPart> {
        let number = document.index_in_object;
        let refused = |reason: Reason, message: String| {
            let detail = json!({"document": number, "reason": reason, "message": message});
            RefusedPart { stage: Stage::Convert, reason, message, detail }
        };
        let address = self.addressing.of_new(&document, clock::now_millis());
        let address = address.map_err(|error| refused(error.reason(), error.to_string()))?;
        let digest = content_digest([document.json().as_bytes()]);
        let line = snapshot_line(document.into_json(), provenance)
            .map_err(|error| refused(Reason::NotAddressable, error.to_string()))?;
        Ok(AddressedDocument {
            recorded: RecordedDocument { index: address.index, id: address.id, digest },
            line,
        })
    }

    /// Whether an object of so many bytes is refused unread.
    pub(super) fn is_too_large(&self, length: i64) -> bool {
        u64::try_from(length).is_ok_and(|length| length > self.max_object_bytes)
    }

    pub(super) fn too_large(&self, unit: Unit, length: i64) -> Box<Converted> {
        let limit = self.max_object_bytes;
        let message = format!(
            "the object has {length} bytes, and at most {limit} are read (spec.conversion.limits.maxObjectBytes)"
        );
        refused_unread(unit, RefusedPart::of_object(Stage::Fetch, Reason::LimitExceeded, message))
    }
}

/// What opening an object gave.
enum Start {
    Whole(Unit, Bytes, Option<OwnedSemaphorePermit>),
    Large(Unit),
    TooLarge(Unit, i64),
    FolderMarker(Unit),
    Gone,
    Replaced,
}

/// What converting an object in memory gave.
enum Outcome {
    Converted(Box<Converted>, Kept),
    TooMuch(Unit),
}

enum Whole {
    Prepared(Prepared),
    TooMuch(Unit),
}

/// A unit that is refused without having been read.
pub fn refused_unread(unit: Unit, refused: RefusedPart) -> Box<Converted> {
    Box::new(Converted {
        unit,
        raw_digest: None,
        snapshot: None,
        content: Content::InMemory(Vec::new()),
        overwritten: Overwritten::default(),
        refusals: vec![refused],
        room: None,
    })
}

/// Whether a conversion gave what is recorded already.
pub(super) fn is_same(converted: &Converted, same: Option<&Known>, good: UnitState) -> bool {
    let (Content::InMemory(documents), true) = (&converted.content, converted.refusals.is_empty()) else {
        return false;
    };
    if let Some(digest) = converted.overwritten.digest() {
        return is_recorded(same, digest, good);
    }
    let digest = DocumentsDigest::of(documents.iter().map(|document| &document.recorded));
    is_recorded(same, &digest, good)
}

/// Whether a record is that of a unit that ended well, with exactly these documents.
pub(super) fn is_recorded(same: Option<&Known>, documents_digest: &str, good: UnitState) -> bool {
    same.is_some_and(|known| {
        known.record.state == good && known.record.documents_digest.as_deref() == Some(documents_digest)
    })
}

/// A unit whose object is no longer there as it was told of.
pub(super) fn skipped(landed: &Landed, reason: SkipReason) -> Prepared {
    let Some(version) = fetch::unit_version(landed) else { return Prepared::Nothing };
    let (bucket, key) = (landed.bucket.clone(), landed.key.clone());
    Prepared::Skipped(UnitId { bucket, key, version }, reason)
}
