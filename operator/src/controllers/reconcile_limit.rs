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
    passes: ReconcileLimiter,
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
        Some(ReconcilePermit { passes: self.clone(), namespace: namespace.to_owned() })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ReconcilePermit {
    fn drop(&mut self) {
        let mut all = self.passes.all();
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
        let passes = ReconcileLimiter::default();
        let mut begun: Vec<_> = (0..OF_NAMESPACE + 5).filter_map(|_| passes.begin("hostile")).collect();
        assert_eq!(begun.len(), OF_NAMESPACE);
        assert!(passes.begin("news").is_some());
        begun.pop();
        assert!(passes.begin("hostile").is_some());
        begun.clear();
        assert!(passes.all().is_empty());
    }
}
