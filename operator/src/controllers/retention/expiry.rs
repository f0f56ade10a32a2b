//! Removes the records of the ledger that have expired by `spec.ledger.retention`, and counts them.
//!
//! The counts of a status are counts of records, so what is removed has to be counted exactly, whoever is killed when.
//! Each slice of records goes in two phases: the ids are written into the [`ExpiredRecords`], then the records are
//! deleted, then the counts are written and the ids cleared. Whoever finds ids there deletes what is left of them and
//! counts what is gone. A record that was written since is no longer the one that expired: it stays, and is not counted.
//! All writes are compare-and-set, so that two operators do not count the same, and no worker loses a record.
//!
//! - `due`: which records have expired; `heads`: what the heads of their keys forget. Neither performs I/O;
//! - this module: the order of the steps.

mod due;
mod heads;
#[cfg(test)]
mod tests;

use std::time::Duration;

use docmill_clients::cause::with_causes;
use docmill_clients::elastic::{Address, BulkBody, ConcurrencyToken, Elastic, ElasticError, StoredDocument};
use docmill_crds::IngestSource;
use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::records::own_index::Ownership;
use docmill_crds::records::units::{EXPIRED_ID, ExpiredRecords, PendingDeletion};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;
use tokio::time::error::Elapsed;

use crate::controllers::ingest_source::context::SourceContext;
use crate::controllers::run_status::active_runs_of;
use crate::workers::order::ingest_order;
use due::{Bounds, DueRecord};

/// Slices of one sweep. With the pause, at most 5,000 records a second, for 20 seconds.
const SLICES: usize = 100;
/// From the start of a slice to the start of the next one: a feed's own requests come first.
const PAUSE: Duration = Duration::from_millis(200);

/// Removes the records of a source that have expired, and returns how many. A source that was not reached recently is
/// skipped, and so are records that belong to another owner, and those that an audit compares at the moment.
pub async fn expire(source: &IngestSource, context: &SourceContext) -> Result<i64, ElasticError> {
    let retention = source.spec.ledger.as_ref().and_then(|ledger| ledger.retention);
    let counted = source.status.as_ref().and_then(|status| status.units).map_or(0, |units| units.expired);
    // Without a retention, but with one before, the last slice may be unfinished.
    if retention.is_none() && counted == 0 {
        return Ok(0);
    }
    let Some(clients) = context.clients.known(&source.uid().unwrap_or_default()) else { return Ok(0) };
    // An audit compares records with objects for as long as it runs.
    let runs = context.metrics.resources.ingest_runs.state();
    if active_runs_of(source, &runs).any(|run| run.spec.mode == IngestMode::Audit) {
        return Ok(0);
    }
    let order = ingest_order(source, &context.cluster_uid);
    let [units, heads] = order.unit_indices();
    let elastic = &clients.ledger_cluster;
    for index in [&units.name, &heads.name] {
        if elastic.ownership(index, &order.owner()).await? != Some(Ownership::Own) {
            return Ok(0);
        }
    }
    let now = Timestamp::now();
    let bounds = retention.map(|retention| Bounds::of(&retention, now)).unwrap_or_default();
    Expiry { elastic, units: &units.name, heads: &heads.name }.expire(&bounds).await
}

/// Tells of the expiry of a source's records.
pub fn report(source: &str, expired: Result<Result<i64, ElasticError>, Elapsed>) {
    match expired {
        Ok(Ok(0)) => {}
        Ok(Ok(records)) => tracing::info!(source, records, "removed records that have expired"),
        Ok(Err(error)) => {
            let error = with_causes(&error);
            tracing::warn!(
                source,
                error,
                "failed to remove records that have expired; the next sweep retries"
            );
        }
        Err(_) => {
            tracing::warn!(source, "removing records that have expired timed out; the next sweep continues");
        }
    }
}

/// The indices of a source from which records expire.
struct Expiry<'a> {
    elastic: &'a Elastic,
    units: &'a str,
    heads: &'a str,
}

/// The totals as they are stored.
struct Totals {
    record: ExpiredRecords,
    /// `None`: they have never been written.
    state: Option<ConcurrencyToken>,
}

impl Expiry<'_> {
    /// Removes records by these bounds, slice by slice, and returns how many were removed.
    async fn expire(&self, bounds: &Bounds) -> Result<i64, ElasticError> {
        let mut totals = self.totals().await?;
        let before = totals.record.total();
        let mut goes_on = self.settle(&mut totals).await?;
        let mut pause = tokio::time::interval(PAUSE);
        pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut after: Option<Value> = None;
        for _ in 0..SLICES {
            let Some(page) = bounds.page(after.as_ref()).filter(|_| goes_on) else { break };
            pause.tick().await;
            let answer = self.elastic.search(self.units, &page).await?;
            let Some((due, last)) = due::read_page(&answer) else { break };
            after = Some(last);
            let due = self.forget(self.stored(due, bounds).await?).await?;
            if !due.is_empty() {
                totals.record.pending = Some(bounds.pending(due));
                goes_on = self.store(&mut totals).await? && self.settle(&mut totals).await?;
            }
        }
        Ok(totals.record.total().saturating_sub(before))
    }

    async fn totals(&self) -> Result<Totals, ElasticError> {
        let Some(stored) = self.elastic.get(self.units, EXPIRED_ID).await? else {
            return Ok(Totals { record: ExpiredRecords::default(), state: None });
        };
        let record = serde_json::from_value(stored.source.into()).map_err(|_| {
            ElasticError::Unreadable(format!("the record {EXPIRED_ID} of {} is not of its form", self.units))
        })?;
        Ok(Totals { record, state: Some(stored.state) })
    }

    /// Writes the totals. Returns whether they are stored: `false` if another operator wrote them meanwhile.
    async fn store(&self, totals: &mut Totals) -> Result<bool, ElasticError> {
        let mut body = BulkBody::default();
        let address = Address { index: self.units, id: EXPIRED_ID };
        let source = json!(totals.record).to_string();
        body.push_compare_and_set(address, totals.state, source.as_bytes());
        if self.elastic.write_unless_changed(body).await? != [true] {
            return Ok(false);
        }
        *totals = self.totals().await?;
        Ok(true)
    }

    /// Deletes the records that are to be deleted, counts those that are gone, and stores the totals. Returns whether
    /// the totals are those that are stored.
    async fn settle(&self, totals: &mut Totals) -> Result<bool, ElasticError> {
        let Some(pending) = totals.record.pending.take() else { return Ok(true) };
        let PendingDeletion { superseded, removed, .. } = &pending;
        let ids: Vec<&str> = superseded.iter().chain(removed).map(String::as_str).collect();
        self.delete(&ids, &Bounds::of_pending(&pending)).await?;
        // What is there now was written since, and a deletion that arrives late does not concern it.
        let gone: Vec<bool> = self.read(&ids).await?.iter().map(Option::is_none).collect();
        let (of_superseded, of_removed) = gone.split_at(superseded.len().min(gone.len()));
        let record = &mut totals.record;
        record.superseded = record.superseded.saturating_add(count(of_superseded));
        record.removed = record.removed.saturating_add(count(of_removed));
        self.store(totals).await
    }

    /// Deletes those of these records that have expired, unless they change meanwhile.
    async fn delete(&self, ids: &[&str], bounds: &Bounds) -> Result<(), ElasticError> {
        let mut body = BulkBody::default();
        for (id, stored) in ids.iter().zip(self.read(ids).await?) {
            if let Some(stored) = stored.filter(|stored| bounds.are_past(&stored.source)) {
                body.push_delete_unless_changed(Address { index: self.units, id }, stored.state);
            }
        }
        self.elastic.write_unless_changed(body).await.map(drop)
    }

    /// Those of these records that are there as they were found: a search sees the ledger as it was some seconds ago, and
    /// what is gone was counted before.
    async fn stored(&self, due: Vec<DueRecord>, bounds: &Bounds) -> Result<Vec<DueRecord>, ElasticError> {
        let ids: Vec<&str> = due.iter().map(|due| due.id.as_str()).collect();
        let stored = self.read(&ids).await?;
        let found = due.into_iter().zip(stored);
        let found = found.filter_map(|(due, stored)| bounds.are_past(&stored?.source).then_some(due));
        Ok(found.collect())
    }

    async fn read(&self, ids: &[&str]) -> Result<Vec<Option<StoredDocument>>, ElasticError> {
        let addresses: Vec<_> = ids.iter().map(|id| Address { index: self.units, id }).collect();
        self.elastic.mget(&addresses, &due::FIELDS.map(str::to_owned)).await
    }

    /// Makes the heads forget the units of these records. Returns the records that can go: not those whose heads changed
    /// meanwhile, which a later sweep takes.
    async fn forget(&self, due: Vec<DueRecord>) -> Result<Vec<DueRecord>, ElasticError> {
        let by_head = heads::by_head(due);
        let addresses: Vec<_> = by_head.keys().map(|id| Address { index: self.heads, id }).collect();
        let stored = self.elastic.mget(&addresses, &[]).await?;
        let plans = by_head.into_iter().zip(stored);
        let plans = plans.filter_map(|((head, due), stored)| heads::plan(head, due, stored));
        let (mut free, mut named, mut body) = (Vec::new(), Vec::new(), BulkBody::default());
        for plan in plans {
            let Some((head, state)) = &plan.update else {
                free.extend(plan.due);
                continue;
            };
            let source = json!(head).to_string();
            let address = Address { index: self.heads, id: &plan.head };
            body.push_compare_and_set(address, Some(*state), source.as_bytes());
            named.push(plan.due);
        }
        let written = self.elastic.write_unless_changed(body).await?;
        free.extend(named.into_iter().zip(written).filter(|(_, written)| *written).flat_map(|(due, _)| due));
        Ok(free)
    }
}

fn count(gone: &[bool]) -> i64 {
    i64::try_from(gone.iter().filter(|gone| **gone).count()).unwrap_or(i64::MAX)
}
