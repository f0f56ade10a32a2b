//! Digests over the documents of a unit.

use sha2::{Digest as _, Sha256};

use super::record::{RecordedDocument, UnitRecord};
use crate::digest::hex;

/// Digest over the documents of a unit, in their order: 32 hex digits of SHA-256 over index, id and content digest of each,
/// each closed by a zero byte. Two conversions of a unit that give the same one give the same documents.
#[derive(Clone, Debug, Default)]
pub struct DocumentsDigest(Sha256);

impl DocumentsDigest {
    /// Takes in the next document.
    pub fn push(&mut self, document: &RecordedDocument) {
        for part in [&document.index, &document.id, &document.digest] {
            self.0.update(part.as_bytes());
            self.0.update([0]);
        }
    }

    /// The digest.
    pub fn finish(self) -> String {
        hex(&self.0.finalize()[..16])
    }

    /// The digest of these documents.
    pub fn of<'a>(documents: impl IntoIterator<Item = &'a RecordedDocument>) -> String {
        let mut digest = Self::default();
        documents.into_iter().for_each(|document| digest.push(document));
        digest.finish()
    }

    /// The digest of the documents of a unit, by its record: the one that is `stored`, or, because it is left out where
    /// the record names all documents, that of the `named` ones. `None`: the unit has no documents.
    pub fn recorded(stored: Option<&str>, named: &[RecordedDocument]) -> Option<String> {
        match stored {
            Some(stored) => Some(stored.to_owned()),
            None => (!named.is_empty()).then(|| Self::of(named)),
        }
    }
}

impl UnitRecord {
    /// The digest of all documents of the unit; `None` if it has none.
    pub fn digest_of_documents(&self) -> Option<String> {
        DocumentsDigest::recorded(self.documents_digest.as_deref(), &self.documents)
    }
}

/// Digest of a document: 32 hex digits of SHA-256 over its JSON without `_docmill`, given in one or more pieces.
pub fn content_digest<'a>(json: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    json.into_iter().for_each(|piece| hash.update(piece));
    hex(&hash.finalize()[..16])
}
