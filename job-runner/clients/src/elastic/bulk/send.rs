//! Sends a bulk request until every item has its final outcome.

use std::time::{Duration, Instant};

use docmill_crds::contract::IndexTrouble;
use docmill_crds::error_class::Classify as _;
use elasticsearch::http::Method;
use tokio_util::sync::CancellationToken;

use super::body::{Bulk, BulkBody};
use super::item_result::{self, ItemOutcome, ItemResult};
use super::progress::BulkProgress;
use crate::elastic::client::Elastic;
use crate::elastic::error::{ElasticError, ErrorCause};
use crate::outbound::Cap;
use crate::retry::{Backoff, BackoffOutcome, RetryPolicy};
use crate::store_health;

/// Filters the response: a success needs no more than its status.
const BULK_PATH: &str = "/_bulk?filter_path=items.*._id,items.*.status,items.*.error";

/// How the sender of a bulk handles indices that have trouble of their own, so that one of them does not hold
/// up the items of others.
pub trait BulkPolicy: Sync {
    /// Whether items of an index are left as [`ItemOutcome::Held`] instead of being retried. `others`: the same
    /// response accepted items of other indices.
    fn leave(&self, index: &str, trouble: IndexTrouble, others: bool) -> bool;

    /// How long a request for these indices may take before the slow one among them is searched for; `None`:
    /// no limit. `among_others`: other indices of the bulk have requests of their own.
    fn limit(&self, _indices: &[&str], _among_others: bool) -> Option<Duration> {
        None
    }

    /// These indices were answered after this time. Returns whether that is as fast as usual.
    fn answered(&self, _indices: &[&str], _after: Duration) -> bool {
        true
    }

    /// An index accepted this many items.
    fn accepted(&self, _index: &str, _items: usize) {}

    /// Whether what holds up this bulk holds up the worker.
    fn hinders(&self) -> bool {
        true
    }

    /// An index was not answered after this time. `others`: other indices of the bulk were. Returns whether it is
    /// left as slow.
    fn leave_slow(&self, _index: &str, _after: Duration, _others: bool) -> bool {
        false
    }
}

/// Waits for everything.
struct WaitForAll;

impl BulkPolicy for WaitForAll {
    fn leave(&self, _: &str, _: IndexTrouble, _: bool) -> bool {
        false
    }
}

/// Skips an index that accepts no writes. Waits for transient trouble if no other index accepts any either.
#[derive(Clone, Copy, Debug)]
pub struct SkipBlocked;

impl BulkPolicy for SkipBlocked {
    fn leave(&self, _: &str, trouble: IndexTrouble, others: bool) -> bool {
        trouble.fails_in_the_end() || others
    }
}

impl Elastic {
    /// Sends a bulk once and reads the verdicts, in the order of the items.
    pub(crate) async fn bulk(&self, bulk: &Bulk) -> Result<Vec<ItemResult>, ElasticError> {
        store_health::global().bulk(bulk.byte_len(), bulk.len());
        let answer =
            self.send_bytes(Method::Post, BULK_PATH, Some(bulk.bytes()), Cap::Items(bulk.len())).await?;
        item_result::read(&answer, bulk.ids())
    }

    /// Sends a bulk until every item has an outcome, in the order of the items. None of them is
    /// [`ItemOutcome::Held`].
    ///
    /// Only items that were not accepted are sent again, with pauses; progress renews the patience. A request
    /// that is rejected as a whole because of its size (413, 429) or of one of its items (400) is split in
    /// halves, until what cannot be accepted is alone; it is then [`ItemOutcome::Rejected`]. Missing permissions
    /// and the like end the bulk at once: an error of class `User`. Sending the same bulk again after an
    /// error is safe if its items have versions.
    pub async fn bulk_all(
        &self,
        body: BulkBody,
        retry_policy: RetryPolicy,
        stop: &CancellationToken,
    ) -> Result<Vec<ItemOutcome>, ElasticError> {
        self.bulk_watched(body, &WaitForAll, retry_policy, stop).await
    }

    /// The same, but items of indices with trouble of their own may be left.
    pub async fn bulk_watched(
        &self,
        body: BulkBody,
        bulk_policy: &dyn BulkPolicy,
        retry_policy: RetryPolicy,
        stop: &CancellationToken,
    ) -> Result<Vec<ItemOutcome>, ElasticError> {
        let bulk = body.seal();
        let mut sending = Sending::new(&bulk, bulk_policy);
        let mut backoff = Backoff::new(retry_policy);
        let health = store_health::global();
        let mut problem_guard = health.held_up();
        while let Some(positions) = sending.next_part() {
            let open_before = sending.progress.open();
            let Some(error) = sending.send(self, positions).await? else { continue };
            problem_guard.set(error.store_problem().filter(|_| bulk_policy.hinders()), &error.to_string());
            health.retried("bulk", error.store_problem());
            if error.fault().is_some_and(|fault| fault.status == 429) {
                self.count_push_back();
            }
            if sending.progress.open() < open_before {
                backoff.reset();
            }
            let said = error.fault().map(|fault| fault.reason.for_records());
            tracing::warn!(open = sending.progress.open(), %error, said, "Elasticsearch has not accepted everything yet");
            match backoff.wait(Duration::ZERO, stop).await {
                BackoffOutcome::Again => {}
                BackoffOutcome::Exhausted if sending.progress.reject_failing() => {}
                BackoffOutcome::Exhausted => return Err(error),
                BackoffOutcome::Stopped => return Err(ElasticError::Stopped),
            }
        }
        sending.progress.outcomes()
    }
}

/// A bulk that is being sent.
struct Sending<'a> {
    bulk: &'a Bulk,
    policy: &'a dyn BulkPolicy,
    progress: BulkProgress,
    /// The longest time after which a request was abandoned.
    abandoned_after: Duration,
}

impl<'a> Sending<'a> {
    fn new(bulk: &'a Bulk, policy: &'a dyn BulkPolicy) -> Self {
        Self {
            bulk,
            policy,
            progress: BulkProgress::new(bulk.index_of_items().collect()),
            abandoned_after: Duration::ZERO,
        }
    }

    fn name(&self, index: usize) -> &'a str {
        self.bulk.indices().get(index).map_or("", String::as_str)
    }

    /// The items of the next request. Late ones come last: their index is left if others were in time; otherwise
    /// they are sent again, and may take longer.
    fn next_part(&mut self) -> Option<Vec<usize>> {
        if let Some(part) = self.progress.next_part() {
            return Some(part);
        }
        let (late, others) = self.progress.take_late();
        for items in late {
            let index = self.progress.indices_of(&items).first().map_or("", |index| self.name(*index));
            let after = self.abandoned_after;
            if self.policy.leave_slow(index, after, others) {
                tracing::warn!(
                    index,
                    items = items.len(),
                    "an index answers much more slowly than others; its documents wait separately"
                );
                self.progress.leave_slow(items, &ErrorCause::slow(after.as_millis()));
            } else {
                self.progress.send_again(items);
            }
        }
        self.progress.next_part()
    }

    /// Sends some items. Returns the reason if a pause is due.
    async fn send(
        &mut self,
        client: &Elastic,
        positions: Vec<usize>,
    ) -> Result<Option<ElasticError>, ElasticError> {
        let indices: Vec<&str> =
            self.progress.indices_of(&positions).into_iter().map(|index| self.name(index)).collect();
        let part = self.bulk.subset(&positions);
        let started = Instant::now();
        let request = client.bulk(&part);
        let answer = match self.policy.limit(&indices, self.progress.is_split()) {
            None => Some(request.await),
            Some(limit) => tokio::time::timeout(limit, request).await.ok(),
        };
        // The client's own time limit tells as much, if there is anything to compare with.
        let has_others = self.progress.has_others(&positions);
        let in_time =
            |answer: &Result<_, _>| !(has_others && matches!(answer, Err(ElasticError::Timeout(_))));
        let Some(answer) = answer.filter(in_time) else {
            self.abandoned_after = self.abandoned_after.max(started.elapsed());
            self.progress.defer_late(positions);
            return Ok(None);
        };
        if let Ok(verdicts) = &answer {
            if self.policy.answered(&indices, started.elapsed()) {
                self.progress.record_in_time();
            }
            self.report_accepted(&positions, verdicts);
        }
        let (bulk, policy) = (self.bulk, self.policy);
        let names = bulk.indices();
        let leave = |index: usize, trouble, others| {
            names.get(index).is_some_and(|name| policy.leave(name, trouble, others))
        };
        self.progress.take_in(positions, answer, &leave)
    }

    fn report_accepted(&self, positions: &[usize], verdicts: &[ItemResult]) {
        let mut accepted = vec![0; self.bulk.indices().len()];
        for (position, verdict) in positions.iter().zip(verdicts) {
            if matches!(verdict, ItemResult::Final(ItemOutcome::Done | ItemOutcome::Superseded)) {
                accepted[self.progress.index_of(*position)] += 1;
            }
        }
        for (index, items) in accepted.into_iter().enumerate().filter(|(_, items)| *items > 0) {
            self.policy.accepted(self.name(index), items);
        }
    }
}
