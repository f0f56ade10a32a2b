//! Sends requests to the endpoints that resources name, so that unresponsive ones do not block others.
//! A slow failure is remembered by namespace and endpoint: the fault is returned at once until it is time to
//! retry, and then only one reconcile retries. Unknown endpoints and those that were unresponsive before get
//! a short deadline at first, and only a few of them are asked at a time, per namespace and in total.
//! [`state`] decides (pure); this module adds the clock and the lock. All of it can be lost at any time.

mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use docmill_crds::error_class::ErrorClass;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use kube::Resource;

use crate::outcome::not_ready::NotReady;
use state::{BreakerKey, BreakerTable, EndpointTurn, Outcome};

/// A request that fails faster than this blocks nobody.
const SLOW: Duration = Duration::from_secs(1);
/// How long a reconcile waits for its turn with an unknown endpoint, and how often it checks.
const WAITS: Duration = Duration::from_secs(1);
const LOOKS: Duration = Duration::from_millis(100);

/// What is remembered about endpoints. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct CircuitBreaker(Arc<Mutex<BreakerTable>>);

impl CircuitBreaker {
    /// Creates a client for one reconcile. `trusted`: the resource was ready at its last reconcile, so its
    /// endpoints are trusted although this process may not know them yet.
    pub fn client(&self, namespace: &str, trusted: bool) -> EndpointClient {
        EndpointClient { circuit_breaker: self.clone(), namespace: namespace.to_owned(), trusted }
    }

    fn table(&self) -> MutexGuard<'_, BreakerTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends the requests of one reconcile to endpoints.
#[derive(Clone, Debug)]
pub struct EndpointClient {
    circuit_breaker: CircuitBreaker,
    namespace: String,
    trusted: bool,
}

impl EndpointClient {
    /// Sends a request with this endpoint's deadline, at most `longest`. `timeout_fault` is the fault if
    /// the endpoint does not answer in that time.
    /// The request is boxed at once: some are large, and would make every future that awaits them large.
    pub fn ask<'a, T: 'a>(
        &'a self,
        endpoint: &str,
        longest: Duration,
        timeout_fault: NotReady,
        request: impl Future<Output = Result<T, NotReady>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, NotReady>> {
        self.ask_boxed(endpoint.to_owned(), longest, timeout_fault, Box::pin(request)).boxed()
    }

    async fn ask_boxed<T>(
        &self,
        endpoint: String,
        longest: Duration,
        timeout_fault: NotReady,
        request: BoxFuture<'_, Result<T, NotReady>>,
    ) -> Result<T, NotReady> {
        let key = BreakerKey { namespace: self.namespace.clone(), endpoint };
        let (deadline, doubtful) = self.turn(&key, longest).await?;
        let started = Instant::now();
        let circuit_breaker = &self.circuit_breaker;
        let mut in_flight = EndpointRequest { circuit_breaker, key, doubtful, started, fault: timeout_fault };
        let result = tokio::time::timeout(deadline, request).await;
        let result = result.unwrap_or_else(|_| Err(in_flight.fault.clone()));
        if let Err(fault) = &result
            && fault.class == ErrorClass::Transient
        {
            in_flight.fault = fault.clone();
        } else {
            // It has answered, whatever the answer.
            in_flight.started = Instant::now();
        }
        result
    }

    /// Observes everything that a resource names, within `longest` in total. A slow failure is remembered for
    /// the resource: an endpoint that answers some requests may never answer others.
    pub async fn look<K: Resource<DynamicType = ()>, T>(
        &self,
        resource: &K,
        longest: Duration,
        timeout_fault: NotReady,
        observation: BoxFuture<'_, Result<T, NotReady>>,
    ) -> Result<T, NotReady> {
        let resource = format!("{} {}", K::kind(&()), resource.meta().uid.as_deref().unwrap_or_default());
        // Its endpoints take slots of their own.
        Self { trusted: true, ..self.clone() }.ask(&resource, longest, timeout_fault, observation).await
    }

    async fn turn(&self, key: &BreakerKey, longest: Duration) -> Result<(Duration, bool), NotReady> {
        let started = Instant::now();
        loop {
            let now = Instant::now();
            match self.circuit_breaker.table().begin(key, self.trusted, longest, now) {
                EndpointTurn::Now { deadline, doubtful } => return Ok((deadline, doubtful)),
                EndpointTurn::Held(fault) => return Err(fault),
                EndpointTurn::Later if now.duration_since(started) >= WAITS => {
                    let text = format!(
                        "{}: not checked yet; other endpoints that answer slowly come first",
                        key.endpoint
                    );
                    return Err(NotReady::transient("Waiting", text));
                }
                EndpointTurn::Later => {}
            }
            tokio::time::sleep(LOOKS).await;
        }
    }
}

/// A request in flight. Its end is recorded in every case, also if the reconcile is dropped.
struct EndpointRequest<'a> {
    circuit_breaker: &'a CircuitBreaker,
    key: BreakerKey,
    doubtful: bool,
    started: Instant,
    /// The fault to remember if it was slow.
    fault: NotReady,
}

impl Drop for EndpointRequest<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let is_slow = now.duration_since(self.started) >= SLOW;
        let outcome = if is_slow { Outcome::Slow(self.fault.clone()) } else { Outcome::Quick };
        self.circuit_breaker.table().end(&self.key, self.doubtful, outcome, now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::CircuitBreaker;
    use crate::outcome::not_ready::NotReady;

    const LONGEST: Duration = Duration::from_secs(20);

    fn timeout_fault() -> NotReady {
        NotReady::transient("IndexUnreachable", "no answer")
    }

    async fn never() -> Result<(), NotReady> {
        std::future::pending().await
    }

    #[tokio::test]
    async fn a_slow_failure_is_remembered_for_its_namespace_alone() {
        let circuit_breaker = CircuitBreaker::default();
        let client = circuit_breaker.client("news", false);
        let slow = async {
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            Err::<(), _>(timeout_fault())
        };
        assert_eq!(client.ask("http://hole", LONGEST, timeout_fault(), slow).await, Err(timeout_fault()));
        let started = Instant::now();
        assert_eq!(client.ask("http://hole", LONGEST, timeout_fault(), never()).await, Err(timeout_fault()));
        assert!(started.elapsed() < Duration::from_millis(500), "it was asked again");
        let other = circuit_breaker.client("sport", false);
        assert_eq!(other.ask("http://hole", LONGEST, timeout_fault(), async { Ok(1) }).await, Ok(1));
    }
}
