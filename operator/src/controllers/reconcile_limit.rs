//! Limits the concurrent reconciles of a namespace, so that no namespace takes all slots.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Concurrent reconciles of one kind and namespace.
const OF_NAMESPACE: usize = 32;

/// The reconciles of one kind in flight, by namespace.
#[derive(Clone, Debug, Default)]
pub struct ReconcileLimiter(Arc<Mutex<HashMap<String, usize>>>);

/// A reconcile in flight. Dropping this ends it.
#[derive(Debug)]
pub struct ReconcilePermit {
    limiter: ReconcileLimiter,
    namespace: String,
}

impl ReconcileLimiter {
    /// Begins a reconcile, unless the namespace is at its limit.
    pub fn begin(&self, namespace: &str) -> Option<ReconcilePermit> {
        let mut all = self.all();
        let count = all.entry(namespace.to_owned()).or_default();
        if *count >= OF_NAMESPACE {
            return None;
        }
        *count += 1;
        Some(ReconcilePermit { limiter: self.clone(), namespace: namespace.to_owned() })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ReconcilePermit {
    fn drop(&mut self) {
        let mut all = self.limiter.all();
        if let Some(count) = all.get_mut(&self.namespace) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                all.remove(&self.namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OF_NAMESPACE, ReconcileLimiter};

    #[test]
    fn a_namespace_has_its_share_and_leaves_others_theirs() {
        let limiter = ReconcileLimiter::default();
        let mut permits: Vec<_> = (0..OF_NAMESPACE + 5).filter_map(|_| limiter.begin("hostile")).collect();
        assert_eq!(permits.len(), OF_NAMESPACE);
        assert!(limiter.begin("news").is_some());
        permits.pop();
        assert!(limiter.begin("hostile").is_some());
        permits.clear();
        assert!(limiter.all().is_empty());
    }
}
