//! What became of the inputs, in numbers.

use std::collections::BTreeMap;

use docmill_crds::reason::Reason;

/// Counts of documents, files and bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ConvertTally {
    /// Files that were read to their end.
    pub(super) files: u64,
    /// Bytes of those, and of what was read of others.
    pub(super) bytes: u64,
    /// Documents that came out.
    pub(super) documents: u64,
    /// Refusals, of documents and of whole files.
    pub(super) refused: BTreeMap<Reason, u64>,
}

impl ConvertTally {
    pub(super) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.documents += other.documents;
        for (reason, count) in &other.refused {
            *self.refused.entry(*reason).or_default() += count;
        }
    }

    pub(super) fn refuse(&mut self, reason: Reason) {
        *self.refused.entry(reason).or_default() += 1;
    }

    pub(super) fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    pub(super) fn all_good(&self) -> bool {
        self.refused.is_empty()
    }
}
