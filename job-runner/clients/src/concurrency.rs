//! Adapts how many requests may be in flight to a server: one more after as many successes as that number,
//! half as many after a throttled request (additive increase, multiplicative decrease), so that all clients
//! together reduce the load on a server under pressure.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The number of requests that may be in flight.
#[derive(Clone, Debug)]
pub struct AdaptiveConcurrency {
    slots: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    most: usize,
    /// Slots to be removed when they are given back.
    surplus: usize,
    /// Consecutive successful requests.
    successes: usize,
}

impl AdaptiveConcurrency {
    /// Starts with `first` and never exceeds `most`; at least one.
    pub fn between(first: usize, most: usize) -> Self {
        let (first, most) = (first.max(1), most.max(1));
        let state = State { limit: first, most, surplus: 0, successes: 0 };
        Self { slots: Arc::new(Semaphore::new(first)), state: Arc::new(Mutex::new(state)) }
    }

    /// Waits for a slot. `None` never happens as long as this exists.
    pub async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    /// Gives a slot back; `pushed_back` tells whether its request was throttled.
    pub fn give_back(&self, slot: OwnedSemaphorePermit, pushed_back: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if pushed_back {
            let lower = (state.limit / 2).max(1);
            state.surplus += state.limit - lower;
            (state.limit, state.successes) = (lower, 0);
        } else {
            state.successes += 1;
            if state.successes >= state.limit && state.limit < state.most {
                (state.limit, state.successes) = (state.limit + 1, 0);
                if state.surplus > 0 {
                    state.surplus -= 1;
                } else {
                    self.slots.add_permits(1);
                }
            }
        }
        if state.surplus > 0 {
            state.surplus -= 1;
            slot.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AdaptiveConcurrency;

    /// How many slots are free, when none is taken.
    fn free(concurrency: &AdaptiveConcurrency) -> usize {
        concurrency.slots.available_permits()
    }

    async fn batch(concurrency: &AdaptiveConcurrency, pushed_back: bool) {
        let slot = concurrency.slot().await.expect("a slot");
        concurrency.give_back(slot, pushed_back);
    }

    #[tokio::test]
    async fn it_grows_slowly_and_shrinks_at_once() {
        let concurrency = AdaptiveConcurrency::between(2, 4);
        assert_eq!(free(&concurrency), 2);
        for _ in 0..20 {
            batch(&concurrency, false).await;
        }
        assert_eq!(free(&concurrency), 4);
        batch(&concurrency, true).await;
        batch(&concurrency, true).await;
        batch(&concurrency, true).await;
        assert_eq!(free(&concurrency), 1, "one slot is always left");
        batch(&concurrency, false).await;
        assert_eq!(free(&concurrency), 2);
    }
}
