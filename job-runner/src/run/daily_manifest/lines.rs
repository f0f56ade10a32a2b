//! The lines of a manifest on their way into the snapshot bucket: compressed as they come, uploaded part by part, and
//! visible only once they are complete.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use docmill_clients::retry;
use docmill_crds::records::lineage::UnitEntry;
use docmill_crds::records::lineage::merkle::MerkleTree;
use zstd::stream::write::Encoder;

use crate::ingest::bucket::multipart::Multipart;
use crate::ingest::snapshot::upload::PART_BYTES;
use crate::run::context::RunContext;
use crate::run::error::RunError;
use crate::run::retry_policy::PATIENCE;

/// What the lines say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// How many lines there are.
    pub(super) count: i64,
    /// How many of them have each state.
    pub(super) states: BTreeMap<String, i64>,
    /// The root of the Merkle tree.
    pub(super) root: String,
}

/// Lines, compressed, with the tree over them. No I/O.
struct Lines {
    encoder: Encoder<'static, Vec<u8>>,
    tree: MerkleTree,
    states: BTreeMap<String, i64>,
}

impl Lines {
    fn new() -> io::Result<Self> {
        let encoder = Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL)?;
        Ok(Self { encoder, tree: MerkleTree::default(), states: BTreeMap::new() })
    }

    fn push(&mut self, entry: &UnitEntry) -> io::Result<()> {
        let mut line = entry.line();
        self.tree.push(&line);
        *self.states.entry(entry.state.as_str().to_owned()).or_default() += 1;
        line.push(b'\n');
        self.encoder.write_all(&line)
    }

    /// Takes a part of this many bytes, if there are as many.
    fn part(&mut self, bytes: usize) -> Option<Vec<u8>> {
        let compressed = self.encoder.get_mut();
        if compressed.len() < bytes {
            return None;
        }
        let rest = compressed.split_off(bytes);
        Some(std::mem::replace(compressed, rest))
    }

    fn told(&self) -> Told {
        Told {
            count: i64::try_from(self.tree.count()).unwrap_or(i64::MAX),
            states: self.states.clone(),
            root: self.tree.root(),
        }
    }
}

/// Lines that are being uploaded.
pub(super) struct LinesUpload<'a> {
    context: &'a RunContext,
    multipart: Multipart<'a>,
    parts: Vec<CompletedPart>,
    lines: Lines,
}

impl<'a> LinesUpload<'a> {
    /// Starts the upload.
    pub(super) async fn begin(context: &'a RunContext, key: &'a str) -> Result<Self, RunError> {
        let lines = Lines::new().map_err(RunError::Compress)?;
        let bucket = context.source().snapshots.bucket.as_str();
        let action = format!("write s3://{bucket}/{key}");
        let multipart = Multipart::begin(&context.s3, (bucket, key), action, |request| {
            request.content_type("application/zstd")
        });
        let multipart = multipart.await?;
        Ok(Self { context, multipart, parts: Vec::new(), lines })
    }

    /// Adds the next line, and uploads a part when there is one.
    pub(super) async fn push(&mut self, entry: &UnitEntry) -> Result<(), RunError> {
        self.lines.push(entry).map_err(RunError::Compress)?;
        match self.lines.part(PART_BYTES) {
            Some(part) => self.upload(part.into()).await,
            None => Ok(()),
        }
    }

    /// What the lines say so far.
    pub(super) fn told(&self) -> Told {
        self.lines.told()
    }

    async fn upload(&mut self, part: Bytes) -> Result<(), RunError> {
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let multipart = &self.multipart;
        let send = async || {
            let sent = multipart.part(number).body(ByteStream::from(part.clone())).send().await;
            sent.map_err(|error| multipart.failed(&error))
        };
        let stored = retry::retry_transient(PATIENCE, &self.context.stop.abort, send).await?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(stored.e_tag).build();
        self.parts.push(part);
        Ok(())
    }

    /// Uploads what is left, and assembles the parts into one object.
    pub(super) async fn complete(mut self) -> Result<(), RunError> {
        let lines = std::mem::replace(&mut self.lines, Lines::new().map_err(RunError::Compress)?);
        let rest = lines.encoder.finish().map_err(RunError::Compress)?;
        if let Err(error) = self.upload(rest.into()).await {
            self.abort().await;
            return Err(error);
        }
        Ok(self.multipart.complete(self.parts).await?)
    }

    /// Discards what was uploaded.
    pub(super) async fn abort(self) {
        self.multipart.abort().await;
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::units::UnitState;

    use super::{Lines, UnitEntry};

    fn entry(number: usize) -> UnitEntry {
        UnitEntry {
            key: format!("wire/{number:08}.xml"),
            version: number.wrapping_mul(2_654_435_761).to_string(),
            unit: String::new(),
            state: if number.is_multiple_of(3) { UnitState::Failed } else { UnitState::Indexed },
            reason: None,
            last_modified: None,
            raw_digest: None,
            revision: "5f".to_owned(),
            snapshot: None,
            document_count: 1,
            documents_digest: None,
        }
    }

    #[test]
    fn parts_and_the_rest_are_one_frame_with_all_lines() {
        let (mut lines, mut stored, mut parts) = (Lines::new().unwrap(), Vec::new(), 0);
        for number in 0..60_000 {
            lines.push(&entry(number)).unwrap();
            if let Some(part) = lines.part(64 * 1024) {
                assert_eq!(part.len(), 64 * 1024);
                stored.extend(part);
                parts += 1;
            }
        }
        let told = lines.told();
        stored.extend(lines.encoder.finish().unwrap());
        assert!(parts > 1, "{parts} parts");
        let text = zstd::decode_all(&stored[..]).unwrap();
        let read: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        assert_eq!((told.count, read.len()), (60_000, 60_000));
        assert_eq!((told.states["Failed"], told.states["Indexed"]), (20_000, 40_000));
        assert_eq!(serde_json::from_slice::<UnitEntry>(read[59_999]).unwrap(), entry(59_999));
        let mut tree = super::MerkleTree::default();
        for line in read {
            tree.push(line);
        }
        assert_eq!(tree.root(), told.root);
    }
}
