//! Prepares the unit of a binary object until its document can be indexed.

use std::io;

use docmill_clients::aws::StoreError;
use docmill_crds::api::storage::is_folder_marker;
use docmill_crds::reason::SkipReason;
use tokio_util::sync::CancellationToken;

use super::binary::{Described, Describer};
use super::in_memory::Made;
use super::preparation::{IN_MEMORY_BYTES, Preparation};
use super::stamp::Stamp;
use super::store_snapshot::EncodedSnapshot;
use crate::ingest::snapshot::packed::packer::PackReservation;
use crate::ingest::source::access_tracker::AccessFailure;
use crate::ingest::source::object::ObjectFound;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::Unit;
use crate::ingest::unit::known::KnownRecord;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::ingest::unit::prepared::{Converted, Prepared, skipped};

/// The result of reading an object.
enum Read {
    Whole(Described),
    TooLarge(Unit, i64),
    FolderMarker(Unit),
    Gone,
    Replaced,
}

/// Reads an object, and keeps its document; its snapshot is stored by then. [`Unfinished`]: to be tried again
/// later.
pub(crate) async fn prepare(
    preparation: &Preparation,
    describer: &Describer,
    landed: &ObjectRef,
    previous_record: Option<&KnownRecord>,
    reservation: Option<PackReservation>,
    stop: &CancellationToken,
) -> Result<Prepared, Unfinished> {
    let attempt = || async {
        read(preparation, describer, landed, reservation.as_ref())
            .await
            .map_err(AccessFailure::at(&preparation.raw_access))
    };
    let result = match preparation
        .read_unless_own_fault("fetch", landed, reservation.as_ref(), stop, attempt)
        .await?
    {
        Ok(result) => result,
        Err(unreadable) => return Ok(Prepared::Converted(unreadable)),
    };
    let described_object = match result {
        Read::Whole(described_object) => described_object,
        Read::TooLarge(unit, length) => {
            return Ok(Prepared::Converted(preparation.too_large(unit, length)));
        }
        Read::FolderMarker(unit) => return Ok(Prepared::Skipped(unit.id, SkipReason::FolderMarker)),
        Read::Gone => return Ok(skipped(landed, SkipReason::ObjectGone)),
        Read::Replaced => return Ok(skipped(landed, SkipReason::ObjectReplaced)),
    };
    let key = described_object.unit.id.key.clone();
    match addressed(preparation, described_object) {
        Ok((converted, encoded_snapshot)) => {
            preparation
                .store_unless_recorded(converted, encoded_snapshot, previous_record, reservation, stop)
                .await
        }
        Err(error) => {
            tracing::error!(%error, key, "failed to encode a document; the unit will be retried later");
            Err(Unfinished)
        }
    }
}

async fn read(
    preparation: &Preparation,
    describer: &Describer,
    landed: &ObjectRef,
    reservation: Option<&PackReservation>,
) -> Result<Read, StoreError> {
    let opened = match preparation.open_object(landed).await? {
        ObjectFound::Object(opened) => *opened,
        ObjectFound::Gone => return Ok(Read::Gone),
        ObjectFound::Replaced => return Ok(Read::Replaced),
    };
    let length = opened.length;
    if is_folder_marker(&opened.unit.id.key, length) {
        return Ok(Read::FolderMarker(opened.unit));
    }
    if preparation.is_too_large(length) {
        return Ok(Read::TooLarge(opened.unit, length));
    }
    let describe = describer.describe(&preparation.s3, landed, opened);
    let described_object = match reservation {
        // Other units of a pack do not wait for a slow one.
        Some(reservation) if length > IN_MEMORY_BYTES => reservation.aside(describe).await?,
        _ => describe.await?,
    };
    Ok(described_object.map_or(Read::Gone, Read::Whole))
}

/// Addresses the document; also returns its encoded snapshot.
fn addressed(
    preparation: &Preparation,
    described: Described,
) -> io::Result<(Box<Converted>, EncodedSnapshot)> {
    let Described { unit, raw_digest, document } = described;
    let stamp = preparation.stamp(&unit);
    let mut collected = Made::default();
    collected
        .push(preparation.address(document, &stamp.provenance(&unit, &raw_digest, &preparation.recorder)));
    let Stamp { snapshot, .. } = stamp;
    collected.finish((unit, raw_digest), snapshot, None)
}
