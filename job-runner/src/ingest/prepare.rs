//! From a notification to documents that are ready for the index: fetch, convert, address, snapshot.

pub mod binary;
mod binary_unit;
pub mod document_extractor;
pub(crate) mod in_memory;
pub mod preparation;
pub(crate) mod snapshot_document;
pub(crate) mod stamp;
pub(crate) mod store_snapshot;
pub(crate) mod streaming;
pub(crate) mod unreadable;

use std::io::{self, Cursor};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use docmill_clients::aws::StoreError;
use docmill_convert::{Converter, ObjectInfo, Reading};
use docmill_crds::api::storage::is_folder_marker;
use docmill_crds::digest::sha256;
use docmill_crds::reason::SkipReason;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::snapshot::packed::MAX_UNIT_BYTES;
use super::snapshot::packed::packer::PackReservation;
use super::snapshot::provenance::Provenance;
use super::source::access_tracker::AccessFailure;
use super::source::object::{self, ObjectFound, OpenedObject};
use super::unfinished::Unfinished;
use super::unit::Unit;
use super::unit::known::KnownRecord;
use super::unit::object_ref::ObjectRef;
use super::unit::prepared::{Converted, Prepared, skipped};
use super::unit::refusal::LISTED_REFUSALS;
use super::unit::task::{Reprocess, UnitTask};
use crate::telemetry;
use document_extractor::DocumentExtractor;
use in_memory::Made;
use preparation::{IN_MEMORY_BYTES, Preparation};
use store_snapshot::EncodedSnapshot;

/// The same limit for the JSON of an object, which may be far larger if the object is compressed.
const IN_MEMORY_JSON_BYTES: usize = MAX_UNIT_BYTES;

/// Up to so many bytes of text are converted at once: handing them to another thread and back takes longer.
const QUICK_BYTES: usize = 32 << 10;

/// Whether an object is converted within a millisecond: short, and plainly text, so that it does not grow.
fn is_quick(object: &[u8]) -> bool {
    object.len() <= QUICK_BYTES && matches!(object.first(), Some(b'<' | b'{' | b'['))
}

impl Preparation {
    /// Prepares a unit until its documents can be indexed; its snapshot is stored by then. [`Unfinished`]: it
    /// has to be tried again later.
    pub async fn prepare(
        self: &Arc<Self>,
        task: &UnitTask,
        known: Option<&KnownRecord>,
        reservation: Option<PackReservation>,
        stop: &CancellationToken,
    ) -> Result<Prepared, Unfinished> {
        let landed = &task.landed;
        let previous_record = (task.reprocess == Reprocess::Yes).then_some(known).flatten();
        let converter = match &self.extractor {
            DocumentExtractor::Convert(converter) => converter,
            DocumentExtractor::Describe(describer) => {
                let prepare =
                    binary_unit::prepare(self, describer, landed, previous_record, reservation, stop);
                return Box::pin(prepare).await;
            }
        };
        let open = || async {
            self.open(landed, reservation.as_ref()).await.map_err(AccessFailure::at(&self.raw_access))
        };
        let start =
            match self.read_unless_own_fault("fetch", landed, reservation.as_ref(), stop, open).await? {
                Ok(start) => start,
                Err(unreadable) => return Ok(Prepared::Converted(unreadable)),
            };
        let unit = match start {
            Start::Whole(unit, bytes, memory_permit) => {
                match self
                    .convert_whole(
                        converter,
                        (unit, bytes, memory_permit),
                        previous_record,
                        reservation,
                        stop,
                    )
                    .await?
                {
                    Whole::Prepared(prepared) => return Ok(prepared),
                    Whole::TooMuch(unit) => unit,
                }
            }
            Start::Large(unit) => {
                drop(reservation);
                unit
            }
            Start::TooLarge(unit, length) => return Ok(Prepared::Converted(self.too_large(unit, length))),
            Start::FolderMarker(unit) => return Ok(Prepared::Skipped(unit.id, SkipReason::FolderMarker)),
            Start::Gone => return Ok(skipped(landed, SkipReason::ObjectGone)),
            Start::Replaced => return Ok(skipped(landed, SkipReason::ObjectReplaced)),
        };
        Box::pin(streaming::prepare(self, converter, landed, unit, previous_record, stop)).await
    }

    /// Opens an object, and reads it if it is small.
    async fn open(
        &self,
        landed: &ObjectRef,
        reservation: Option<&PackReservation>,
    ) -> Result<Start, StoreError> {
        let OpenedObject { unit, length, body, .. } = match self.open_object(landed).await? {
            ObjectFound::Object(opened) => *opened,
            ObjectFound::Gone => return Ok(Start::Gone),
            ObjectFound::Replaced => return Ok(Start::Replaced),
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
        // Units that wait for their pack hold the memory that this one waits for.
        let memory_permit = match reservation {
            Some(reservation) => reservation.aside(self.memory_budget.take(length)).await,
            None => self.memory_budget.take(length).await,
        };
        Ok(Start::Whole(unit, object::read(landed, length, body).await?, memory_permit))
    }

    async fn convert_whole(
        self: &Arc<Self>,
        converter: &Arc<Converter>,
        (unit, bytes, memory_permit): (Unit, Bytes, Option<OwnedSemaphorePermit>),
        previous_record: Option<&KnownRecord>,
        reservation: Option<PackReservation>,
        stop: &CancellationToken,
    ) -> Result<Whole, Unfinished> {
        let is_quick = is_quick(&bytes);
        let (this, converter) = (Arc::clone(self), Arc::clone(converter));
        let (id, started_at) = (unit.id.clone(), Instant::now());
        let convert = move || this.convert(&converter, unit, &bytes, memory_permit);
        // A large object keeps a core busy for a while, and messages have to be kept hidden meanwhile.
        let conversion = if is_quick {
            tokio::spawn(async move { convert() })
        } else {
            tokio::task::spawn_blocking(convert)
        };
        let (converted_unit, encoded_snapshot) = match conversion.await.map_err(io::Error::from).flatten() {
            Ok(Outcome::Converted(converted_unit, encoded_snapshot)) => (converted_unit, encoded_snapshot),
            Ok(Outcome::TooMuch(unit)) => return Ok(Whole::TooMuch(unit)),
            Err(error) => {
                tracing::error!(%error, key = id.key, "the conversion was aborted; the unit will be retried later");
                return Err(Unfinished);
            }
        };
        telemetry::worker().metrics.step("convert", started_at);
        self.store_unless_recorded(converted_unit, encoded_snapshot, previous_record, reservation, stop)
            .await
            .map(Whole::Prepared)
    }

    /// Converts the object and addresses its documents; also returns their encoded snapshot.
    fn convert(
        &self,
        converter: &Converter,
        unit: Unit,
        bytes: &[u8],
        memory_permit: Option<OwnedSemaphorePermit>,
    ) -> io::Result<Outcome> {
        let raw_digest = sha256(bytes);
        let (stamp, info) = (self.stamp(&unit), unit.object_info(&raw_digest));
        let mut reading = Reading::default();
        let collected = loop {
            let provenance = stamp.provenance(&unit, &raw_digest, &self.recorder);
            match self.collect(converter, (reading, &info), bytes, &provenance)? {
                Collected::All(made) => break made,
                Collected::TooMuch => return Ok(Outcome::TooMuch(unit)),
                Collected::Again(another) => reading = another,
            }
        };
        let (converted_unit, encoded_snapshot) =
            collected.finish((unit, raw_digest), stamp.snapshot, memory_permit)?;
        Ok(Outcome::Converted(converted_unit, encoded_snapshot))
    }

    /// Reads the object in this way, and addresses its documents.
    fn collect(
        &self,
        converter: &Converter,
        (reading, info): (Reading, &ObjectInfo),
        bytes: &[u8],
        provenance: &Provenance<'_>,
    ) -> io::Result<Collected> {
        let mut collected = Made::default();
        let outcome = converter.each_document(reading, info, &mut Cursor::new(bytes), &mut |verdict| {
            collected.push(match verdict {
                Ok(document) => self.address(document, provenance),
                Err(refusal) => match converter.reading_after(reading, &refusal) {
                    Some(another) => return ControlFlow::Break(Collected::Again(another)),
                    None => Err(refusal.into()),
                },
            });
            // A small archive may have very many members.
            let is_full = converter.opens_archives() && collected.refused() > LISTED_REFUSALS;
            if is_full || collected.bytes() > IN_MEMORY_JSON_BYTES {
                return ControlFlow::Break(Collected::TooMuch);
            }
            ControlFlow::Continue(())
        })?;
        Ok(match outcome {
            ControlFlow::Break(unfinished) => unfinished,
            ControlFlow::Continue(repairs) => Collected::All(collected.mended(repairs)),
        })
    }
}

/// The result of reading an object once.
enum Collected {
    All(Made),
    TooMuch,
    /// It has to be read again, in this way.
    Again(Reading),
}

/// The result of opening an object.
enum Start {
    Whole(Unit, Bytes, Option<OwnedSemaphorePermit>),
    Large(Unit),
    TooLarge(Unit, i64),
    FolderMarker(Unit),
    Gone,
    Replaced,
}

/// The result of converting an object in memory.
enum Outcome {
    Converted(Box<Converted>, EncodedSnapshot),
    TooMuch(Unit),
}

enum Whole {
    Prepared(Prepared),
    TooMuch(Unit),
}
