//! Turns of requests for content, each of which holds some MiB: so many at the same time, and of one namespace half of them, so
//! that a namespace whose stores do not answer leaves the others theirs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Turns of all namespaces together.
const IN_TOTAL: usize = 4;
/// Turns of one namespace.
const PER_NAMESPACE: usize = 2;

/// The turns.
pub struct ContentTurns {
    all: Arc<Semaphore>,
    /// Those of the namespaces that have a turn or wait for one.
    own: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A turn, until it is dropped.
pub struct Turn {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Default for ContentTurns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(IN_TOTAL)), own: Mutex::default() }
    }
}

impl ContentTurns {
    /// Waits for a turn: for one of the namespace, and only then for one of all. There is always one, sooner or later.
    pub async fn next(&self, namespace: &str) -> Option<Turn> {
        let own = self.own(namespace).acquire_owned().await.ok()?;
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn { _own: own, _all: all })
    }

    fn own(&self, namespace: &str) -> Arc<Semaphore> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = own.get(namespace).and_then(Weak::upgrade) {
            return known;
        }
        own.retain(|_, semaphore| semaphore.strong_count() > 0);
        let fresh = Arc::new(Semaphore::new(PER_NAMESPACE));
        own.insert(namespace.to_owned(), Arc::downgrade(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ContentTurns, Turn};

    /// A turn, if there is one now.
    async fn now(turns: &ContentTurns, namespace: &str) -> Option<Turn> {
        tokio::time::timeout(Duration::from_millis(50), turns.next(namespace)).await.ok().flatten()
    }

    #[tokio::test]
    async fn a_namespace_that_keeps_its_turns_leaves_the_others_theirs() {
        let turns = ContentTurns::default();
        let (one, two) = (now(&turns, "slow").await.unwrap(), now(&turns, "slow").await.unwrap());
        assert!(now(&turns, "slow").await.is_none());
        let other = now(&turns, "news").await.unwrap();
        drop(one);
        let third = now(&turns, "slow").await.unwrap();
        let fourth = now(&turns, "news").await.unwrap();
        assert!(now(&turns, "sport").await.is_none(), "all are taken");
        drop((two, other, third, fourth));
        assert!(now(&turns, "sport").await.is_some());
        assert_eq!(turns.own.lock().unwrap().len(), 1, "nothing is kept of namespaces that wait for nothing");
    }
}
