//! The result of preparing a unit.

use docmill_crds::conversion::RepairCounts;
use docmill_crds::reason::SkipReason;
use docmill_crds::records::units::{DocumentsDigest, UnitId, UnitState};
use tokio::sync::OwnedSemaphorePermit;

use super::Unit;
use super::document::AddressedDocument;
use super::known::KnownRecord;
use super::object_ref::ObjectRef;
use super::overwritten::Overwritten;
use super::refusal::RefusedPart;

/// The result of preparing a unit.
#[derive(Debug)]
pub enum Prepared {
    /// Its object was read.
    Converted(Box<Converted>),
    /// It is skipped.
    Skipped(UnitId, SkipReason),
    /// There is nothing to record: the object is gone, and its notification named no version.
    Nothing,
}

/// A unit whose object was read, and the result.
#[derive(Debug)]
pub struct Converted {
    /// The unit.
    pub unit: Unit,
    /// SHA-256 of the object, in hex, if it was read.
    pub raw_digest: Option<String>,
    /// Reference of the snapshot, if there is a document.
    pub snapshot: Option<String>,
    /// The valid documents.
    pub content: ConvertedDocuments,
    /// Documents among them that others with the same id have overwritten.
    pub overwritten: Overwritten,
    /// What was mended in the object.
    pub repairs: RepairCounts,
    /// What was refused.
    pub refusals: Vec<RefusedPart>,
    /// The memory reserved for the object.
    pub memory_permit: Option<OwnedSemaphorePermit>,
}

/// The documents of a converted unit.
#[derive(Debug)]
pub enum ConvertedDocuments {
    /// In memory; their snapshot is stored.
    InMemory(Vec<AddressedDocument>),
    /// Too many for that; they are in the snapshot.
    InSnapshot,
    /// Exactly what the unit's record has already.
    Unchanged,
}

/// A unit that is refused without having been read.
pub fn refused_unread(unit: Unit, refused: RefusedPart) -> Box<Converted> {
    Box::new(Converted {
        unit,
        raw_digest: None,
        snapshot: None,
        content: ConvertedDocuments::InMemory(Vec::new()),
        overwritten: Overwritten::default(),
        repairs: RepairCounts::default(),
        refusals: vec![refused],
        memory_permit: None,
    })
}

/// Whether a conversion produced what is recorded already.
pub(crate) fn is_same(
    converted: &Converted,
    previous_record: Option<&KnownRecord>,
    success_state: UnitState,
) -> bool {
    let (ConvertedDocuments::InMemory(documents), true) = (&converted.content, converted.refusals.is_empty())
    else {
        return false;
    };
    if let Some(digest) = converted.overwritten.digest() {
        return is_recorded(previous_record, digest, success_state);
    }
    let digest = DocumentsDigest::of(documents.iter().map(|document| &document.recorded));
    is_recorded(previous_record, &digest, success_state)
}

/// Whether a record belongs to a unit that succeeded with exactly these documents.
pub(crate) fn is_recorded(
    previous_record: Option<&KnownRecord>,
    documents_digest: &str,
    success_state: UnitState,
) -> bool {
    previous_record.is_some_and(|known| {
        known.record.state == success_state
            && known.record.digest_of_documents().as_deref() == Some(documents_digest)
    })
}

/// A unit whose object is no longer there as reported.
pub(crate) fn skipped(landed: &ObjectRef, reason: SkipReason) -> Prepared {
    let Some(version) = landed.version() else { return Prepared::Nothing };
    let (bucket, key) = (landed.bucket.clone(), landed.key.clone());
    Prepared::Skipped(UnitId { bucket, key, version }, reason)
}
