//! The time between the claim of a document and its write, in which a newer unit may take the document to another
//! index, or remove it. Whoever does that deletes what is in the old place, with a version that keeps older writes out
//! for a minute (`index.gc_deletes`). So the heads have to be read again after the write only if nothing could be
//! deleted there, because the index was created meanwhile, or if the deletion may be forgotten by then: after some time,
//! or where a shard has moved to another node.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::elastic::Elastic;

/// A window that is shorter has closed long before a deletion is forgotten.
const SHORT: Duration = Duration::from_secs(5);
/// Maximum number of indices that are asked about: their names share the path of a request.
const MOST_NAMES: usize = 16;
/// How many indices are remembered; a forgotten one costs a request.
const MOST_REMEMBERED: usize = 1000;

/// The allocations of primary shards that were seen last, by the names of their indices. Another index of the same name
/// has others, and so has a shard that has moved.
#[derive(Debug, Default)]
pub(crate) struct SeenAllocations(Mutex<HashMap<String, Vec<String>>>);

impl SeenAllocations {
    fn of(&self, indices: &BTreeSet<&str>) -> BTreeMap<String, Vec<String>> {
        let seen = self.lock();
        let allocations = |index: &&str| Some(((*index).to_owned(), seen.get(*index)?.clone()));
        indices.iter().filter_map(allocations).collect()
    }

    fn remember(&self, allocations: &BTreeMap<String, Vec<String>>) {
        let mut seen = self.lock();
        if seen.len() + allocations.len() > MOST_REMEMBERED {
            seen.clear();
        }
        seen.extend(allocations.iter().map(|(index, allocations)| (index.clone(), allocations.clone())));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open window.
#[derive(Debug)]
pub(crate) struct WriteWindow<'a> {
    indices: &'a BTreeSet<&'a str>,
    opened_at: Instant,
    before: BTreeMap<String, Vec<String>>,
}

impl<'a> WriteWindow<'a> {
    /// Must be opened before documents of these indices are claimed.
    pub(crate) fn open(seen: &SeenAllocations, indices: &'a BTreeSet<&'a str>) -> Self {
        Self { indices, opened_at: Instant::now(), before: seen.of(indices) }
    }

    /// Must be closed after the documents were written. Returns the indices in which no document can have been written
    /// after it had been deleted. If the cluster does not say, these are none.
    pub(crate) async fn close(self, seen: &SeenAllocations, elastic: &Elastic) -> BTreeSet<String> {
        let is_short = self.opened_at.elapsed() < SHORT;
        if self.indices.is_empty() || self.indices.len() > MOST_NAMES {
            return BTreeSet::new();
        }
        let names: Vec<&str> = self.indices.iter().copied().collect();
        let now = elastic.allocations(&names).await.unwrap_or_default();
        seen.remember(&now);
        if is_short { steady(&self.before, now) } else { BTreeSet::new() }
    }
}

/// The indices that have been there all the time, each shard in one place.
fn steady(before: &BTreeMap<String, Vec<String>>, now: BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let is_steady = |(index, shards): &(String, Vec<String>)| before.get(index) == Some(shards);
    now.into_iter().filter(is_steady).map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{MOST_REMEMBERED, SeenAllocations, steady};

    fn allocations(pairs: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
        pairs.iter().map(|(index, id)| ((*index).to_owned(), vec![(*id).to_owned()])).collect()
    }

    #[test]
    fn only_an_index_that_was_there_before_and_has_not_moved_is_steady() {
        let before = allocations(&[("same", "1"), ("moved", "2"), ("gone", "3")]);
        let now = allocations(&[("same", "1"), ("moved", "4"), ("new", "5")]);
        assert_eq!(steady(&before, now), BTreeSet::from(["same".to_owned()]));
        let mut fewer = before.clone();
        fewer.entry("same".to_owned()).or_default().clear();
        assert_eq!(steady(&before, fewer).len(), 2, "a shard that is nowhere is not steady");
    }

    #[test]
    fn the_newest_allocation_counts_and_too_many_are_forgotten() {
        let (seen, names) = (SeenAllocations::default(), BTreeSet::from(["a", "b"]));
        assert_eq!(seen.of(&names), BTreeMap::new());
        seen.remember(&allocations(&[("a", "1")]));
        seen.remember(&allocations(&[("a", "2")]));
        assert_eq!(seen.of(&names), allocations(&[("a", "2")]));
        let many = (0..MOST_REMEMBERED).map(|number| (format!("i-{number}"), Vec::new()));
        seen.remember(&many.collect());
        assert_eq!(seen.of(&names), BTreeMap::new());
    }
}
