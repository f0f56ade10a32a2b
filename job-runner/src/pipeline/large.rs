//! Objects that are too large to be held in memory. They are read twice, once for their digest and once to be converted,
//! and their documents go into the snapshot as they come. The index is then filled from the snapshot, some
//! documents at a time. Their snapshots have an object of their own, also where others are packed.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use docmill_clients::aws::StoreError;
use docmill_clients::elastic::Fault;
use docmill_convert::Converter;
use docmill_crds::ledger::{DocumentsDigest, RecordedDocument, hex};
use docmill_crds::reason::{Reason, SkipReason};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::access::Met;
use super::body::BodyReader;
use super::fetch::{self, Found, Opened};
use super::finish::Finish;
use super::heads::unless_held;
use super::lookup::Known;
use super::new_indices::sift;
use super::notification::Landed;
use super::overwritten::{Ids, Overwritten};
use super::persist::persist;
use super::place::{Amiss, Fate, Held, Placed, Stored, ToPlace};
use super::prepare::{
    AddressedDocument, Content, Converted, Preparation, Prepared, RefusedPart, is_recorded, skipped,
};
use super::refuse::Stage;
use super::snapshot::{PART_BYTES, Upload};
use super::stamp::Stamp;
use super::task::Task;
use super::unit::Unit;
use super::watch::Way;

/// Refusals of one object that its error record tells in full; the others are counted.
const TOLD_REFUSALS: usize = 1000;
/// Documents that are indexed at a time, …
const CHUNK_DOCUMENTS: usize = 500;
/// … or as many as have so many bytes.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that are read at a time for the digest.
const READ_BYTES: usize = 256 * 1024;

/// Converts a large object into its snapshot. `None`: to be tried again later.
pub(super) async fn prepare(
    preparation: &Arc<Preparation>,
    converter: &Arc<Converter>,
    landed: &Landed,
    unit: Unit,
    same: Option<&Known>,
    stop: &CancellationToken,
) -> Option<Prepared> {
    let _turn = preparation.large.acquire().await.ok()?;
    // From here on it is this version, also where the notification named none.
    let etag = unit.version_id.is_none().then(|| unit.id.version.clone());
    let pinned = Landed { etag, version_id: unit.version_id.clone(), ..landed.clone() };
    let pass = Pass { preparation, shared: preparation, converter, landed: &pinned, unit: &unit, same };
    let prepared =
        preparation.read_through("convert a large object", &pinned, None, stop, || pass.run()).await?;
    Some(prepared.unwrap_or_else(Prepared::Converted))
}

struct Pass<'a> {
    preparation: &'a Preparation,
    shared: &'a Arc<Preparation>,
    converter: &'a Arc<Converter>,
    landed: &'a Landed,
    unit: &'a Unit,
    same: Option<&'a Known>,
}

impl<'a> Pass<'a> {
    async fn run(&self) -> Result<Prepared, Met<'a>> {
        let raw_digest = match self.open().await? {
            Ok(opened) => self.digest(*opened).await.map_err(self.reading())?,
            Err(reason) => return Ok(skipped(self.landed, reason)),
        };
        match self.open().await? {
            Ok(opened) => self.convert(*opened, raw_digest).await,
            Err(reason) => Ok(skipped(self.landed, reason)),
        }
    }

    fn reading(&self) -> impl Fn(StoreError) -> Met<'a> + use<'a> {
        Met::at(&self.preparation.reads)
    }

    fn keeping(&self) -> impl Fn(StoreError) -> Met<'a> + use<'a> {
        Met::at(&self.preparation.keeps)
    }

    async fn open(&self) -> Result<Result<Box<Opened>, SkipReason>, Met<'a>> {
        Ok(match self.preparation.open_object(self.landed).await.map_err(self.reading())? {
            Found::Object(opened) => Ok(opened),
            Found::Gone => Err(SkipReason::ObjectGone),
            Found::Replaced => Err(SkipReason::ObjectReplaced),
        })
    }

    async fn digest(&self, opened: Opened) -> Result<String, StoreError> {
        let mut reader = opened.body.into_async_read();
        let mut hash = Sha256::new();
        let mut read = 0;
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = reader.read(&mut buffer).await.map_err(|error| self.broken(&error))?;
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
            read += count;
        }
        fetch::is_whole(self.landed, opened.length, read)?;
        Ok(hex(&hash.finalize()))
    }

    async fn convert(&self, opened: Opened, raw_digest: String) -> Result<Prepared, Met<'a>> {
        let (sender, mut parts) = mpsc::channel(1);
        let reader = BodyReader::start(opened.body);
        let (preparation, unit) = (Arc::clone(self.shared), self.unit.clone());
        let (digest, converter) = (raw_digest.clone(), Arc::clone(self.converter));
        let conversion = tokio::task::spawn_blocking(move || {
            convert(&preparation, &converter, &unit, &digest, reader, &sender)
        });
        let key = self.preparation.snapshot_key(self.unit);
        let label = self.preparation.label(self.unit, &raw_digest);
        let mut upload = None;
        while let Some(part) = parts.recv().await {
            if upload.is_none() {
                let Preparation { s3, snapshots, .. } = self.preparation;
                let begun = Upload::begin(s3, snapshots, &key, &label).await;
                upload = Some(begun.map_err(self.keeping())?);
            }
            if let Some(mut begun) = upload.take() {
                match begun.push(part).await {
                    Ok(()) => upload = Some(begun),
                    Err(error) => {
                        begun.abort().await;
                        return Err(self.keeping()(error));
                    }
                }
            }
        }
        let result = conversion.await.map_err(io::Error::from).flatten();
        let result = result.and_then(|result| {
            fetch::is_whole(self.landed, opened.length, result.read).map_err(io::Error::other)?;
            Ok(result)
        });
        let result = match (result, upload) {
            (Ok(result), None) => result,
            (Ok(result), Some(upload))
                if is_recorded(self.same, &result.digest, self.preparation.recorder.good)
                    && result.refusals.is_empty() =>
            {
                upload.abort().await;
                let unchanged = self.converted(raw_digest, Some(key), Content::Unchanged, result);
                return Ok(unchanged);
            }
            (Ok(result), Some(upload)) => {
                upload.complete().await.map_err(self.keeping())?;
                result
            }
            (Err(error), upload) => {
                if let Some(upload) = upload {
                    upload.abort().await;
                }
                return Err(self.reading()(self.broken(&error)));
            }
        };
        let snapshot = (result.documents > 0).then_some(key);
        let content = match snapshot {
            Some(_) => Content::InSnapshot,
            None => Content::InMemory(Vec::new()),
        };
        Ok(self.converted(raw_digest, snapshot, content, result))
    }

    fn converted(
        &self,
        raw_digest: String,
        snapshot: Option<String>,
        content: Content,
        result: Conversion,
    ) -> Prepared {
        let Conversion { overwritten, refusals, .. } = result;
        let (unit, raw_digest) = (self.unit.clone(), Some(raw_digest));
        Prepared::Converted(Box::new(Converted {
            unit,
            raw_digest,
            snapshot,
            content,
            overwritten,
            refusals,
            room: None,
        }))
    }

    fn broken(&self, error: &io::Error) -> StoreError {
        StoreError::unavailable(fetch::action(self.landed), error)
    }
}

/// What came of a conversion whose documents went elsewhere.
struct Conversion {
    documents: u64,
    digest: String,
    overwritten: Overwritten,
    refusals: Vec<RefusedPart>,
    read: usize,
}

/// Converts, and sends the lines of the documents in parts. Ends early if nobody takes them.
fn convert(
    preparation: &Preparation,
    converter: &Converter,
    unit: &Unit,
    raw_digest: &str,
    reader: impl Read,
    parts: &mpsc::Sender<Bytes>,
) -> io::Result<Conversion> {
    let stamp = Stamp::new(unit, Some(preparation.snapshot_key(unit)));
    let provenance = stamp.provenance(unit, raw_digest, &preparation.recorder);
    let mut reader = Counted { reader, read: 0 };
    let (mut digest, mut ids) = (DocumentsDigest::default(), Ids::default());
    let (mut documents, mut refusals, mut untold) = (0, Vec::new(), 0_usize);
    let mut part = Vec::new();
    let send = |part: Vec<u8>| {
        parts.blocking_send(part.into()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    };
    for verdict in converter.documents(&mut reader) {
        let addressed = match verdict? {
            Ok(document) => preparation.address(document, &provenance),
            Err(refusal) => Err(refusal.into()),
        };
        match addressed {
            Ok(AddressedDocument { recorded, line }) => {
                digest.push(&recorded);
                ids.push(&recorded.id);
                documents += 1;
                append(&mut part, line);
            }
            Err(refused) if refusals.len() < TOLD_REFUSALS => refusals.push(refused),
            Err(_) => untold += 1,
        }
        if part.len() >= PART_BYTES {
            send(std::mem::take(&mut part))?;
        }
    }
    // Whatever follows the last record is still part of the object.
    io::copy(&mut reader, &mut io::sink())?;
    if !part.is_empty() {
        send(part)?;
    }
    if untold > 0 {
        let message =
            format!("{untold} more documents of the object were refused and are not told one by one");
        refusals.push(RefusedPart::of_object(Stage::Convert, Reason::LimitExceeded, message));
    }
    let digest = digest.finish();
    let overwritten = ids.finish(|| digest.clone());
    Ok(Conversion { documents, digest, overwritten, refusals, read: reader.read })
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

/// Counts the bytes that are read.
struct Counted<R> {
    reader: R,
    read: usize,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

/// Indexes the documents of a snapshot, and says which index holds some of them. `None`: to be tried again later.
pub(super) async fn index(
    finish: &Finish,
    preparation: &Preparation,
    converted: &mut Converted,
    key: &str,
    (task, mut renew): (&Task, bool),
    stop: &CancellationToken,
) -> Option<(Placed, Option<Held>)> {
    let _turn = preparation.large.acquire().await.ok()?;
    let mut held = None;
    let mut placed = Placed::Current { key: None, stored: Stored::default() };
    let mut first = 0;
    let mut lines = persist("read a snapshot", stop, || open_snapshot(preparation, key)).await?;
    loop {
        let mut chunk = match next_chunk(preparation, &mut lines).await {
            Ok(chunk) => chunk,
            Err(error) => {
                tracing::warn!(%error, key, "a snapshot could not be read to its end; the unit is tried again later");
                return None;
            }
        };
        if chunk.is_empty() {
            return Some((placed, held));
        }
        let next = first + u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        converted.overwritten.leave_standing(&mut chunk, std::mem::replace(&mut first, next));
        if let Some(new_indices) = &finish.new_indices {
            let names = chunk.iter().map(|document| document.recorded.index.as_str());
            let refused = new_indices.refused(names, stop).await?;
            for part in sift(&mut chunk, &refused, new_indices.most) {
                note(&mut converted.refusals, part);
            }
        }
        let unit = [ToPlace { unit: &converted.unit, documents: &chunk, renew }];
        renew = false;
        let way = Way::untimed();
        let fates = persist("index", stop, || finish.placer.place(&unit, way, stop)).await?.pop()?;
        match fates {
            Fate::Superseded(newer, _) => {
                // What was indexed of it before is to go too.
                let raw_key = &converted.unit.id.key;
                let take_back =
                    || async { unless_held(finish.take_back_lost(key, raw_key, &newer, stop).await) };
                let by = persist("take back", stop, take_back).await?;
                return Some((Placed::Superseded(newer), by));
            }
            Fate::Current { key, documents } => {
                placed.take_in(key, &chunk, documents, |recorded, amiss| match amiss {
                    Amiss::Rejected(fault) => note(&mut converted.refusals, rejected(recorded, &fault)),
                    Amiss::Held(by) if finish.is_over(task.waited, &by) => {
                        note(&mut converted.refusals, blocked(recorded, &by));
                    }
                    Amiss::Held(by) => held = Some(by),
                });
            }
        }
    }
}

/// A refusal that Elasticsearch made.
pub(super) fn rejected(recorded: &RecordedDocument, fault: &Fault) -> RefusedPart {
    let RecordedDocument { index, id, .. } = recorded;
    let message =
        format!("Elasticsearch refuses document {id:?} of index {index:?}: {}", fault.for_records());
    let reason = Reason::IndexRejected;
    let detail = serde_json::json!({"reason": reason, "message": message, "index": index, "id": id});
    RefusedPart { stage: Stage::Index, reason, message, detail }
}

/// A refusal because an index takes no writes.
pub(super) fn blocked(recorded: &RecordedDocument, held: &Held) -> RefusedPart {
    let RecordedDocument { index, id, .. } = recorded;
    let Held { index: blocked, fault, .. } = held;
    let told = if blocked == index {
        format!("document {id:?} cannot be written into index {index:?}")
    } else {
        format!(
            "document {id:?} belongs in index {index:?} by now, and its earlier copy cannot be deleted from index {blocked:?}"
        )
    };
    let message = format!(
        "{told}, which has taken no writes for longer than index.blockedPatienceSeconds: {}; open the index to writes and replay the unit",
        fault.for_records()
    );
    let reason = Reason::IndexBlocked;
    let detail = serde_json::json!({"reason": reason, "message": message, "index": blocked, "id": id});
    RefusedPart { stage: Stage::Index, reason, message, detail }
}

/// A refusal because documents are to go from an index that takes no writes.
pub(super) fn kept(held: &Held) -> RefusedPart {
    let Held { index, fault, .. } = held;
    let message = format!(
        "documents that the unit has no more cannot be deleted from index {index:?}, which has taken no writes for longer than index.blockedPatienceSeconds: {}; open the index to writes and replay the unit",
        fault.for_records()
    );
    RefusedPart::of_object(Stage::Index, Reason::IndexBlocked, message)
}

fn note(refusals: &mut Vec<RefusedPart>, refused: RefusedPart) {
    if refusals.len() < TOLD_REFUSALS {
        refusals.push(refused);
    }
}

type Lines = BufReader<Box<dyn tokio::io::AsyncRead + Send + Unpin>>;

async fn open_snapshot(preparation: &Preparation, key: &str) -> Result<Lines, StoreError> {
    let bucket = &preparation.snapshots.bucket;
    let request = preparation.s3.get_object().bucket(bucket).key(key);
    let action = format!("read s3://{bucket}/{key}");
    let object = request.send().await.map_err(|error| StoreError::from_sdk(action, &error))?;
    Ok(BufReader::new(Box::new(object.body.into_async_read())))
}

/// The next documents of a snapshot; none at its end.
async fn next_chunk(preparation: &Preparation, lines: &mut Lines) -> io::Result<Vec<AddressedDocument>> {
    let mut chunk = Vec::new();
    let mut bytes = 0;
    while chunk.len() < CHUNK_DOCUMENTS && bytes < CHUNK_BYTES {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            break;
        }
        if line.pop_if(|last| *last == b'\n').is_none() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes += line.len();
        chunk.push(AddressedDocument::of_line(line, &preparation.addressing)?);
    }
    Ok(chunk)
}
