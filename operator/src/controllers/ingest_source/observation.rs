//! What is known about a source at one moment, and how the ledger's answer is parsed. No I/O.

mod mended;

use std::cmp::Reverse;

use docmill_crds::api::ingest_source::{FailureCount, RepairCount};
use docmill_crds::reason::Reason;
use docmill_crds::records::units::{EXPIRED_ID, ExpiredRecords, UnitState};
use docmill_crds::untrusted_text::code;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::poll::PollRun;
use super::shared_queue::QUEUE_SHARED;
use super::worker::Worker;
use crate::outcome::not_ready::NotReady;

/// How many failure reasons the status lists.
const TOP_FAILURES: i64 = 5;
/// Units recorded within this many minutes are recent.
pub const RECENT_MINUTES: i64 = 5;

/// What is known about a source.
#[derive(Clone, Debug)]
pub struct SourceObservation {
    /// When it was observed.
    pub now: Timestamp,
    /// Whether everything that the spec names exists and is reachable.
    pub ready: Result<(), NotReady>,
    /// Digest of the conversion model, if there is a valid one.
    pub revision: Option<String>,
    /// The bucket of the raw objects, if the spec names one.
    pub bucket: Option<String>,
    /// Digest of what the connections state, if the source refers to any and may use all of them.
    pub connections_digest: Option<String>,
    /// Whether the source has a queue.
    pub has_queue: bool,
    /// Whether documents go into an index; otherwise they stay snapshots.
    pub has_index: bool,
    /// The queue, if it answered.
    pub queue: Option<QueueCounts>,
    /// The runs that the poll trigger created, oldest first.
    pub poll_runs: Vec<PollRun>,
    /// The ledger, if it answered.
    pub ledger: Option<LedgerCounts>,
    /// Fields that existing indices map in another way than the model; `None` if that is unknown.
    pub mapping_conflicts: Option<Vec<String>>,
    /// The workers, including those that ended recently.
    pub workers: Vec<Worker>,
    /// The store or model that throttled the workers at the last reconcile, if any.
    pub throttled_by: Option<String>,
    /// The throughput of one worker that was last measured, in units per second.
    pub known_rate: Option<i32>,
}

impl SourceObservation {
    /// Units that are known and not done: those in the queue or, without a queue, those that the poll
    /// trigger's run still has to process. `None` if the queue was not reached.
    pub fn pending(&self) -> Option<i64> {
        if self.has_queue {
            self.queue.map(QueueCounts::pending)
        } else {
            Some(self.poll_runs.iter().map(PollRun::remaining).fold(0, i64::saturating_add))
        }
    }

    /// Whether the poll trigger may create a run: also for a source with a shared queue, because a run does
    /// not read it.
    pub fn may_poll(&self) -> bool {
        self.ready.as_ref().err().is_none_or(|fault| fault.reason == QUEUE_SHARED)
    }

    /// Whether a run of the poll trigger is in progress.
    pub fn polls(&self) -> bool {
        self.poll_runs.iter().any(|run| run.complete.is_none())
    }
}

/// Notifications in the queue. SQS gives approximate numbers, and any server may pose as a queue: the numbers are at
/// least 0, and what is computed with them must not overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Visible, ready to be received.
    pub waiting: i64,
    /// In flight: received by a worker and not done yet.
    pub in_hand: i64,
    /// Delayed.
    pub delayed: i64,
}

impl QueueCounts {
    /// The total.
    pub fn pending(self) -> i64 {
        self.waiting.saturating_add(self.in_hand).saturating_add(self.delayed)
    }
}

/// Parses a number of notifications. What is no such number counts as none.
pub fn read_count(text: &str) -> i64 {
    text.parse().map_or(0, |count: i64| count.max(0))
}

/// The units in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerCounts {
    /// Units whose documents are in the index.
    pub indexed: i64,
    /// Units whose documents are snapshots only.
    pub converted: i64,
    /// Units that failed.
    pub failed: i64,
    /// Units that were skipped, with those whose records have expired.
    pub skipped: i64,
    /// Skipped units whose records retention has removed.
    pub expired: i64,
    /// The most frequent reasons of failed units, most frequent first.
    pub top_failures: Vec<FailureCount>,
    /// What was mended in the last day, most frequent first.
    pub repairs: Vec<RepairCount>,
    /// When a unit was last recorded as indexed or converted.
    pub last_success: Option<Timestamp>,
    /// The newest record of all.
    pub newest: Option<NewestRecord>,
    /// The recent units.
    pub recent: RecentUnits,
}

/// The units that were recorded within [`RECENT_MINUTES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentUnits {
    /// The total.
    pub recorded: i64,
    /// Those that failed.
    pub failed: i64,
    /// Notifications of another bucket, which are among those that failed.
    pub foreign: i64,
    /// The most frequent reason.
    pub reason: Option<String>,
}

/// The newest record of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewestRecord {
    /// When it was written.
    pub recorded: Timestamp,
    /// Milliseconds from the arrival of the object until then.
    pub lag_millis: Option<i64>,
}

/// The single search for everything that a status needs from the ledger.
pub fn ledger_query() -> Value {
    json!({
        "size": 1,
        "track_total_hits": false,
        "sort": [{"recordedTime": {"order": "desc", "unmapped_type": "date"}}],
        "_source": ["recordedTime", "lagMillis"],
        "aggs": {
            "states": {"terms": {"field": "state", "size": 10}},
            "failed": {
                "filter": {"term": {"state": UnitState::Failed}},
                "aggs": {"reasons": {"terms": {"field": "reason", "size": TOP_FAILURES}}},
            },
            "good": {
                "filter": {"terms": {"state": [UnitState::Indexed, UnitState::Converted]}},
                "aggs": {"last": {"max": {"field": "recordedTime"}}},
            },
            "expired": {
                "filter": {"ids": {"values": [EXPIRED_ID]}},
                "aggs": {"record": {"top_hits": {"size": 1, "_source": ["superseded", "removed"]}}},
            },
            "mended": mended::aggregation(),
            "recent": {
                "filter": {"range": {"recordedTime": {"gte": format!("now-{RECENT_MINUTES}m")}}},
                "aggs": {
                    "failed": {
                        "filter": {"term": {"state": UnitState::Failed}},
                        "aggs": {"reasons": {"terms": {"field": "reason", "size": 1}}},
                    },
                    "foreign": {"filter": {"term": {"reason": Reason::ForeignNotification}}},
                },
            },
        },
    })
}

/// Parses the answer to [`ledger_query`]. A ledger that does not exist yet yields zeros.
pub fn read_ledger(answer: &Value) -> LedgerCounts {
    let states = buckets(answer, "/aggregations/states/buckets");
    let of = |state: UnitState| {
        states.iter().find(|(key, _)| key == state.as_str()).map_or(0, |(_, count)| *count)
    };
    let reasons = buckets(answer, "/aggregations/failed/reasons/buckets");
    let last_success = answer.pointer("/aggregations/good/last/value").and_then(Value::as_f64);
    let expired = expired(answer);
    LedgerCounts {
        indexed: of(UnitState::Indexed),
        converted: of(UnitState::Converted),
        failed: of(UnitState::Failed),
        skipped: of(UnitState::Skipped).saturating_add(expired),
        expired,
        top_failures: top_failures(reasons),
        repairs: mended::read(answer.pointer("/aggregations/mended")),
        last_success: last_success.and_then(from_millis),
        newest: answer.pointer("/hits/hits/0/_source").and_then(newest),
        recent: recent(answer),
    }
}

/// How many records have expired. The totals are one record among those that they count.
fn expired(answer: &Value) -> i64 {
    let totals = answer.pointer("/aggregations/expired/record/hits/hits/0/_source");
    let totals = totals.and_then(|totals| serde_json::from_value::<ExpiredRecords>(totals.clone()).ok());
    totals.map_or(0, |totals| totals.total().max(0))
}

fn recent(answer: &Value) -> RecentUnits {
    let count = |pointer: &str| answer.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    let reasons = buckets(answer, "/aggregations/recent/failed/reasons/buckets");
    RecentUnits {
        recorded: count("/aggregations/recent/doc_count"),
        failed: count("/aggregations/recent/failed/doc_count"),
        foreign: count("/aggregations/recent/foreign/doc_count"),
        reason: reasons.into_iter().next().map(|(reason, _)| known_reason(&reason)),
    }
}

/// The reasons with their counts, the most frequent first. All that cannot be ours count as one, since each is a series of the metrics.
fn top_failures(reasons: Vec<(String, i64)>) -> Vec<FailureCount> {
    let mut failures: Vec<FailureCount> = Vec::new();
    for (reason, count) in reasons {
        let reason = known_reason(&reason);
        match failures.iter_mut().find(|known| known.reason == reason) {
            Some(known) => known.count = known.count.saturating_add(count),
            None => failures.push(FailureCount { reason, count }),
        }
    }
    failures.sort_by_key(|failure| Reverse(failure.count));
    failures
}

/// A reason from the ledger, if it can be one of ours.
fn known_reason(reason: &str) -> String {
    code(reason).unwrap_or("Unknown").to_owned()
}

fn buckets(answer: &Value, pointer: &str) -> Vec<(String, i64)> {
    let list = answer.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let bucket =
        |bucket: &Value| Some((bucket.get("key")?.as_str()?.to_owned(), bucket.get("doc_count")?.as_i64()?));
    list.iter().filter_map(bucket).collect()
}

fn newest(source: &Value) -> Option<NewestRecord> {
    let recorded = source.get("recordedTime")?.as_str()?.parse().ok()?;
    Some(NewestRecord { recorded, lag_millis: source.get("lagMillis").and_then(Value::as_i64) })
}

/// Aggregations return times as floating-point milliseconds, exact up to the year 280,000.
#[allow(clippy::cast_possible_truncation, reason = "milliseconds of our time are far below 2^53")]
fn from_millis(millis: f64) -> Option<Timestamp> {
    Timestamp::from_millisecond(millis as i64).ok()
}
