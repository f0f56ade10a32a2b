//! The time between the claim of a document and its write, in which a newer unit may take the document to another
//! index, or remove it. Whoever does that deletes what is in the old place, with a version that keeps older writes out
//! for a minute (`index.gc_deletes`). So the heads have to be read again after the write only if nothing could be
//! deleted there, because the index was created meanwhile, or if the deletion may be forgotten by then.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::elastic::Elastic;

/// A window that is shorter has closed long before a deletion is forgotten.
const SHORT: Duration = Duration::from_secs(5);
/// Maximum number of indices that are asked about: their names share the path of one request.
const MOST_NAMES: usize = 16;
/// How many indices are remembered; forgetting them costs a request.
const MOST_REMEMBERED: usize = 1000;

/// The UUIDs of indices, by their names. An index that is deleted and created again has another one.
#[derive(Debug, Default)]
pub(crate) struct SeenIndexUuids(Mutex<HashMap<String, String>>);

impl SeenIndexUuids {
    fn of(&self, indices: &BTreeSet<&str>) -> BTreeMap<String, String> {
        let seen = self.lock();
        let uuid = |index: &&str| Some(((*index).to_owned(), seen.get(*index)?.clone()));
        indices.iter().filter_map(uuid).collect()
    }

    fn remember(&self, uuids: &BTreeMap<String, String>) {
        let mut seen = self.lock();
        if seen.len() + uuids.len() > MOST_REMEMBERED {
            seen.clear();
        }
        seen.extend(uuids.iter().map(|(index, uuid)| (index.clone(), uuid.clone())));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open window.
#[derive(Debug)]
pub(crate) struct WriteWindow {
    opened_at: Instant,
    before: BTreeMap<String, String>,
}

impl WriteWindow {
    /// Must be opened before documents of these indices are claimed.
    pub(crate) fn open(seen: &SeenIndexUuids, indices: &BTreeSet<&str>) -> Self {
        Self { opened_at: Instant::now(), before: seen.of(indices) }
    }

    /// Must be closed after the documents were written. Returns the indices in which no document can have been written
    /// after it had been deleted. If the cluster does not say, these are none.
    pub(crate) async fn close(
        self,
        seen: &SeenIndexUuids,
        elastic: &Elastic,
        indices: &BTreeSet<&str>,
    ) -> BTreeSet<String> {
        let is_short = self.opened_at.elapsed() < SHORT;
        if indices.is_empty() || indices.len() > MOST_NAMES {
            return BTreeSet::new();
        }
        let names: Vec<&str> = indices.iter().copied().collect();
        let now = elastic.index_uuids(&names).await.unwrap_or_default();
        seen.remember(&now);
        if is_short { steady(&self.before, now) } else { BTreeSet::new() }
    }
}

/// The indices that have existed all the time.
fn steady(before: &BTreeMap<String, String>, now: BTreeMap<String, String>) -> BTreeSet<String> {
    now.into_iter().filter(|(index, uuid)| before.get(index) == Some(uuid)).map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{MOST_REMEMBERED, SeenIndexUuids, steady};

    fn uuids(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(index, uuid)| ((*index).to_owned(), (*uuid).to_owned())).collect()
    }

    #[test]
    fn only_an_index_that_was_there_before_and_is_the_same_is_steady() {
        let before = uuids(&[("same", "1"), ("recreated", "2"), ("gone", "3")]);
        let now = uuids(&[("same", "1"), ("recreated", "4"), ("new", "5")]);
        assert_eq!(steady(&before, now), BTreeSet::from(["same".to_owned()]));
    }

    #[test]
    fn the_newest_uuid_counts_and_too_many_are_forgotten() {
        let (seen, names) = (SeenIndexUuids::default(), BTreeSet::from(["a", "b"]));
        assert_eq!(seen.of(&names), BTreeMap::new());
        seen.remember(&uuids(&[("a", "1")]));
        seen.remember(&uuids(&[("a", "2")]));
        assert_eq!(seen.of(&names), uuids(&[("a", "2")]));
        let many = (0..MOST_REMEMBERED).map(|number| (format!("i-{number}"), String::new()));
        seen.remember(&many.collect());
        assert_eq!(seen.of(&names), BTreeMap::new());
    }
}
