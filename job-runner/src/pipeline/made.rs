//! What was made of an object that is in memory, and what is done with it. No I/O but through [`keep`](super::keep).

use std::io;

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::keep::Kept;
use super::lookup::Known;
use super::prepare::{AddressedDocument, Content, Converted, Preparation, Prepared, RefusedPart, is_same};
use super::snapshot::packed::packer::Coming;
use super::unit::Unit;

/// The documents of an object with their lines, and what was refused.
#[derive(Debug, Default)]
pub(super) struct Made {
    documents: Vec<AddressedDocument>,
    refusals: Vec<RefusedPart>,
    lines: Vec<u8>,
}

impl Made {
    /// One more.
    pub(super) fn push(&mut self, addressed: Result<AddressedDocument, RefusedPart>) {
        match addressed {
            Ok(document) => {
                self.lines.extend_from_slice(&document.line);
                self.lines.push(b'\n');
                self.documents.push(document);
            }
            Err(refused) => self.refusals.push(refused),
        }
    }

    /// Bytes of all lines.
    pub(super) const fn bytes(&self) -> usize {
        self.lines.len()
    }
}

impl Preparation {
    /// The unit with what was made of it; also gives what is to be kept of that. `snapshot` is the key of its snapshot, if
    /// that is known.
    pub(super) fn finished(
        &self,
        unit: Unit,
        raw_digest: String,
        snapshot: Option<String>,
        made: Made,
        room: Option<OwnedSemaphorePermit>,
    ) -> io::Result<(Box<Converted>, Kept)> {
        let Made { documents, refusals, lines } = made;
        let kept = Self::kept(snapshot, lines)?;
        let (raw_digest, content) = (Some(raw_digest), Content::InMemory(documents));
        Ok((Box::new(Converted { unit, raw_digest, snapshot: None, content, refusals, room }), kept))
    }

    /// Keeps what was made, unless it is what is recorded already. `None`: to be tried again later.
    pub(super) async fn settle(
        &self,
        mut converted: Box<Converted>,
        kept: Kept,
        same: Option<&Known>,
        coming: Option<Coming>,
        stop: &CancellationToken,
    ) -> Option<Prepared> {
        if is_same(&converted, same, self.recorder.good) {
            converted.content = Content::Unchanged;
        } else {
            self.keep(&mut converted, kept, coming, stop).await?;
        }
        Some(Prepared::Converted(converted))
    }
}
