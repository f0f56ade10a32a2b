//! Ensures that a unit is processed by one task at a time. Queues deliver some messages twice
//! (at-least-once), and an object's notifications may come in several messages: whoever comes second waits,
//! and finds the unit done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

/// The units that a worker is processing.
#[derive(Clone, Debug, Default)]
pub struct KeyedLock(Arc<Mutex<HashMap<String, Arc<Turns<()>>>>>);

/// Holds a unit's lock until it is dropped.
#[derive(Debug)]
pub struct KeyGuard {
    units: KeyedLock,
    digest: String,
    guard: OwnedMutexGuard<()>,
}

impl KeyedLock {
    /// Locks a unit, by its digest, as soon as nobody else holds it.
    pub async fn take(&self, digest: String) -> KeyGuard {
        let turns = Arc::clone(self.units().entry(digest.clone()).or_default());
        KeyGuard { units: self.clone(), digest, guard: turns.lock_owned().await }
    }

    fn units(&self) -> MutexGuard<'_, HashMap<String, Arc<Turns<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyGuard {
    fn drop(&mut self) {
        let mut units = self.units.units();
        // The map holds one reference and this turn the other; each waiter holds one more, taken under the
        // same lock.
        if Arc::strong_count(OwnedMutexGuard::mutex(&self.guard)) == 2 {
            units.remove(&self.digest);
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
        let units = KeyedLock::default();
        let first = units.take("a".into()).await;
        assert!(timeout(SHORT, units.take("a".into())).await.is_err());
        let other = timeout(SHORT, units.take("b".into())).await;
        assert!(other.is_ok());
        let second = tokio::spawn({
            let units = units.clone();
            async move { units.take("a".into()).await }
        });
        tokio::time::sleep(SHORT).await;
        drop(first);
        let second = timeout(SHORT, second).await.expect("its turn").expect("no panic");
        assert!(timeout(SHORT, units.take("a".into())).await.is_err());
        drop((second, other));
    }

    #[tokio::test]
    async fn what_is_done_is_forgotten() {
        let units = KeyedLock::default();
        for number in 0..100 {
            drop(units.take(format!("{}", number % 7)).await);
        }
        let first = units.take("a".into()).await;
        assert!(timeout(SHORT, units.take("a".into())).await.is_err(), "who gave up leaves nothing behind");
        drop(first);
        assert!(units.units().is_empty());
    }
}
