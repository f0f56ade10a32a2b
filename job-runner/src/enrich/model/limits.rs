//! Limits the requests to a model: no more at a time, and no more per second, than the user allows; and fewer
//! if the server reports that it is busy.

use docmill_clients::concurrency::AdaptiveConcurrency;
use docmill_clients::rate::Rate;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::enrich::slice_plan::PlannedEnricher;

/// This pod's share of a model's limits.
#[derive(Debug)]
pub(crate) struct Limits {
    concurrency: AdaptiveConcurrency,
    at_a_time: usize,
    rate: Option<Rate>,
}

impl Limits {
    /// The share of a model's limits that each of `pods` pods has. There are never more pods than requests
    /// that may be in flight.
    pub(crate) fn of(model: &PlannedEnricher, pods: u32) -> Self {
        let max_in_flight = u32::try_from(model.enricher.max_in_flight).unwrap_or(1);
        let at_a_time = usize::try_from(max_in_flight / pods).unwrap_or(1).max(1);
        let per_second = model.enricher.requests_per_second.and_then(|rate| u32::try_from(rate).ok());
        let rate = per_second.map(|per_second| Rate::share(per_second, pods));
        Self { concurrency: AdaptiveConcurrency::between(at_a_time, at_a_time), at_a_time, rate }
    }

    /// Maximum number of requests in flight.
    pub(crate) fn at_a_time(&self) -> usize {
        self.at_a_time
    }

    /// Waits until one more request may be sent. `None` if the worker is asked to end first.
    pub(crate) async fn enter(&self, stop: &CancellationToken) -> Option<OwnedSemaphorePermit> {
        let enter = async {
            let permit = self.concurrency.slot().await?;
            if let Some(rate) = &self.rate {
                rate.turn().await;
            }
            Some(permit)
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => None,
            permit = enter => permit,
        }
    }

    /// A request is over.
    pub(crate) fn leave(&self, permit: OwnedSemaphorePermit, pushed_back: bool) {
        self.concurrency.give_back(permit, pushed_back);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    use super::Limits;
    use crate::enrich::slice_plan::PlannedEnricher;
    use crate::enrich::slice_plan::tests::slice_plan;

    fn model(max_in_flight: i32, requests_per_second: Option<i32>) -> PlannedEnricher {
        let mut model = slice_plan().models.remove(0);
        model.enricher.max_in_flight = max_in_flight;
        model.enricher.requests_per_second = requests_per_second;
        model
    }

    #[test]
    fn pods_share_what_may_be_on_its_way() {
        for (max_in_flight, pods, share) in [(8, 1, 8), (8, 2, 4), (8, 3, 2), (8, 8, 1), (1, 4, 1)] {
            assert_eq!(Limits::of(&model(max_in_flight, None), pods).at_a_time(), share);
        }
    }

    #[tokio::test]
    async fn requests_are_as_far_apart_as_the_rate_says_however_long_nothing_was_sent() {
        let (limits, stop) = (Limits::of(&model(100, Some(40)), 2), CancellationToken::new());
        tokio::time::sleep(Duration::from_millis(200)).await;
        let start = Instant::now();
        for request in 0..4 {
            let permit = limits.enter(&stop).await.expect("a permit");
            let least = Duration::from_millis(50) * request;
            assert!(start.elapsed() >= least, "request {request} after {:?}", start.elapsed());
            limits.leave(permit, false);
        }
    }

    #[tokio::test]
    async fn a_busy_server_is_asked_for_less_and_a_stop_is_heard() {
        let (limits, stop) = (Limits::of(&model(2, None), 1), CancellationToken::new());
        let permit = limits.enter(&stop).await.expect("a permit");
        limits.leave(permit, true);
        let held = limits.enter(&stop).await.expect("the last permit");
        let waiting = tokio::time::timeout(Duration::from_millis(50), limits.enter(&stop)).await;
        assert!(waiting.is_err(), "a second permit");
        stop.cancel();
        assert!(limits.enter(&stop).await.is_none());
        drop(held);
    }
}
