//! What became of the inputs, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use docmill_crds::conversion::RepairCounts;
use docmill_crds::reason::{Notice, Reason};

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
    /// What was mended.
    pub(super) repairs: RepairCounts,
    /// Documents among those that came out with the id of a later one in the same file.
    pub(super) overwritten: u64,
}

impl ConvertTally {
    pub(super) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.documents += other.documents;
        for (reason, count) in &other.refused {
            *self.refused.entry(*reason).or_default() += count;
        }
        self.repairs.merge(&other.repairs);
        self.overwritten += other.overwritten;
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

    /// The totals, one number per line.
    pub(crate) fn for_people(&self, time: Duration) -> String {
        let seconds = time.as_secs_f64();
        let mut lines = vec![
            ("files", self.files.to_string()),
            ("documents", self.documents.to_string()),
            ("refused", self.refusals().to_string()),
        ];
        let reasons = self.refused.iter();
        lines.extend(reasons.map(|(reason, count)| (reason.as_str(), count.to_string())));
        if !self.repairs.is_empty() {
            let repairs = || self.repairs.iter();
            lines.push(("repaired", repairs().map(|(_, times)| times).sum::<u64>().to_string()));
            lines.extend(repairs().map(|(repair, times)| (repair.as_str(), times.to_string())));
        }
        if self.overwritten > 0 {
            lines.push(("overwritten", self.overwritten.to_string()));
            lines.push((Notice::DuplicateId.as_str(), self.overwritten.to_string()));
        }
        lines.push(("bytes", self.bytes.to_string()));
        lines.push(("seconds", format!("{seconds:.2}")));
        // A count of documents is far below 2^52.
        #[allow(clippy::cast_precision_loss)]
        let rate = self.documents as f64 / seconds.max(0.001);
        lines.push(("documents/s", format!("{rate:.0}")));
        let width = lines.iter().map(|(_, number)| number.len()).max().unwrap_or(0);
        let is_reason = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase());
        let line = |(name, number): &(&str, String)| {
            let name = if is_reason(name) { format!("  {name}") } else { (*name).to_owned() };
            format!("{name:<22}{number:>width$}")
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
