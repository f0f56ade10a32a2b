//! Names of indices that a worker has seen, so that it asks about each of them once.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many are remembered. Even a lifetime archive has fewer days; beyond that, memory matters more than a
/// request.
const MOST: usize = 50_000;

/// The names.
#[derive(Debug, Default)]
pub(crate) struct SeenIndexNames(Mutex<HashSet<String>>);

impl SeenIndexNames {
    /// Returns the names that were not seen yet, each once, in their order.
    pub(crate) fn unseen<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let seen = self.lock();
        let mut new = HashSet::new();
        names.filter(|name| !seen.contains(*name) && new.insert(*name)).collect()
    }

    /// Remembers names.
    pub(crate) fn remember<'a>(&self, names: impl ExactSizeIterator<Item = &'a str>) {
        let mut seen = self.lock();
        if seen.len() + names.len() > MOST {
            seen.clear();
        }
        seen.extend(names.map(str::to_owned));
    }

    /// Forgets a name.
    pub(crate) fn forget(&self, name: &str) {
        self.lock().remove(name);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::SeenIndexNames;

    #[test]
    fn a_name_is_unmet_once_and_again_when_it_is_forgotten() {
        let seen = SeenIndexNames::default();
        assert_eq!(seen.unseen(["b", "a", "b"].into_iter()), ["b", "a"]);
        seen.remember(["a"].into_iter());
        assert_eq!(seen.unseen(["b", "a"].into_iter()), ["b"]);
        seen.forget("a");
        assert_eq!(seen.unseen(["b", "a"].into_iter()), ["b", "a"]);
    }
}
