//! The snapshot of a unit, or of one document of it.

use docmill_crds::conversion::is_revision;
use docmill_crds::records::locations;
use docmill_crds::records::snapshot_reference::Reference;
use docmill_crds::records::units::UnitRecord;
use docmill_crds::records_api::MAX_CONTENT_BYTES;

use super::frame;
use crate::records_api::answer::Failure;
use crate::records_api::sources::OpenSource;
use crate::records_api::units::objects;

const WHAT: &str = "the snapshot";

/// All documents of a unit, one a line: as it is recorded, or as an earlier conversion model made them.
pub async fn of_unit(
    source: &OpenSource,
    record: &UnitRecord,
    revision: Option<&str>,
) -> Result<Vec<u8>, Failure> {
    match revision.filter(|revision| *revision != record.revision) {
        Some(revision) => of_revision(source, record, revision).await,
        None => recorded(source, record).await,
    }
}

/// Snapshots of earlier revisions stay where they were written. Of packs, the ledger alone knows the places.
async fn of_revision(source: &OpenSource, record: &UnitRecord, revision: &str) -> Result<Vec<u8>, Failure> {
    if !is_revision(revision) {
        return Err(Failure::bad_request("revision: write the 12 hexadecimal digits of a conversion model"));
    }
    let full_name = source.full_name();
    let location = locations::of_source(&source.source.spec.snapshots.location(), &full_name);
    let key = locations::snapshot_key(&location, &record.unit, revision);
    let request = source.s3()?.get_object().bucket(&location.bucket).key(key);
    let found = objects::read(WHAT, request, MAX_CONTENT_BYTES, Some(full_name.as_str())).await?;
    found.ok_or_else(|| {
        Failure::not_found(format!(
            "the unit has no snapshot of its own by revision {revision}: it was not converted by it, or into a pack"
        ))
    })
}

async fn recorded(source: &OpenSource, record: &UnitRecord) -> Result<Vec<u8>, Failure> {
    let none = || Failure::not_found("the unit has no snapshot: nothing of it was converted");
    let reference = record.snapshot.as_deref().ok_or_else(none)?;
    let request = source.s3()?.get_object().bucket(&source.source.spec.snapshots.bucket);
    let gone = || {
        Failure::not_found("the snapshot is not in its bucket any more; an audit with repair makes it again")
    };
    let full_name = source.full_name();
    // Sources may share a bucket, and a record could name a snapshot of another one.
    let owner = Some(full_name.as_str());
    match Reference::parse(reference) {
        Reference::Object(key) => {
            objects::read(WHAT, request.key(key), MAX_CONTENT_BYTES, owner).await?.ok_or_else(gone)
        }
        Reference::Packed(place) => {
            let request = request.key(place.key).range(place.range());
            let bytes = objects::read(WHAT, request, MAX_CONTENT_BYTES, owner).await?.ok_or_else(gone)?;
            frame::lines(&bytes, reference)
        }
    }
}

/// One document of a unit.
pub async fn of_document(source: &OpenSource, record: &UnitRecord, id: &str) -> Result<Vec<u8>, Failure> {
    let lines = recorded(source, record).await?;
    let recorded = record.documents.iter().find(|document| document.id == id);
    let line = recorded.and_then(|recorded| frame::line(&lines, &recorded.digest));
    line.ok_or_else(|| {
        let digest = record.unit.digest();
        Failure::not_found(format!(
            "the snapshot has no document that the ledger names {id:?}; the snapshot as a whole is units/{digest}/snapshot"
        ))
    })
}
