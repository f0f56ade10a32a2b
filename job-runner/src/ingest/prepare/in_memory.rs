//! What was made of an object that is in memory. Pure.

use std::io;

use docmill_crds::conversion::RepairCounts;
use tokio::sync::OwnedSemaphorePermit;

use super::preparation::Preparation;
use super::store_snapshot::EncodedSnapshot;
use crate::ingest::unit::document::AddressedDocument;
use crate::ingest::unit::prepared::{Converted, ConvertedDocuments};
use crate::ingest::unit::refusal::RefusedPart;
use crate::ingest::unit::{Unit, overwritten};

/// The documents of an object with their lines, and what was refused.
#[derive(Debug, Default)]
pub(crate) struct Made {
    documents: Vec<AddressedDocument>,
    refusals: Vec<RefusedPart>,
    repairs: RepairCounts,
    lines: Vec<u8>,
}

impl Made {
    /// Adds a document or a refusal.
    pub(crate) fn push(&mut self, addressed: Result<AddressedDocument, RefusedPart>) {
        match addressed {
            Ok(document) => {
                self.lines.extend_from_slice(&document.line);
                self.lines.push(b'\n');
                self.documents.push(document);
            }
            Err(refused) => self.refusals.push(refused),
        }
    }

    /// Sets what was mended in the object.
    pub(crate) fn mended(self, repairs: RepairCounts) -> Self {
        Self { repairs, ..self }
    }

    /// The converted unit, with the digest of its object; also returns its encoded snapshot. `snapshot` is the
    /// key of that, if it is known.
    pub(crate) fn finish(
        self,
        (unit, raw_digest): (Unit, String),
        snapshot: Option<String>,
        memory_permit: Option<OwnedSemaphorePermit>,
    ) -> io::Result<(Box<Converted>, EncodedSnapshot)> {
        let Self { mut documents, refusals, repairs, lines } = self;
        let overwritten = overwritten::leave_standing(&mut documents);
        let encoded_snapshot = Preparation::encode_snapshot(snapshot, lines)?;
        let (raw_digest, content) = (Some(raw_digest), ConvertedDocuments::InMemory(documents));
        Ok((
            Box::new(Converted {
                unit,
                raw_digest,
                snapshot: None,
                content,
                overwritten,
                repairs,
                refusals,
                memory_permit,
            }),
            encoded_snapshot,
        ))
    }

    /// How much was refused.
    pub(crate) const fn refused(&self) -> usize {
        self.refusals.len()
    }

    /// Bytes of all lines.
    pub(crate) const fn bytes(&self) -> usize {
        self.lines.len()
    }
}
