//! Names of indices that a worker has met, so that it asks about each of them once.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many are remembered. Even a lifetime archive has fewer days; beyond that, memory matters more than a
/// request.
const MOST: usize = 50_000;

/// The names.
#[derive(Debug, Default)]
pub(crate) struct SeenIndexNames(Mutex<HashSet<String>>);

impl SeenIndexNames {
    /// Returns the names that were not met, each once, in their order.
    pub(crate) fn unmet<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let met = self.lock();
        let mut now = HashSet::new();
        names.filter(|name| !met.contains(*name) && now.insert(*name)).collect()
    }

    /// Remembers names.
    pub(crate) fn remember<'a>(&self, names: impl ExactSizeIterator<Item = &'a str>) {
        let mut met = self.lock();
        if met.len() + names.len() > MOST {
            met.clear();
        }
        met.extend(names.map(str::to_owned));
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
        let met = SeenIndexNames::default();
        assert_eq!(met.unmet(["b", "a", "b"].into_iter()), ["b", "a"]);
        met.remember(["a"].into_iter());
        assert_eq!(met.unmet(["b", "a"].into_iter()), ["b"]);
        met.forget("a");
        assert_eq!(met.unmet(["b", "a"].into_iter()), ["b", "a"]);
    }
}
