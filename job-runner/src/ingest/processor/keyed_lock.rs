//! Ensures that a unit is processed by one task at a time. Queues deliver some messages twice
//! (at-least-once), and an object's notifications may come in several messages: whoever comes second waits,
//! and finds the unit done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// The units that a worker is processing.
#[derive(Clone, Debug, Default)]
pub struct KeyedLock(Arc<Mutex<HashMap<String, Arc<AsyncMutex<()>>>>>);

/// Holds a unit's lock until it is dropped.
#[derive(Debug)]
pub struct KeyGuard {
    locks: KeyedLock,
    digest: String,
    guard: OwnedMutexGuard<()>,
}

impl KeyedLock {
    /// Locks a unit, by its digest, as soon as nobody else holds it.
    pub async fn take(&self, digest: String) -> KeyGuard {
        let lock = Arc::clone(self.lock_map().entry(digest.clone()).or_default());
        KeyGuard { locks: self.clone(), digest, guard: lock.lock_owned().await }
    }

    fn lock_map(&self) -> MutexGuard<'_, HashMap<String, Arc<AsyncMutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        let mut locks = self.locks.lock_map();
        // The map holds one reference and this guard the other; each waiter holds one more, taken under the
        // same lock.
        if Arc::strong_count(OwnedMutexGuard::mutex(&self.guard)) == 2 {
            locks.remove(&self.digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::KeyedLock;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn who_comes_second_waits_and_nobody_else_does() {
        let locks = KeyedLock::default();
        let first = locks.take("a".into()).await;
        assert!(timeout(SHORT, locks.take("a".into())).await.is_err());
        let other = timeout(SHORT, locks.take("b".into())).await;
        assert!(other.is_ok());
        let second = tokio::spawn({
            let locks = locks.clone();
            async move { locks.take("a".into()).await }
        });
        tokio::time::sleep(SHORT).await;
        drop(first);
        let second = timeout(SHORT, second).await.expect("its turn").expect("no panic");
        assert!(timeout(SHORT, locks.take("a".into())).await.is_err());
        drop((second, other));
    }

    #[tokio::test]
    async fn what_is_done_is_forgotten() {
        let locks = KeyedLock::default();
        for number in 0..100 {
            drop(locks.take(format!("{}", number % 7)).await);
        }
        let first = locks.take("a".into()).await;
        assert!(timeout(SHORT, locks.take("a".into())).await.is_err(), "who gave up leaves nothing behind");
        drop(first);
        assert!(locks.lock_map().is_empty());
    }
}
