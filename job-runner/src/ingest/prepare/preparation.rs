//! What preparing a unit needs, and the steps that units of all sizes and formats share.

use std::sync::Arc;
use std::time::Instant;

use docmill_clients::aws::StoreError;
use docmill_clients::aws::objects::Objects;
use docmill_clients::clock;
use docmill_convert::{Addressing, Document, too_large};
use docmill_crds::api::storage::BucketLocation;
use docmill_crds::reason::Reason;
use docmill_crds::records::units::{RecordedDocument, content_digest};
use tokio::sync::Semaphore;

use super::document_extractor::DocumentExtractor;
use crate::ingest::ledger::record::Recorder;
use crate::ingest::snapshot::packed::packer::{PackReservation, Packer};
use crate::ingest::snapshot::provenance::{Provenance, UnitProvenance, snapshot_line};
use crate::ingest::source::access_tracker::Access;
use crate::ingest::source::object::{self, MemoryBudget, ObjectFound};
use crate::ingest::unit::Unit;
use crate::ingest::unit::document::AddressedDocument;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::ingest::unit::prepared::{Converted, refused_unread};
use crate::ingest::unit::refusal::{RefusedPart, Stage};
use crate::telemetry;

/// An object larger than this is not held in memory: it is streamed.
pub(crate) const IN_MEMORY_BYTES: i64 = 4 * 1024 * 1024;

/// What preparing needs, shared by all units of a worker.
#[derive(Debug)]
pub struct Preparation {
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// The same, for what each unit needs of it.
    pub objects: Objects,
    /// The source's own location for snapshots.
    pub snapshots: BucketLocation,
    /// Packs snapshots; `None` if each has an object of its own.
    pub packer: Option<Packer>,
    /// What turns objects into documents.
    pub extractor: DocumentExtractor,
    /// The largest object that is read, in bytes.
    pub max_object_bytes: u64,
    /// How documents are addressed.
    pub addressing: Addressing,
    /// Source, revision and runner.
    pub recorder: Recorder,
    /// The prefix of the objects that are ingested.
    pub raw_prefix: String,
    /// Tracks which requests that read raw objects succeed.
    pub raw_access: Access,
    /// Tracks which requests that store snapshots succeed.
    pub snapshot_access: Access,
    /// Memory for raw objects.
    pub memory_budget: MemoryBudget,
    /// Large objects are processed one at a time.
    pub large_objects: Arc<Semaphore>,
}

impl Preparation {
    /// Announces a unit, so that no pack is closed before it arrives; to be passed to [`Self::prepare`].
    pub fn expect(&self) -> Option<PackReservation> {
        self.packer.as_ref().map(Packer::expect)
    }

    /// Opens an object, and notes that the bucket serves objects.
    pub(crate) async fn open_object(&self, landed: &ObjectRef) -> Result<ObjectFound, StoreError> {
        let started_at = Instant::now();
        let found = object::open_one_of_many(&self.objects, landed).await?;
        if matches!(found, ObjectFound::Object(_)) {
            self.raw_access.served(started_at);
        }
        Ok(found)
    }

    /// Addresses a document and builds its line.
    pub(crate) fn address(
        &self,
        document: Document,
        provenance: &Provenance<'_>,
    ) -> Result<AddressedDocument, RefusedPart> {
        let (number, member) = (document.index_in_object, document.member.clone());
        let refused = |reason: Reason, message: String| {
            RefusedPart::of_document(member.clone(), number, reason, message)
        };
        let address = self.addressing.of_new(&document, clock::now_millis());
        let address = address.map_err(|error| refused(error.reason(), error.to_string()))?;
        let digest = content_digest([document.json().as_bytes()]);
        let dropped = document.dropped().to_vec();
        for value in &dropped {
            telemetry::worker().metrics.value_dropped(value.reason);
        }
        let repairs = Some(document.repairs().clone()).filter(|repairs| !repairs.is_empty());
        let unit =
            UnitProvenance { member: member.as_ref().map(|member| &*member.name), ..provenance.unit.clone() };
        let provenance =
            Provenance { unit, dropped: &dropped, repairs: repairs.as_ref(), ..provenance.clone() };
        let line = snapshot_line(document.into_json(), &provenance)
            .map_err(|error| refused(Reason::NotAddressable, error.to_string()))?;
        Ok(AddressedDocument {
            recorded: RecordedDocument { index: address.index, id: address.id, digest },
            line,
        })
    }

    /// Whether an object of this length is refused unread.
    pub(crate) fn is_too_large(&self, length: i64) -> bool {
        bytes(length) > self.max_object_bytes
    }

    pub(crate) fn too_large(&self, unit: Unit, length: i64) -> Box<Converted> {
        let message = too_large(bytes(length), self.max_object_bytes);
        refused_unread(unit, RefusedPart::of_object(Stage::Fetch, Reason::LimitExceeded, message))
    }
}

/// A length as the store tells it, which is never negative.
fn bytes(length: i64) -> u64 {
    u64::try_from(length).unwrap_or_default()
}
