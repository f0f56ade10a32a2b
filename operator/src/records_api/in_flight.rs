//! How many requests are worked on at the same time: in total, and of one namespace, so that a namespace whose stores do
//! not answer leaves the others theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Requests of all namespaces together.
const IN_TOTAL: usize = 64;
/// Requests of one namespace.
const PER_NAMESPACE: usize = 8;

/// The requests in progress, by namespace. Clones share them.
#[derive(Clone, Default)]
pub struct InFlight(Arc<Mutex<HashMap<String, usize>>>);

/// A request in progress, until it is dropped.
pub struct Slot {
    in_flight: InFlight,
    namespace: String,
}

impl InFlight {
    /// Begins a request, unless there are too many.
    pub fn begin(&self, namespace: &str) -> Option<Slot> {
        let mut all = self.all();
        let total: usize = all.values().sum();
        let own = all.get(namespace).copied().unwrap_or(0);
        if total >= IN_TOTAL || own >= PER_NAMESPACE {
            return None;
        }
        all.insert(namespace.to_owned(), own + 1);
        Some(Slot { in_flight: self.clone(), namespace: namespace.to_owned() })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut all = self.in_flight.all();
        match all.get_mut(&self.namespace) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                all.remove(&self.namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{IN_TOTAL, InFlight, PER_NAMESPACE};

    #[test]
    fn a_namespace_has_its_limit_and_all_together_have_theirs() {
        let in_flight = InFlight::default();
        let mut of_news: Vec<_> = (0..PER_NAMESPACE).map(|_| in_flight.begin("news").unwrap()).collect();
        assert!(in_flight.begin("news").is_none());
        assert!(in_flight.begin("sport").is_some());
        drop(of_news.pop());
        assert!(in_flight.begin("news").is_some());
        let names: Vec<String> = (0..IN_TOTAL).map(|number| format!("n{number}")).collect();
        let others: Vec<_> = names.iter().filter_map(|name| in_flight.begin(name)).collect();
        assert_eq!(others.len() + of_news.len(), IN_TOTAL);
        drop((others, of_news));
        assert!(in_flight.all().is_empty(), "nothing is kept of namespaces that are gone");
    }
}
