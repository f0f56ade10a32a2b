//! Determines whose fault it is that the object store refuses a request for an object: the object's own, or
//! that of the bucket, its policy or the credentials. A response such as 403 `AccessDenied` is the same in
//! both cases. So it is the object's own fault if it lasts while requests for other objects are served; if
//! none is served, everybody is affected, and everybody waits.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use docmill_clients::aws::{StoreError, StoreFault};
use docmill_clients::retry::{Backoff, BackoffOutcome, RetryPolicy};
use docmill_clients::store_health;
use docmill_crds::error_class::{Classify as _, ErrorClass};
use tokio_util::sync::CancellationToken;

use crate::ingest::retry::PATIENCE_WITH_OUTAGES;
use crate::ingest::snapshot::packed::packer::PackReservation;
use crate::ingest::unfinished::Unfinished;
use crate::telemetry;

/// How long an object has to be denied before that is its own fault. A permission that was granted or revoked
/// takes some seconds to propagate everywhere
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html>).
const PATIENCE_WITH_DENIALS: Duration = Duration::from_secs(30);
/// The same for a request that the store calls a bad one.
const PATIENCE_WITH_REFUSALS: Duration = Duration::from_secs(5);
/// How long the fault may remain undecided before the bucket is probed, and the interval between further
/// probes.
const DOUBT: Duration = Duration::from_secs(5);
/// How long to retry before the unit goes back to where it came from. The next attempt continues from there.
const TRIED_FOR: RetryPolicy = RetryPolicy {
    first: Duration::from_millis(200),
    longest: Duration::from_secs(5),
    total: Duration::from_secs(40),
};
/// Maximum number of units whose first refusal is remembered.
const MOST_SUSPECTS: usize = 10_000;

/// Tracks the results of requests of one kind, for objects of one bucket.
#[derive(Debug, Default)]
pub struct Access(Mutex<AccessState>);

#[derive(Debug, Default)]
struct AccessState {
    /// When the latest request that was served began.
    last_served: Option<Instant>,
    /// When it was last found that none is served.
    last_denied: Option<Instant>,
    /// When a probe whether any is served last began.
    last_probed: Option<Instant>,
    /// When each refused unit was refused for the first time.
    first_refused: HashMap<String, Instant>,
}

impl Access {
    /// Records that a request that began at this time was served.
    pub fn served(&self, started_at: Instant) {
        let mut state = self.state();
        state.last_served = state.last_served.max(Some(started_at));
    }

    /// Records that a unit was refused. Returns since when it is.
    fn suspect(&self, unit: &str, started_at: Instant) -> Instant {
        let first_refused = &mut self.state().first_refused;
        if first_refused.len() >= MOST_SUSPECTS {
            first_refused.clear();
        }
        *first_refused.entry(unit.to_owned()).or_insert(started_at)
    }

    fn acquit(&self, unit: &str) {
        self.state().first_refused.remove(unit);
    }

    /// Whether another request that began later was served.
    fn served_since(&self, first_refused: Instant) -> bool {
        self.state().last_served.is_some_and(|served| served > first_refused)
    }

    /// Whether it is time to probe whether any request is served. If so, the caller has to do it, and the next
    /// probe waits.
    fn claim_probe(&self, now: Instant) -> bool {
        let mut state = self.state();
        let due = state.last_probed.is_none_or(|last_probed| now.duration_since(last_probed) >= DOUBT);
        if due {
            state.last_probed = Some(now);
        }
        due
    }

    fn deny(&self, now: Instant) {
        self.state().last_denied = Some(now);
    }

    /// Whether no request is served, as far as is known.
    fn is_denied(&self) -> bool {
        let state = self.state();
        state.last_denied.is_some_and(|denied| state.last_served.is_none_or(|served| served < denied))
    }

    fn state(&self) -> MutexGuard<'_, AccessState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that failed.
#[derive(Debug)]
pub struct AccessFailure<'a> {
    /// The error.
    pub error: StoreError,
    /// The results of other requests of its kind.
    pub access: &'a Access,
}

impl<'a> AccessFailure<'a> {
    /// Wraps errors as failures of requests of a kind.
    pub fn at(access: &'a Access) -> impl Fn(StoreError) -> Self {
        move |error| Self { error, access }
    }
}

/// The unit that a step is for.
#[derive(Clone, Copy, Debug)]
pub struct Suspected<'a> {
    /// Its name.
    pub unit: &'a str,
    /// Set if the unit is on its way to a pack. Others do not wait for it while it waits.
    pub reservation: Option<&'a PackReservation>,
}

/// Runs a step for one object until it succeeds, or until the failure is certain to be the object's own
/// fault: then it returns that failure. Transient failures are retried until `stop`. [`Unfinished`]: to be
/// tried again later. `probe` finds out whether the bucket serves anything, for when no other object has shown
/// that.
///
/// A refusal of the object is reported as a problem of the store only if others are refused too.
pub async fn retry_unless_own_fault<'a, T, F, L>(
    what: &'static str,
    suspected: Suspected<'_>,
    stop: &CancellationToken,
    probe: impl Fn() -> L,
    mut attempt: impl FnMut() -> F,
) -> Result<Result<T, AccessFailure<'a>>, Unfinished>
where
    F: Future<Output = Result<T, AccessFailure<'a>>>,
    L: Future<Output = bool>,
{
    let Suspected { unit, reservation } = suspected;
    let mut outage_backoff = Backoff::new(RetryPolicy::lasting(PATIENCE_WITH_OUTAGES));
    let mut refusal_backoff = Backoff::new(TRIED_FOR);
    let (worker, step_started_at) = (telemetry::worker(), Instant::now());
    let mut held_up = store_health::global().held_up();
    let mut others_are_served = false;
    loop {
        let started_at = Instant::now();
        let failure = match stop.run_until_cancelled(Box::pin(attempt())).await.ok_or(Unfinished)? {
            Ok(done) => {
                worker.metrics.step(what, step_started_at);
                return Ok(Ok(done));
            }
            Err(failure) => failure,
        };
        let AccessFailure { error, access } = &failure;
        worker.metrics.retry(what, error.store_problem());
        tracing::warn!(%error, said = error.said(), step = what, "a step failed");
        let mut store_problem = error.store_problem();
        if let Some(patience) = doubtful(error) {
            let first_refused = access.suspect(unit, started_at);
            if others_are_served && first_refused.elapsed() >= patience {
                access.acquit(unit);
                return Ok(Err(failure));
            }
            if !access.served_since(first_refused)
                && first_refused.elapsed() >= DOUBT
                && access.claim_probe(started_at)
            {
                if probe().await { access.served(Instant::now()) } else { access.deny(Instant::now()) }
            }
            others_are_served |= access.served_since(first_refused);
            store_problem = store_problem.filter(|_| access.is_denied());
        } else if error.class() == ErrorClass::Permanent {
            return Ok(Err(failure));
        }
        held_up.set(store_problem, &error.to_string());
        let backoff =
            if error.class() == ErrorClass::Transient { &mut outage_backoff } else { &mut refusal_backoff };
        let pause = backoff.wait(Duration::ZERO, stop);
        let backoff_outcome = match reservation {
            Some(reservation) => reservation.aside(pause).await,
            None => pause.await,
        };
        if backoff_outcome != BackoffOutcome::Again {
            tracing::error!(%error, said = error.said(), step = what, "giving up for now; the unit goes back to the queue");
            return Err(Unfinished);
        }
    }
}

/// How long to tolerate a failure that may be the object's own or everybody's; `None` if there is no doubt
/// about it.
fn doubtful(error: &StoreError) -> Option<Duration> {
    match error.fault() {
        Some(StoreFault::AccessDenied) => Some(PATIENCE_WITH_DENIALS),
        Some(StoreFault::Refused) => Some(PATIENCE_WITH_REFUSALS),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
