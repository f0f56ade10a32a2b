//! A limit on how often something begins, of which each pod has its share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// When the next one may begin.
#[derive(Debug)]
pub struct Rate {
    /// Between two of them.
    interval: Duration,
    next: Mutex<Instant>,
}

impl Rate {
    /// The share that each of `pods` pods has in a limit per second.
    pub fn share(per_second: u32, pods: u32) -> Self {
        let interval = Duration::from_secs(1) * pods / per_second.max(1);
        Self { interval, next: Mutex::new(Instant::now()) }
    }

    /// Waits for the next turn. Time without turns earns no credit.
    pub async fn turn(&self) {
        tokio::time::sleep_until(self.take_turn()).await;
    }

    fn take_turn(&self) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(Instant::now());
        *next = turn + self.interval;
        turn
    }
}
