//! How long to wait before retrying, and when to give up: exponential backoff with jitter, so that many
//! workers that met the same outage do not all come back at once.

use std::time::{Duration, Instant};

use docmill_crds::error_class::{Classify, ErrorClass};
use tokio_util::sync::CancellationToken;

use super::store_health;

/// How patient to be with transient failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first pause, before jitter; each further one is twice as long.
    pub first: Duration,
    /// The longest pause, before jitter.
    pub longest: Duration,
    /// How long to retry without any progress.
    pub total: Duration,
}

impl RetryPolicy {
    /// Pauses from 200 ms to 30 s, for `total` altogether.
    pub const fn lasting(total: Duration) -> Self {
        Self { first: Duration::from_millis(200), longest: Duration::from_secs(30), total }
    }

    /// Without a second attempt.
    pub const fn once() -> Self {
        Self::lasting(Duration::ZERO)
    }

    /// The pause after `failures` consecutive failures (from 0), before jitter.
    fn pause(&self, failures: u32) -> Duration {
        self.first.saturating_mul(2_u32.saturating_pow(failures)).min(self.longest)
    }
}

/// The result of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackoffOutcome {
    /// It is time to try again.
    Again,
    /// There is no patience left.
    Exhausted,
    /// The process was asked to end.
    Stopped,
}

/// The pauses of one piece of work.
#[derive(Debug)]
pub struct Backoff {
    policy: RetryPolicy,
    failures: u32,
    since: Instant,
}

impl Backoff {
    /// Starts the clock.
    pub fn new(policy: RetryPolicy) -> Self {
        Self { policy, failures: 0, since: Instant::now() }
    }

    /// Starts over, because something succeeded.
    pub fn reset(&mut self) {
        *self = Self::new(self.policy);
    }

    /// Waits for the next pause, or for `at_least` where that is longer (what a server asked for).
    pub async fn wait(&mut self, at_least: Duration, stop: &CancellationToken) -> BackoffOutcome {
        let pause = self.policy.pause(self.failures);
        // Half to all of it: full jitter from zero would let some come back at once.
        let pause = pause.mul_f64(0.5 + fastrand::f64() / 2.0).max(at_least);
        self.failures = self.failures.saturating_add(1);
        // A server may ask for more than a `Duration` holds.
        if self.since.elapsed().saturating_add(pause) > self.policy.total {
            return BackoffOutcome::Exhausted;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => BackoffOutcome::Again,
            () = stop.cancelled() => BackoffOutcome::Stopped,
        }
    }
}

/// Retries an action while its error is transient; returns the last error when the patience runs out or
/// `stop` is cancelled.
pub async fn retry_transient<T, E: Classify + std::fmt::Display>(
    policy: RetryPolicy,
    stop: &CancellationToken,
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut backoff = Backoff::new(policy);
    let mut problem_guard = store_health::global().held_up();
    loop {
        match attempt().await {
            Err(error) if error.class() == ErrorClass::Transient => {
                problem_guard.set(error.store_problem(), &error.to_string());
                tracing::warn!(%error, said = error.said(), "retrying after a transient error");
                if backoff.wait(Duration::ZERO, stop).await != BackoffOutcome::Again {
                    return Err(error);
                }
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::{Backoff, BackoffOutcome, RetryPolicy};

    #[test]
    fn pauses_double_up_to_the_longest() {
        let policy = RetryPolicy::lasting(Duration::from_hours(1));
        let pauses: Vec<u128> = [0, 1, 2, 7, 8, 1_000].map(|n| policy.pause(n).as_millis()).into();
        assert_eq!(pauses, [200, 400, 800, 25_600, 30_000, 30_000]);
    }

    #[tokio::test]
    async fn patience_ends_and_a_stop_is_heard() {
        let stop = CancellationToken::new();
        let short = RetryPolicy {
            first: Duration::from_millis(20),
            longest: Duration::from_millis(20),
            total: Duration::from_millis(60),
        };
        let mut backoff = Backoff::new(short);
        assert_eq!(backoff.wait(Duration::ZERO, &stop).await, BackoffOutcome::Again);
        assert_eq!(backoff.wait(Duration::from_mins(1), &stop).await, BackoffOutcome::Exhausted);
        assert_eq!(backoff.wait(Duration::from_secs(u64::MAX), &stop).await, BackoffOutcome::Exhausted);
        stop.cancel();
        let mut backoff = Backoff::new(RetryPolicy::lasting(Duration::from_mins(1)));
        assert_eq!(backoff.wait(Duration::from_secs(5), &stop).await, BackoffOutcome::Stopped);
    }
}
