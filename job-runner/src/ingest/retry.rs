//! Retries a step for as long as its problem may pass: an outage is never a document's fault.

use std::fmt::Display;
use std::time::{Duration, Instant};

use docmill_clients::retry::{Backoff, BackoffOutcome, RetryPolicy};
use docmill_clients::store_health;
use docmill_crds::error_class::{Classify, ErrorClass};
use tokio_util::sync::CancellationToken;

use super::unfinished::Unfinished;
use crate::telemetry;

/// How long to wait for a user to fix something before the unit goes back to the queue.
const PATIENCE_WITH_USERS: Duration = Duration::from_secs(30);
/// How long to wait for an outage to end: longer than a worker lives.
pub(crate) const PATIENCE_WITH_OUTAGES: Duration = Duration::from_hours(30 * 24);

/// Runs a step until it succeeds. Transient failures are retried until `stop`; failures that a user has to
/// fix are retried for a while; anything else is given up at once. [`Unfinished`]: it did not succeed, and
/// the log says why. Meanwhile the worker reports what it waits for; `what` is also the name of the step in
/// the metrics.
pub async fn retry_step<T, E, F>(
    what: &'static str,
    stop: &CancellationToken,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Unfinished>
where
    E: Classify + Display,
    F: Future<Output = Result<T, E>>,
{
    let mut outage_backoff = Backoff::new(RetryPolicy::lasting(PATIENCE_WITH_OUTAGES));
    let mut user_backoff = Backoff::new(RetryPolicy::lasting(PATIENCE_WITH_USERS));
    let (worker, started_at) = (telemetry::worker(), Instant::now());
    let mut held_up = store_health::global().held_up();
    loop {
        // A worker that has to let go does not wait for an answer that may never come; the request is safe to
        // repeat.
        let error = match stop.run_until_cancelled(Box::pin(attempt())).await.ok_or(Unfinished)? {
            Ok(done) => {
                worker.metrics.step(what, started_at);
                return Ok(done);
            }
            Err(error) => error,
        };
        held_up.set(error.store_problem(), &error.to_string());
        worker.metrics.retry(what, error.store_problem());
        tracing::warn!(%error, said = error.said(), step = what, "a step failed");
        let backoff_outcome = match error.class() {
            ErrorClass::Transient => outage_backoff.wait(Duration::ZERO, stop).await,
            ErrorClass::User => user_backoff.wait(Duration::ZERO, stop).await,
            ErrorClass::Permanent => BackoffOutcome::Exhausted,
        };
        if backoff_outcome != BackoffOutcome::Again {
            tracing::error!(%error, said = error.said(), step = what, "giving up for now; the unit goes back to the queue");
            return Err(Unfinished);
        }
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::error_class::{Classify, ErrorClass};
    use tokio_util::sync::CancellationToken;

    use super::super::unfinished::Unfinished;
    use super::retry_step;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to do it")]
    struct Trouble(ErrorClass);

    impl Classify for Trouble {
        fn class(&self) -> ErrorClass {
            self.0
        }
    }

    async fn tries(class: ErrorClass, failures: usize) -> (Result<(), Unfinished>, usize) {
        let mut count = 0;
        let done = retry_step("test", &CancellationToken::new(), || {
            count += 1;
            std::future::ready(if count <= failures { Err(Trouble(class)) } else { Ok(()) })
        })
        .await;
        (done, count)
    }

    #[tokio::test]
    async fn transient_trouble_is_waited_out() {
        assert_eq!(tries(ErrorClass::Transient, 2).await, (Ok(()), 3));
    }

    #[tokio::test]
    async fn an_attempt_that_never_ends_is_let_go_of() {
        let stop = CancellationToken::new();
        stop.cancel();
        let never = || std::future::pending::<Result<(), Trouble>>();
        assert_eq!(retry_step("test", &stop, never).await, Err(Unfinished));
    }

    #[tokio::test]
    async fn permanent_trouble_is_not_tried_again() {
        assert_eq!(tries(ErrorClass::Permanent, 1).await, (Err(Unfinished), 1));
    }
}
