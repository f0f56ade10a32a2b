//! Keeps the requests of a worker within its share of the limits of its connections.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use docmill_crds::contract::RequestLimits;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::rate::Rate;

/// The gates of a process, by the names in [`docmill_crds::contract::secret_mount`]. The operator has none.
#[derive(Debug, Default)]
pub struct Gates(HashMap<String, Arc<Gate>>);

impl Gates {
    /// The gates for these limits.
    pub fn of(limits: &BTreeMap<String, RequestLimits>) -> Self {
        Self(limits.iter().map(|(mount, limits)| (mount.clone(), Arc::new(Gate::new(limits)))).collect())
    }

    /// The gate of an endpoint, if its connection has limits.
    pub fn get(&self, mount: &str) -> Option<Arc<Gate>> {
        self.0.get(mount).cloned()
    }
}

/// What the requests to one endpoint wait at.
#[derive(Debug)]
pub struct Gate {
    slots: Option<Semaphore>,
    rate: Option<Rate>,
    timeout: Option<Duration>,
}

impl Gate {
    /// This worker's share.
    fn new(limits: &RequestLimits) -> Self {
        let clients = whole(limits.clients);
        let slots = limits.concurrency.map(|most| Semaphore::new(share(whole(most), clients)));
        let rate = limits.requests_per_second.map(|most| Rate::share(whole(most), clients));
        let timeout = limits.request_seconds.map(|seconds| Duration::from_secs(u64::from(whole(seconds))));
        Self { slots, rate, timeout }
    }

    /// Waits until one more request may be sent. It is in flight until the permit is dropped.
    pub async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let permit = match &self.slots {
            // It is never closed.
            Some(slots) => slots.acquire().await.ok(),
            None => None,
        };
        if let Some(rate) = &self.rate {
            rate.turn().await;
        }
        permit
    }

    /// How long a response may take, if the connection says so.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

/// At least one: a worker that may send nothing would hold its work for ever.
fn share(most: u32, clients: u32) -> usize {
    usize::try_from(most / clients).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS)
}

fn whole(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use docmill_crds::contract::RequestLimits;
    use tokio::time::Instant;

    use super::{Gate, Gates, share};

    const LIMITS: RequestLimits =
        RequestLimits { requests_per_second: None, concurrency: None, request_seconds: None, clients: 4 };

    #[test]
    fn clients_share_what_may_be_in_flight() {
        for (most, clients, expected) in [(8, 1, 8), (8, 3, 2), (8, 8, 1), (2, 100, 1)] {
            assert_eq!(share(most, clients), expected, "{most} for {clients}");
        }
    }

    #[tokio::test]
    async fn a_request_waits_for_a_slot() {
        let gate = Gate::new(&RequestLimits { concurrency: Some(4), ..LIMITS });
        let first = gate.enter().await;
        let second = tokio::time::timeout(Duration::from_millis(50), gate.enter()).await;
        assert!(second.is_err(), "a second request");
        drop(first);
        assert!(gate.enter().await.is_some());
    }

    #[tokio::test]
    async fn requests_are_as_far_apart_as_the_share_of_the_rate_says() {
        let gate = Gate::new(&RequestLimits { requests_per_second: Some(80), ..LIMITS });
        let start = Instant::now();
        for _ in 0..3 {
            assert!(gate.enter().await.is_none(), "there is no limit of what is in flight");
        }
        assert!(start.elapsed() >= Duration::from_millis(100), "{:?}", start.elapsed());
    }

    #[test]
    fn only_an_endpoint_with_limits_has_a_gate() {
        let limited = RequestLimits { request_seconds: Some(5), ..LIMITS };
        let limits = BTreeMap::from([("index".to_owned(), limited)]);
        let gates = Gates::of(&limits);
        assert_eq!(gates.get("index").unwrap().timeout(), Some(Duration::from_secs(5)));
        assert!(gates.get("storage").is_none());
    }
}
