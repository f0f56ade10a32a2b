//! Indexes the documents of a snapshot in chunks, for an object that is too large to be held in memory.

use std::io;

use docmill_clients::aws::StoreError;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio_util::sync::CancellationToken;

use super::committer::Committer;
use crate::ingest::index::bulk_policy::SendMode;
use crate::ingest::index::heads::unless_held;
use crate::ingest::index::index_creation_limit::sift;
use crate::ingest::prepare::preparation::Preparation;
use crate::ingest::prepare::snapshot_document::document_of_line;
use crate::ingest::retry::retry_step;
use crate::ingest::unfinished::Unfinished;
use crate::ingest::unit::document::AddressedDocument;
use crate::ingest::unit::indexing::{
    HeldByIndex, IndexFailure, IndexOutcome, IndexRequest, StoredDocuments, UnitIndexing,
};
use crate::ingest::unit::prepared::Converted;
use crate::ingest::unit::refusal::{blocked, note, rejected};
use crate::ingest::unit::task::UnitTask;

/// Maximum number of documents in a chunk.
const CHUNK_DOCUMENTS: usize = 500;
/// Maximum number of bytes in a chunk.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// Indexes the documents of a snapshot, and returns which index holds some of them up. [`Unfinished`]: to be
/// tried again later.
pub(crate) async fn index(
    committer: &Committer,
    preparation: &Preparation,
    converted: &mut Converted,
    key: &str,
    (task, mut renew): (&UnitTask, bool),
    stop: &CancellationToken,
) -> Result<(UnitIndexing, Option<HeldByIndex>), Unfinished> {
    let _permit = preparation.large_objects.acquire().await?;
    let mut held = None;
    let mut indexing = UnitIndexing::Current { key: None, stored: StoredDocuments::default() };
    let mut first = 0;
    let mut lines = retry_step("read a snapshot", stop, || open_snapshot(preparation, key)).await?;
    loop {
        let mut chunk = match next_chunk(preparation, &mut lines).await {
            Ok(chunk) => chunk,
            Err(error) => {
                tracing::warn!(%error, key, "failed to read a snapshot to its end; the unit will be retried later");
                return Err(Unfinished);
            }
        };
        if chunk.is_empty() {
            return Ok((indexing, held));
        }
        let next = first + u32::try_from(chunk.len()).unwrap_or(u32::MAX);
        converted.overwritten.leave_standing(&mut chunk, std::mem::replace(&mut first, next));
        if let Some(limit) = &committer.index_creation_limit {
            let names = chunk.iter().map(|document| document.recorded.index.as_str());
            let refused = limit.refused(names, stop).await?;
            for part in sift(&mut chunk, &refused, limit.max_per_hour) {
                note(&mut converted.refusals, part);
            }
        }
        let unit = [IndexRequest { unit: &converted.unit, documents: &chunk, renew }];
        renew = false;
        let mode = SendMode::untimed();
        let outcome = retry_step("index", stop, || committer.indexer.place(&unit, mode, stop))
            .await?
            .pop()
            .ok_or(Unfinished)?;
        match outcome {
            IndexOutcome::Superseded(newer, _) => {
                // The documents that were indexed before have to be deleted too.
                let raw_key = &converted.unit.id.key;
                let take_back =
                    || async { unless_held(committer.take_back_lost(key, raw_key, &newer, stop).await) };
                let held_by = retry_step("take back", stop, take_back).await?;
                return Ok((UnitIndexing::Superseded(newer), held_by));
            }
            IndexOutcome::Current { key, documents } => {
                indexing.take_in(key, &chunk, documents, |recorded, failure| match failure {
                    IndexFailure::Rejected(fault) => {
                        note(&mut converted.refusals, rejected(recorded, &fault));
                    }
                    IndexFailure::Held(held_by)
                        if committer.patience_is_over(task.redelivered_for, &held_by) =>
                    {
                        note(&mut converted.refusals, blocked(recorded, &held_by));
                    }
                    IndexFailure::Held(held_by) => held = Some(held_by),
                });
            }
        }
    }
}

type UnitLines = BufReader<Box<dyn tokio::io::AsyncRead + Send + Unpin>>;

async fn open_snapshot(preparation: &Preparation, key: &str) -> Result<UnitLines, StoreError> {
    let bucket = &preparation.snapshots.bucket;
    let request = preparation.s3.get_object().bucket(bucket).key(key);
    let action = format!("read s3://{bucket}/{key}");
    let object = request.send().await.map_err(|error| StoreError::from_sdk(action, &error))?;
    Ok(BufReader::new(Box::new(object.body.into_async_read())))
}

/// The next documents of a snapshot; empty at its end.
async fn next_chunk(preparation: &Preparation, lines: &mut UnitLines) -> io::Result<Vec<AddressedDocument>> {
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
        chunk.push(document_of_line(&preparation.addressing, line)?);
    }
    Ok(chunk)
}
