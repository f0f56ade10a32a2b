//! Keeps the JSON of a unit that is in memory, as an object of its own or in a pack, before anything of it is
//! indexed.

use std::io;
use std::time::Instant;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::preparation::Preparation;
use super::unreadable::{not_kept, noted};
use crate::ingest::snapshot::packed::packer::PackReservation;
use crate::ingest::snapshot::packed::{Frame, compress};
use crate::ingest::snapshot::provenance::with_snapshot;
use crate::ingest::snapshot::{self, SnapshotMetadata};
use crate::ingest::source::access_tracker::{Suspected, see_through};
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
    pub(crate) fn kept(key: Option<String>, lines: Vec<u8>) -> io::Result<EncodedSnapshot> {
        Ok(match key {
            _ if lines.is_empty() => EncodedSnapshot::Nothing,
            Some(key) => EncodedSnapshot::Alone(key, lines.into()),
            None => EncodedSnapshot::Packed(compress(&lines)?),
        })
    }

    /// Keeps what was made, unless it is recorded already. [`Unfinished`]: to be tried again later.
    pub(crate) async fn settle(
        &self,
        mut converted: Box<Converted>,
        kept: EncodedSnapshot,
        same: Option<&KnownRecord>,
        coming: Option<PackReservation>,
        stop: &CancellationToken,
    ) -> Result<Prepared, Unfinished> {
        if is_same(&converted, same, self.recorder.good) {
            converted.content = ConvertedDocuments::Unchanged;
        } else {
            self.keep(&mut converted, kept, coming, stop).await?;
        }
        Ok(Prepared::Converted(converted))
    }

    /// Stores the lines of a unit, and sets the snapshot reference in the unit and its documents.
    /// [`Unfinished`]: to be tried again later.
    async fn keep(
        &self,
        converted: &mut Converted,
        kept: EncodedSnapshot,
        coming: Option<PackReservation>,
        stop: &CancellationToken,
    ) -> Result<(), Unfinished> {
        let raw_digest = converted.raw_digest.clone().unwrap_or_default();
        match (kept, &self.packer) {
            (EncodedSnapshot::Nothing, _) => {}
            (EncodedSnapshot::Alone(key, lines), _) => {
                let label = self.label(&converted.unit, &raw_digest);
                let store = || async {
                    let begun = Instant::now();
                    let stored = snapshot::store(&self.s3, &self.snapshots, &key, &label, lines.clone());
                    noted(&self.keeps, begun, stored.await)
                };
                let suspected = Suspected { unit: &label.unit, coming: None };
                match see_through("snapshot", suspected, stop, || std::future::ready(false), store).await? {
                    Ok(()) => converted.snapshot = Some(key),
                    Err(met) => {
                        converted.content = ConvertedDocuments::InMemory(Vec::new());
                        converted.refusals.insert(0, not_kept(&met.error));
                    }
                }
            }
            (EncodedSnapshot::Packed(bytes), packer) => {
                let frame = self.frame(&converted.unit, &raw_digest, bytes);
                let reference = packer.as_ref().ok_or(Unfinished)?.pack(frame, coming).await?;
                name(&mut converted.content, &reference);
                converted.snapshot = Some(reference);
            }
        }
        Ok(())
    }

    fn frame(&self, unit: &Unit, raw_digest: &str, bytes: Vec<u8>) -> Frame {
        let SnapshotMetadata { unit: digest, raw_digest, revision, .. } = self.label(unit, raw_digest);
        Frame { unit: digest, key: unit.id.key.clone(), raw_digest, revision, bytes }
    }
}

/// Puts the reference of their snapshot into documents that were made without it.
fn name(content: &mut ConvertedDocuments, reference: &str) {
    let ConvertedDocuments::InMemory(documents) = content else { return };
    for document in documents {
        document.line = with_snapshot(std::mem::take(&mut document.line), reference);
    }
}
