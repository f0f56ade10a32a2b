//! Secrets and ConfigMaps that were read lately, so that resources which name the same one share a read. The operator
//! has the right to get them and not to watch them. How old one may be is up to whoever needs it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an object is kept. Nobody takes one that is older.
const KEPT: Duration = Duration::from_mins(5);

/// Namespace and name.
type Key = (String, String);

/// The objects of a type, each with the time when its read began. Clones share them.
#[derive(Clone, Default)]
pub struct ReadCache<K>(Arc<Mutex<HashMap<Key, (Instant, K)>>>);

impl<K: Clone> ReadCache<K> {
    /// An object that was read within `max_age` before `now`.
    pub fn get(&self, namespace: &str, name: &str, max_age: Duration, now: Instant) -> Option<K> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, object) = all.get(&(namespace.to_owned(), name.to_owned()))?;
        (now.duration_since(*read_at) < max_age.min(KEPT)).then(|| object.clone())
    }

    /// Keeps an object whose read began at `read_at`.
    pub fn put(&self, namespace: &str, name: &str, object: K, read_at: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (at, _)| read_at.duration_since(*at) < KEPT);
        all.insert((namespace.to_owned(), name.to_owned()), (read_at, object));
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use k8s_openapi::api::core::v1::Secret;

    use super::{KEPT, ReadCache};

    #[test]
    fn a_secret_is_shared_within_its_namespace_until_it_is_too_old_for_who_needs_it() {
        let (cache, read_at) = (ReadCache::default(), Instant::now());
        cache.put("news", "s3", Secret::default(), read_at);
        let later = read_at + Duration::from_secs(30);
        let found = |namespace: &str, max_age| cache.get(namespace, "s3", max_age, later).is_some();
        assert!(found("news", Duration::from_mins(1)));
        assert!(!found("news", Duration::from_secs(1)), "one that a store refused may have been corrected");
        assert!(!found("news", Duration::ZERO));
        assert!(!found("sport", Duration::from_mins(1)));
    }

    #[test]
    fn nothing_is_kept_for_longer_than_a_few_minutes() {
        let (cache, read_at) = (ReadCache::default(), Instant::now());
        cache.put("news", "s3", Secret::default(), read_at);
        assert!(cache.get("news", "s3", KEPT * 2, read_at + KEPT).is_none());
        cache.put("news", "other", Secret::default(), read_at + KEPT);
        assert_eq!(cache.0.lock().unwrap().len(), 1);
    }
}
