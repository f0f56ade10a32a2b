//! Mode Forget: what an IngestRun erases, and what its status says of that.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run of mode Forget erases. Every version of each object goes, with all documents that were made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("size(self.documents) + size(self.keys) > 0")
    .message("name what is to be forgotten: set documents, keys, or both"))]
pub struct Forget {
    /// Ids of documents, as in the index. Every object that holds one of them is forgotten as a whole.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 512)))]
    pub documents: Vec<String>,
    /// Keys of objects in the raw bucket, as a listing shows them.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 1024)))]
    pub keys: Vec<String>,
    /// Also delete the raw objects, in all their versions. Without it they stay, and are not ingested again.
    #[serde(default)]
    pub raw: bool,
}

/// What a run of mode Forget has erased. A run that finds nothing has zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Forgotten {
    /// Documents that were deleted from the index.
    pub documents: i64,
    /// Enriched copies, and records of failed enrichments, that were deleted.
    pub enriched: i64,
    /// Snapshots that were erased: objects, and parts of packs.
    pub snapshots: i64,
    /// Objects that were deleted from the errors bucket.
    pub errors: i64,
    /// Records of the ledger of which only the identity of the object is left.
    pub records: i64,
    /// Objects that were deleted from the raw bucket.
    pub raw: i64,
}

impl Forgotten {
    /// Whether nothing was there to erase.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A sum stops at the end of its range: whoever may write to the cluster may have written any number.
impl std::ops::AddAssign for Forgotten {
    fn add_assign(&mut self, other: Self) {
        self.documents = self.documents.saturating_add(other.documents);
        self.enriched = self.enriched.saturating_add(other.enriched);
        self.snapshots = self.snapshots.saturating_add(other.snapshots);
        self.errors = self.errors.saturating_add(other.errors);
        self.records = self.records.saturating_add(other.records);
        self.raw = self.raw.saturating_add(other.raw);
    }
}

impl std::iter::Sum for Forgotten {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), |mut sum, item| {
            sum += item;
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Forgotten;

    #[test]
    fn what_was_erased_adds_up() {
        let one = Forgotten { documents: 1, snapshots: 2, ..Forgotten::default() };
        let sum: Forgotten = [one, one, Forgotten::default()].into_iter().sum();
        assert_eq!(sum, Forgotten { documents: 2, snapshots: 4, ..Forgotten::default() });
        assert!(!sum.is_nothing() && Forgotten::default().is_nothing());
        let most = Forgotten { raw: i64::MAX, ..one };
        assert_eq!([most, most].into_iter().sum::<Forgotten>().raw, i64::MAX, "it is no reason to panic");
    }
}
