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
        store_health::of_process().bulk(bulk.byte_len(), bulk.len());
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
        patience: RetryPolicy,
        stop: &CancellationToken,
    ) -> Result<Vec<ItemOutcome>, ElasticError> {
        self.bulk_watched(body, &WaitForAll, patience, stop).await
    }

    /// The same, but items of indices with trouble of their own may be left.
    pub async fn bulk_watched(
        &self,
        body: BulkBody,
        watch: &dyn BulkPolicy,
        patience: RetryPolicy,
        stop: &CancellationToken,
    ) -> Result<Vec<ItemOutcome>, ElasticError> {
        let bulk = body.seal();
        let mut sending = Sending::new(&bulk, watch);
        let mut backoff = Backoff::new(patience);
        let health = store_health::of_process();
        let mut held_up = health.held_up();
        while let Some(positions) = sending.next_part() {
            let open = sending.work.open();
            let Some(store_problem) = sending.send(self, positions).await? else { continue };
            held_up.by(store_problem.store_problem().filter(|_| watch.hinders()), &store_problem.to_string());
            health.retried("bulk", store_problem.store_problem());
            if store_problem.fault().is_some_and(|fault| fault.status == 429) {
                self.was_pushed_back();
            }
            if sending.work.open() < open {
                backoff.reset();
            }
            let said = store_problem.fault().map(|fault| fault.reason.for_records());
            tracing::warn!(open = sending.work.open(), error = %store_problem, said, "Elasticsearch has not accepted everything yet");
            match backoff.wait(Duration::ZERO, stop).await {
                BackoffOutcome::Again => {}
                BackoffOutcome::Exhausted => return Err(store_problem),
                BackoffOutcome::Stopped => return Err(ElasticError::Stopped),
            }
        }
        sending.work.outcomes()
    }
}

/// A bulk that is being sent.
struct Sending<'a> {
    bulk: &'a Bulk,
    watch: &'a dyn BulkPolicy,
    work: BulkProgress,
    /// The longest time after which a request was abandoned.
    abandoned_after: Duration,
}

impl<'a> Sending<'a> {
    fn new(bulk: &'a Bulk, watch: &'a dyn BulkPolicy) -> Self {
        Self {
            bulk,
            watch,
            work: BulkProgress::new(bulk.index_of_items().collect()),
            abandoned_after: Duration::ZERO,
        }
    }

    fn name(&self, index: usize) -> &'a str {
        self.bulk.indices().get(index).map_or("", String::as_str)
    }

    /// The items of the next request. Late ones come last: their index is left if others were in time; otherwise
    /// they are sent again, and may take longer.
    fn next_part(&mut self) -> Option<Vec<usize>> {
        if let Some(part) = self.work.next_part() {
            return Some(part);
        }
        let (late, others) = self.work.take_late();
        for items in late {
            let index = self.work.indices_of(&items).first().map_or("", |index| self.name(*index));
            let after = self.abandoned_after;
            if self.watch.leave_slow(index, after, others) {
                tracing::warn!(
                    index,
                    items = items.len(),
                    "an index answers much more slowly than others; its documents wait separately"
                );
                self.work.leave_slow(items, &ErrorCause::slow(after.as_millis()));
            } else {
                self.work.again(items);
            }
        }
        self.work.next_part()
    }

    /// Sends some items. Returns the reason if a pause is due.
    async fn send(
        &mut self,
        by: &Elastic,
        positions: Vec<usize>,
    ) -> Result<Option<ElasticError>, ElasticError> {
        let indices: Vec<&str> =
            self.work.indices_of(&positions).into_iter().map(|index| self.name(index)).collect();
        let part = self.bulk.subset(&positions);
        let began = Instant::now();
        let sent = by.bulk(&part);
        let answer = match self.watch.limit(&indices, self.work.is_split()) {
            None => Some(sent.await),
            Some(limit) => tokio::time::timeout(limit, sent).await.ok(),
        };
        // The client's own time limit tells as much, if there is anything to compare with.
        let has_others = self.work.has_others(&positions);
        let in_time =
            |answer: &Result<_, _>| !(has_others && matches!(answer, Err(ElasticError::Timeout(_))));
        let Some(answer) = answer.filter(in_time) else {
            self.abandoned_after = self.abandoned_after.max(began.elapsed());
            self.work.is_late(positions);
            return Ok(None);
        };
        if let Ok(verdicts) = &answer {
            if self.watch.answered(&indices, began.elapsed()) {
                self.work.was_quick();
            }
            self.tell_accepted(&positions, verdicts);
        }
        let (bulk, watch) = (self.bulk, self.watch);
        let names = bulk.indices();
        let leave = |index: usize, trouble, others| {
            names.get(index).is_some_and(|name| watch.leave(name, trouble, others))
        };
        self.work.take_in(positions, answer, &leave)
    }

    fn tell_accepted(&self, positions: &[usize], verdicts: &[ItemResult]) {
        let mut accepted = vec![0; self.bulk.indices().len()];
        for (position, verdict) in positions.iter().zip(verdicts) {
            if matches!(verdict, ItemResult::Final(ItemOutcome::Done | ItemOutcome::Superseded)) {
                accepted[self.work.index_of(*position)] += 1;
            }
        }
        for (index, items) in accepted.into_iter().enumerate().filter(|(_, items)| *items > 0) {
            self.watch.accepted(self.name(index), items);
        }
    }
}
