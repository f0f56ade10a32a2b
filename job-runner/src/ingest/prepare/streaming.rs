//! Objects that are too large to be held in memory. They are read twice, once for their digest and once to be
//! converted, and their documents are written to the snapshot as they come; once more, if that shows that they
//! are in another encoding. The index is then filled from the snapshot, some documents at a time. Their snapshots
//! are objects of their own, even if others are packed. An archive is one of them; where its members are found by a
//! directory at its end, they are read by range.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use docmill_clients::aws::StoreError;
use docmill_convert::{Converter, Reading};
use docmill_crds::conversion::RepairCounts;
use docmill_crds::digest::hex;
use docmill_crds::reason::{Reason, SkipReason};
use docmill_crds::records::units::DocumentsDigest;
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::preparation::Preparation;
use super::stamp::Stamp;
use crate::ingest::snapshot::upload::{PART_BYTES, Upload};
use crate::ingest::source::access_tracker::AccessFailure;
use crate::ingest::source::object::{self, ObjectFound, OpenedObject};
use crate::ingest::source::range_reader::RangeReader;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::Unit;
use crate::ingest::unit::document::AddressedDocument;
use crate::ingest::unit::known::KnownRecord;
use crate::ingest::unit::object_ref::ObjectRef;
use crate::ingest::unit::overwritten::{Ids, Overwritten};
use crate::ingest::unit::prepared::{Converted, ConvertedDocuments, Prepared, is_recorded, skipped};
use crate::ingest::unit::refusal::{LISTED_REFUSALS, RefusedPart, Stage};

/// Bytes per read for the digest.
const READ_BYTES: usize = 256 * 1024;

/// Converts a large object into its snapshot. [`Unfinished`]: to be tried again later.
pub(crate) async fn prepare(
    preparation: &Arc<Preparation>,
    converter: &Arc<Converter>,
    landed: &ObjectRef,
    unit: Unit,
    previous_record: Option<&KnownRecord>,
    stop: &CancellationToken,
) -> Result<Prepared, Unfinished> {
    let _permit = preparation.large_objects.acquire().await?;
    // From here on the version is fixed, even if the notification named none.
    let etag = unit.version_id.is_none().then(|| unit.id.version.clone());
    let pinned = ObjectRef { etag, version_id: unit.version_id.clone(), ..landed.clone() };
    let attempt = StreamingAttempt {
        preparation,
        shared: preparation,
        converter,
        landed: &pinned,
        unit: &unit,
        previous_record,
    };
    let prepared = preparation
        .read_unless_own_fault("convert a large object", &pinned, None, stop, || attempt.run())
        .await?;
    Ok(prepared.unwrap_or_else(Prepared::Converted))
}

struct StreamingAttempt<'a> {
    preparation: &'a Preparation,
    shared: &'a Arc<Preparation>,
    converter: &'a Arc<Converter>,
    landed: &'a ObjectRef,
    unit: &'a Unit,
    previous_record: Option<&'a KnownRecord>,
}

impl<'a> StreamingAttempt<'a> {
    async fn run(&self) -> Result<Prepared, AccessFailure<'a>> {
        let raw_digest = match self.open().await? {
            Ok(opened) => self.digest(*opened).await.map_err(self.raw_failure())?,
            Err(reason) => return Ok(skipped(self.landed, reason)),
        };
        let mut reading = Reading::default();
        loop {
            let opened = match self.open().await? {
                Ok(opened) => opened,
                Err(reason) => return Ok(skipped(self.landed, reason)),
            };
            match self.convert(*opened, raw_digest.clone(), reading).await? {
                Ok(prepared) => return Ok(prepared),
                Err(another) => reading = another,
            }
        }
    }

    fn raw_failure(&self) -> impl Fn(StoreError) -> AccessFailure<'a> + use<'a> {
        AccessFailure::at(&self.preparation.raw_access)
    }

    fn snapshot_failure(&self) -> impl Fn(StoreError) -> AccessFailure<'a> + use<'a> {
        AccessFailure::at(&self.preparation.snapshot_access)
    }

    async fn open(&self) -> Result<Result<Box<OpenedObject>, SkipReason>, AccessFailure<'a>> {
        Ok(match self.preparation.open_object(self.landed).await.map_err(self.raw_failure())? {
            ObjectFound::Object(opened) => Ok(opened),
            ObjectFound::Gone => Err(SkipReason::ObjectGone),
            ObjectFound::Replaced => Err(SkipReason::ObjectReplaced),
        })
    }

    async fn digest(&self, opened: OpenedObject) -> Result<String, StoreError> {
        let mut reader = opened.body.into_async_read();
        let mut hash = Sha256::new();
        let mut bytes_read = 0;
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = reader.read(&mut buffer).await.map_err(|error| self.broken(&error))?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            bytes_read += count;
        }
        object::check_length(self.landed, opened.length, bytes_read)?;
        Ok(hex(&hash.finalize()))
    }

    /// Converts the object, read in this way. The inner error is how it has to be read instead.
    async fn convert(
        &self,
        opened: OpenedObject,
        raw_digest: String,
        reading: Reading,
    ) -> Result<Result<Prepared, Reading>, AccessFailure<'a>> {
        let (sender, mut parts) = mpsc::channel(1);
        let reader = RangeReader::start(&self.preparation.s3, opened);
        let (preparation, unit) = (Arc::clone(self.shared), self.unit.clone());
        let (digest, converter) = (raw_digest.clone(), Arc::clone(self.converter));
        let conversion = tokio::task::spawn_blocking(move || {
            convert(&preparation, (&converter, reading), &unit, &digest, reader, &sender)
        });
        let key = self.preparation.snapshot_key(self.unit);
        let metadata = self.preparation.snapshot_metadata(self.unit, &raw_digest);
        let mut upload = None;
        while let Some(part) = parts.recv().await {
            if upload.is_none() {
                let Preparation { s3, snapshots, .. } = self.preparation;
                let open_upload = Upload::begin(s3, snapshots, &key, &metadata).await;
                upload = Some(open_upload.map_err(self.snapshot_failure())?);
            }
            if let Some(mut open_upload) = upload.take() {
                match open_upload.push(part).await {
                    Ok(()) => upload = Some(open_upload),
                    Err(error) => {
                        open_upload.abort().await;
                        return Err(self.snapshot_failure()(error));
                    }
                }
            }
        }
        let result = match conversion.await.map_err(io::Error::from).flatten() {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(another)) => {
                if let Some(upload) = upload {
                    upload.abort().await;
                }
                return Ok(Err(another));
            }
            Err(error) => Err(error),
        };
        let result = match (result, upload) {
            (Ok(result), None) => result,
            (Ok(result), Some(upload))
                if is_recorded(
                    self.previous_record,
                    &result.digest,
                    self.preparation.recorder.success_state,
                ) && result.refusals.is_empty() =>
            {
                upload.abort().await;
                let unchanged = self.converted(raw_digest, Some(key), ConvertedDocuments::Unchanged, result);
                return Ok(Ok(unchanged));
            }
            (Ok(result), Some(upload)) => {
                upload.complete().await.map_err(self.snapshot_failure())?;
                result
            }
            (Err(error), upload) => {
                if let Some(upload) = upload {
                    upload.abort().await;
                }
                return Err(self.raw_failure()(self.broken(&error)));
            }
        };
        let snapshot = (result.documents > 0).then_some(key);
        let content = match snapshot {
            Some(_) => ConvertedDocuments::InSnapshot,
            None => ConvertedDocuments::InMemory(Vec::new()),
        };
        Ok(Ok(self.converted(raw_digest, snapshot, content, result)))
    }

    fn converted(
        &self,
        raw_digest: String,
        snapshot: Option<String>,
        content: ConvertedDocuments,
        result: StreamedConversion,
    ) -> Prepared {
        let StreamedConversion { overwritten, repairs, refusals, .. } = result;
        let (unit, raw_digest) = (self.unit.clone(), Some(raw_digest));
        Prepared::Converted(Box::new(Converted {
            unit,
            raw_digest,
            snapshot,
            content,
            overwritten,
            repairs,
            refusals,
            memory_permit: None,
        }))
    }

    fn broken(&self, error: &io::Error) -> StoreError {
        StoreError::unavailable(object::action(self.landed), error)
    }
}

/// The result of a conversion whose documents were sent elsewhere.
struct StreamedConversion {
    documents: u64,
    digest: String,
    overwritten: Overwritten,
    repairs: RepairCounts,
    refusals: Vec<RefusedPart>,
}

/// Converts, and sends the lines of the documents in parts. Ends early if nobody receives them, or if the object has to
/// be read in another way.
fn convert(
    preparation: &Preparation,
    (converter, reading): (&Converter, Reading),
    unit: &Unit,
    raw_digest: &str,
    mut reader: RangeReader,
    parts: &mpsc::Sender<Bytes>,
) -> io::Result<Result<StreamedConversion, Reading>> {
    let stamp = Stamp::new(unit, Some(preparation.snapshot_key(unit)));
    let provenance = stamp.provenance(unit, raw_digest, &preparation.recorder);
    let (mut digest, mut ids) = (DocumentsDigest::default(), Ids::default());
    let (mut documents, mut refusals, mut unlisted) = (0, Vec::new(), 0_usize);
    let mut part = Vec::new();
    let send = |part: Vec<u8>| {
        parts.blocking_send(part.into()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    };
    let outcome =
        converter.each_document(reading, &unit.object_info(raw_digest), &mut reader, &mut |verdict| {
            let addressed = match verdict {
                Ok(document) => preparation.address(document, &provenance),
                Err(refusal) => match converter.reading_after(reading, &refusal) {
                    Some(another) => return ControlFlow::Break(Ok(another)),
                    None => Err(refusal.into()),
                },
            };
            match addressed {
                Ok(AddressedDocument { recorded, line }) => {
                    digest.push(&recorded);
                    ids.push(&recorded.id);
                    documents += 1;
                    append(&mut part, line);
                }
                Err(refused) if refusals.len() < LISTED_REFUSALS => refusals.push(refused),
                Err(_) => unlisted += 1,
            }
            if part.len() >= PART_BYTES
                && let Err(error) = send(std::mem::take(&mut part))
            {
                return ControlFlow::Break(Err(error));
            }
            ControlFlow::Continue(())
        })?;
    let repairs = match outcome {
        ControlFlow::Break(Ok(another)) => return Ok(Err(another)),
        ControlFlow::Break(Err(error)) => return Err(error),
        ControlFlow::Continue(repairs) => repairs,
    };
    reader.finish()?;
    if !part.is_empty() {
        send(part)?;
    }
    if unlisted > 0 {
        let message = docmill_convert::unlisted(unlisted);
        refusals.push(RefusedPart::of_object(Stage::Convert, Reason::LimitExceeded, message));
    }
    let digest = digest.finish();
    let overwritten = ids.finish(|| digest.clone());
    Ok(Ok(StreamedConversion { documents, digest, overwritten, repairs, refusals }))
}

/// Adds a line to a part. A line that fills a part is not copied.
fn append(part: &mut Vec<u8>, mut line: Vec<u8>) {
    line.push(b'\n');
    if part.is_empty() && line.len() >= PART_BYTES {
        *part = line;
    } else {
        part.reserve(line.len().max(PART_BYTES.saturating_sub(part.len())));
        part.extend_from_slice(&line);
    }
}
