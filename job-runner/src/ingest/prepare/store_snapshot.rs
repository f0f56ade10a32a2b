//! Keeps the JSON of a unit that is in memory, as an object of its own or in a pack, before anything of it is
//! indexed.

use std::io;
use std::time::Instant;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::preparation::Preparation;
use super::unreadable::{record_access, refused_snapshot};
use crate::ingest::snapshot::packed::packer::PackReservation;
use crate::ingest::snapshot::packed::{Frame, compress};
use crate::ingest::snapshot::provenance::with_snapshot;
use crate::ingest::snapshot::{self, SnapshotMetadata};
use crate::ingest::source::access_tracker::{Suspected, retry_unless_own_fault};
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::Unit;
use crate::ingest::unit::known::KnownRecord;
use crate::ingest::unit::prepared::{Converted, ConvertedDocuments, Prepared, is_same};

/// The lines of a unit in the form in which they are kept.
#[derive(Debug)]
pub(crate) enum EncodedSnapshot {
    /// There are none.
    Nothing,
    /// As the object with this key.
    Alone(String, Bytes),
    /// As a frame of a pack.
    Packed(Vec<u8>),
}

impl Preparation {
    /// The lines of a unit in the form in which they are kept. `key` is the key of their object; `None` if
    /// they are to be packed.
    pub(crate) fn encode_snapshot(key: Option<String>, lines: Vec<u8>) -> io::Result<EncodedSnapshot> {
        Ok(match key {
            _ if lines.is_empty() => EncodedSnapshot::Nothing,
            Some(key) => EncodedSnapshot::Alone(key, lines.into()),
            None => EncodedSnapshot::Packed(compress(&lines)?),
        })
    }

    /// Stores the snapshot of a unit, unless its documents are recorded already. [`Unfinished`]: to be tried again
    /// later.
    pub(crate) async fn store_unless_recorded(
        &self,
        mut converted: Box<Converted>,
        encoded_snapshot: EncodedSnapshot,
        previous_record: Option<&KnownRecord>,
        reservation: Option<PackReservation>,
        stop: &CancellationToken,
    ) -> Result<Prepared, Unfinished> {
        if is_same(&converted, previous_record, self.recorder.success_state) {
            converted.content = ConvertedDocuments::Unchanged;
        } else {
            self.store_snapshot(&mut converted, encoded_snapshot, reservation, stop).await?;
        }
        Ok(Prepared::Converted(converted))
    }

    /// Stores the lines of a unit, and sets the snapshot reference in the unit and its documents.
    /// [`Unfinished`]: to be tried again later.
    async fn store_snapshot(
        &self,
        converted: &mut Converted,
        encoded_snapshot: EncodedSnapshot,
        reservation: Option<PackReservation>,
        stop: &CancellationToken,
    ) -> Result<(), Unfinished> {
        let raw_digest = converted.raw_digest.clone().unwrap_or_default();
        match (encoded_snapshot, &self.packer) {
            (EncodedSnapshot::Nothing, _) => {}
            (EncodedSnapshot::Alone(key, lines), _) => {
                let metadata = self.snapshot_metadata(&converted.unit, &raw_digest);
                let attempt = || async {
                    let started_at = Instant::now();
                    let stored =
                        snapshot::store(&self.objects, &self.snapshots, &key, &metadata, lines.clone());
                    record_access(&self.snapshot_access, started_at, stored.await)
                };
                let suspected = Suspected { unit: &metadata.unit, reservation: None };
                match retry_unless_own_fault(
                    "snapshot",
                    suspected,
                    stop,
                    || std::future::ready(false),
                    attempt,
                )
                .await?
                {
                    Ok(()) => converted.snapshot = Some(key),
                    Err(failure) => {
                        converted.content = ConvertedDocuments::InMemory(Vec::new());
                        converted.refusals.insert(0, refused_snapshot(&failure.error));
                    }
                }
            }
            (EncodedSnapshot::Packed(bytes), packer) => {
                let frame = self.frame(&converted.unit, &raw_digest, bytes);
                let reference = packer.as_ref().ok_or(Unfinished)?.pack(frame, reservation).await?;
                set_reference(&mut converted.content, &reference);
                converted.snapshot = Some(reference);
            }
        }
        Ok(())
    }

    fn frame(&self, unit: &Unit, raw_digest: &str, bytes: Vec<u8>) -> Frame {
        let SnapshotMetadata { unit: digest, raw_digest, revision, .. } =
            self.snapshot_metadata(unit, raw_digest);
        Frame { unit: digest, key: unit.id.key.clone(), raw_digest, revision, bytes }
    }
}

/// Puts the reference of their snapshot into documents that were made without it.
fn set_reference(content: &mut ConvertedDocuments, reference: &str) {
    let ConvertedDocuments::InMemory(documents) = content else { return };
    for document in documents {
        document.line = with_snapshot(std::mem::take(&mut document.line), reference);
    }
}
