//! What a user sees of a source: status and Events. Also its requeue time. Pure.
//! Conditions: each has a function here that returns its [`ConditionUpdate`], and [`status`] collects them. To add
//! one, add its type to [`condition_type`], its function, and its place in [`status`].

use std::collections::BTreeMap;
use std::time::Duration;

use docmill_crds::IngestSourceStatus;
use docmill_crds::api::ingest_source::{UnitCounts, WorkerCounts};
use docmill_crds::contract::{IndexTrouble, StoreProblem, StoreProblemReason};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

use super::observation::{RECENT_MINUTES, SourceObservation};
use super::plan::{SourcePlan, active_count, latest_failure, throughput};
use super::rest;
use super::rest::pace::{self, Pace};
use super::worker::{WorkerState, worker_statuses};
use crate::k8s::apply::Event;
use crate::outcome::conditions::{self, ConditionUpdate, condition_type};
use crate::outcome::requeue;
use crate::workers::backpressure;

/// Requeue interval while there is work.
const BUSY: Duration = Duration::from_secs(2);
/// An index that has been read-only for this long does not become writable by itself.
const READ_ONLY_SECONDS: i64 = 300;
/// Fewer units than this do not indicate a general fault.
const JUDGED_UNITS: i64 = 10;

/// The status after a reconcile. What could not be observed stays unchanged. `refused` is why the API server
/// rejected the plan, for example a quota.
pub fn status(
    old: &IngestSourceStatus,
    suspend: bool,
    generation: Option<i64>,
    seen: &SourceObservation,
    plan: &SourcePlan,
    refused: Option<&str>,
) -> IngestSourceStatus {
    let mut updates =
        vec![ready(seen), progressing(suspend, seen), throttled(old, seen), degraded(old, seen, refused)];
    updates.extend(suspended(&old.conditions, suspend));
    let conditions = conditions::build(&old.conditions, updates, generation, seen.now);
    let ledger = seen.ledger.as_ref();
    IngestSourceStatus {
        observed_generation: generation,
        revision: seen.revision.clone(),
        bucket: seen.bucket.clone(),
        connections_digest: seen.connections_digest.clone(),
        units: units(old, seen),
        top_failures: ledger.map_or_else(|| old.top_failures.clone(), |ledger| ledger.top_failures.clone()),
        repairs: ledger.map_or_else(|| old.repairs.clone(), |ledger| ledger.repairs.clone()),
        workers: Some(WorkerCounts {
            active: active_count(&seen.workers),
            desired: plan.desired,
            message: plan.message.clone(),
            units_per_second: throughput::known_rate(&seen.workers)
                .or_else(|| old.workers.as_ref()?.units_per_second),
        }),
        lag_seconds: lag_seconds(seen, &conditions).or(old.lag_seconds),
        last_ingest_time: match ledger {
            Some(ledger) => ledger.last_success.map(Time),
            None => old.last_ingest_time.clone(),
        },
        conditions,
    }
}

fn ready(seen: &SourceObservation) -> ConditionUpdate {
    match &seen.ready {
        Ok(()) => ConditionUpdate::new(
            condition_type::READY,
            true,
            "Reachable",
            format!(
                "{}buckets and {} exist and are reachable",
                if seen.has_queue { "queue, " } else { "" },
                if seen.has_index { "index" } else { "ledger" },
            ),
        ),
        Err(fault) => ConditionUpdate::new(condition_type::READY, false, fault.reason, fault.message.clone()),
    }
}

fn progressing(suspend: bool, seen: &SourceObservation) -> ConditionUpdate {
    let update = |is_true, reason, message: &str| {
        ConditionUpdate::new(condition_type::PROGRESSING, is_true, reason, message)
    };
    if !seen.has_queue {
        return if seen.polls() {
            update(true, "Polling", "a run of the poll trigger is in progress; see its IngestRun")
        } else {
            update(false, "NoBacklog", "no run of the poll trigger is in progress")
        };
    }
    let Some(queue) = seen.queue else {
        return update(
            false,
            "QueueUnknown",
            "the backlog is unknown, because not all stores were reached; see the condition Ready",
        );
    };
    if queue.pending() == 0 {
        return update(false, "NoBacklog", "the queue is empty");
    }
    match (suspend, active_count(&seen.workers)) {
        (true, _) => update(true, "Suspended", "there is a backlog, but spec.suspend is true"),
        (false, 0) => update(true, "WaitingForWorkers", "there is a backlog, but no worker yet"),
        (false, _) => update(true, "WorkersActive", "workers are processing units from the queue"),
    }
}

/// The condition becomes False only if it existed before.
fn suspended(old: &[Condition], suspend: bool) -> Option<ConditionUpdate> {
    let (reason, message) = if suspend {
        (
            "Suspended",
            "spec.suspend is true, so no workers start; the longer this lasts, the less often the status is \
             updated; set it to false to resume",
        )
    } else {
        ("Resumed", "spec.suspend is false")
    };
    conditions::once_true(old, ConditionUpdate::new(condition_type::SUSPENDED, suspend, reason, message))
}

fn throttled(old: &IngestSourceStatus, seen: &SourceObservation) -> ConditionUpdate {
    let worker_statuses: Vec<_> = worker_statuses(&seen.workers).collect();
    let has_backlog = seen.queue.is_none_or(|queue| queue.pending() > 0);
    backpressure::throttled(&old.conditions, &worker_statuses, has_backlog)
}

/// What a person has to fix before workers can continue.
fn to_mend(seen: &SourceObservation) -> Option<ConditionUpdate> {
    let read_only_advice = |store_problem: &StoreProblem| {
        let since = store_problem.since.parse::<Timestamp>().ok()?;
        (store_problem.reason == StoreProblemReason::ReadOnly
            && seen.now.duration_since(since).as_secs() >= READ_ONLY_SECONDS)
            .then_some("free disk space, or remove the block from the index")
    };
    let advice = |store_problem: &StoreProblem| match store_problem.reason {
        StoreProblemReason::AccessDenied => Some("check the credentials and their permissions"),
        StoreProblemReason::NotFound => Some("create what is missing, or correct its name"),
        StoreProblemReason::Refused => Some("correct the settings or the store's limits"),
        _ => read_only_advice(store_problem),
    };
    backpressure::longest_first(worker_statuses(&seen.workers)).into_iter().find_map(|store_problem| {
        let reason = format!("{}{}", store_problem.by.as_str(), store_problem.reason.as_str());
        let message = format!("{}; {}", backpressure::in_words(store_problem), advice(store_problem)?);
        Some(ConditionUpdate::new(condition_type::DEGRADED, true, reason, message))
    })
}

/// Units that wait for an index, by the index's trouble.
fn held(seen: &SourceObservation) -> BTreeMap<IndexTrouble, u64> {
    let mut units = BTreeMap::new();
    for held in worker_statuses(&seen.workers).flat_map(|status| &status.held) {
        let sum: &mut u64 = units.entry(held.trouble).or_default();
        *sum = sum.saturating_add(held.units);
    }
    units
}

/// Units wait for an index, while other units continue. Without numbers, so that it does not change with each
/// unit: those are in `units.held`. While nobody knows and there is work, it stays unchanged.
fn units_wait(old: &IngestSourceStatus, seen: &SourceObservation) -> Option<ConditionUpdate> {
    let held = held(seen);
    let Some(worst) = held.keys().next() else {
        let previous = conditions::find(&old.conditions, condition_type::DEGRADED)?;
        let nobody_knows = backpressure::nobody_knows(worker_statuses(&seen.workers));
        let has_pending = seen.queue.is_some_and(|queue| queue.pending() > 0);
        let stays = nobody_knows && has_pending && INDEX_REASONS.contains(&previous.reason.as_str());
        return stays.then(|| {
            ConditionUpdate::new(
                condition_type::DEGRADED,
                true,
                previous.reason.clone(),
                previous.message.clone(),
            )
        });
    };
    let (reason, message) = by_trouble(*worst);
    let rest = "other units continue; the worker log has the index and Elasticsearch's message";
    Some(ConditionUpdate::new(condition_type::DEGRADED, true, reason, format!("{message}; {rest}")))
}

/// Reasons of `Degraded` when units wait for an index.
const INDEX_REASONS: [&str; 2] = ["IndexBlocked", "IndexHeld"];

const fn by_trouble(trouble: IndexTrouble) -> (&'static str, &'static str) {
    match trouble {
        IndexTrouble::Blocked => (
            "IndexBlocked",
            "units wait for an index that is blocked or closed, or names an ingest pipeline that does not exist: open it to writes \
             or create the pipeline, or they fail with IndexBlocked after index.blockedPatienceSeconds and can be replayed",
        ),
        IndexTrouble::NotCreated => (
            "IndexBlocked",
            "units wait for an index that the cluster refuses to create (shard limit, template or automatic \
             creation): fix that, or they fail with IndexBlocked after index.blockedPatienceSeconds and can be replayed",
        ),
        IndexTrouble::DiskFull => ("IndexHeld", "units wait for an index on a full disk: free disk space"),
        IndexTrouble::Unavailable => {
            ("IndexHeld", "units wait for an index without its primary shard: check its health")
        }
        IndexTrouble::Denied => {
            ("IndexHeld", "units wait for an index for which the credentials lack privileges: grant them")
        }
        IndexTrouble::Slow => {
            ("IndexHeld", "units wait for an index that answers much more slowly than others")
        }
    }
}

fn degraded(old: &IngestSourceStatus, seen: &SourceObservation, refused: Option<&str>) -> ConditionUpdate {
    if let Some(refused) = refused {
        return ConditionUpdate::new(condition_type::DEGRADED, true, "JobsRefused", refused);
    }
    if let Some((_, message, permanent)) = latest_failure(&seen.workers) {
        let reason = if permanent { "WorkOrderRefused" } else { "WorkersFail" };
        return ConditionUpdate::new(
            condition_type::DEGRADED,
            true,
            reason,
            format!("the last worker failed: {message}"),
        );
    }
    if let Some(update) = to_mend(seen).or_else(|| units_wait(old, seen)) {
        return update;
    }
    let obstacle = seen.workers.iter().find_map(|worker| match &worker.state {
        WorkerState::Active { obstacle: Some(obstacle) } => {
            Some(format!("the worker {}: {obstacle}", worker.job))
        }
        _ => None,
    });
    if let Some(obstacle) = obstacle {
        return ConditionUpdate::new(condition_type::DEGRADED, true, "WorkersDoNotStart", obstacle);
    }
    let warning = foreign_notifications(seen).or_else(|| most_units_fail(seen));
    warning.or_else(|| mapping_conflict(old, seen)).unwrap_or_else(|| {
        ConditionUpdate::new(condition_type::DEGRADED, false, "AsExpected", "no worker has failed recently")
    })
}

/// Existing indices keep another mapping of some fields; documents are indexed all the same. While that is
/// unknown, the condition stays unchanged.
fn mapping_conflict(old: &IngestSourceStatus, seen: &SourceObservation) -> Option<ConditionUpdate> {
    const REASON: &str = "MappingConflict";
    let update = |message| ConditionUpdate::new(condition_type::DEGRADED, true, REASON, message);
    let Some(fields) = &seen.mapping_conflicts else {
        let previous = conditions::find(&old.conditions, condition_type::DEGRADED)?;
        return (previous.reason == REASON).then(|| update(previous.message.clone()));
    };
    (!fields.is_empty()).then(|| {
        update(format!(
            "existing indices keep their own mapping of these fields, which cannot be changed in place: {}; documents \
             are indexed all the same, and new indices have the model's mapping; reindex the old ones, or delete them \
             and have an IngestRun of mode Audit with repair: true fill them again from the snapshots; the worker log \
             has Elasticsearch's message",
            fields.join(", ")
        ))
    })
}

/// One or two notifications of another bucket are an accident; many, or only such, come from a setting. The
/// name of the other bucket belongs in the log and the errors bucket.
fn foreign_notifications(seen: &SourceObservation) -> Option<ConditionUpdate> {
    let recent = &seen.ledger.as_ref()?.recent;
    let many = recent.foreign >= JUDGED_UNITS || recent.foreign.saturating_mul(2) > recent.recorded;
    (many && recent.foreign > 0).then(|| {
        let message = "the queue delivers notifications of a bucket other than spec.raw.bucket; they are kept in the errors \
             bucket under messages/, and their objects are not ingested: correct spec.raw.bucket (the bucket's own name, \
             which notifications have, not an access point's alias or ARN), or give the other bucket another queue";
        ConditionUpdate::new(condition_type::DEGRADED, true, "ForeignNotifications", message)
    })
}

/// Documents fail one by one; if most of them do, the feed or the model is wrong. Without numbers, so that it
/// does not change with each unit: those are in `topFailures`.
fn most_units_fail(seen: &SourceObservation) -> Option<ConditionUpdate> {
    let recent = &seen.ledger.as_ref()?.recent;
    let most_failed = recent.recorded >= JUDGED_UNITS && recent.failed.saturating_mul(2) > recent.recorded;
    let reason = recent.reason.as_deref().filter(|_| most_failed)?;
    let message = format!(
        "most units of the last {RECENT_MINUTES} minutes failed, most often with reason {reason}; the errors \
         bucket has each object with its faults: correct spec.conversion or what feeds the bucket, then replay \
         them with an IngestRun of mode Replay"
    );
    Some(ConditionUpdate::new(condition_type::DEGRADED, true, "MostUnitsFail", message))
}

fn units(old: &IngestSourceStatus, seen: &SourceObservation) -> Option<UnitCounts> {
    let pending = seen.pending().or(old.units.map(|units| units.pending))?;
    let held = held(seen).into_values().fold(0, u64::saturating_add);
    let held = i64::try_from(held).unwrap_or(i64::MAX);
    match &seen.ledger {
        Some(ledger) => Some(UnitCounts {
            pending,
            indexed: ledger.indexed,
            converted: ledger.converted,
            held,
            failed: ledger.failed,
            skipped: ledger.skipped,
            expired: ledger.expired,
        }),
        None => old.units.map(|units| UnitCounts { pending, held, ..units }),
    }
}

/// The lag of the newest record, plus the time since then. A record from before the current backlog says
/// nothing about it: then the age of the backlog is the lag.
fn lag_seconds(seen: &SourceObservation, conditions: &[Condition]) -> Option<i64> {
    if seen.pending()? == 0 {
        return Some(0);
    }
    let backlog_since = conditions::last_change(conditions, condition_type::PROGRESSING).unwrap_or(seen.now);
    let seconds = |since: Timestamp| seen.now.duration_since(since).as_secs().max(0);
    let newest = seen.ledger.as_ref()?.newest.filter(|newest| newest.recorded >= backlog_since);
    Some(newest.map_or_else(
        || seconds(backlog_since),
        |newest| newest.lag_millis.unwrap_or(0).max(0) / 1000 + seconds(newest.recorded),
    ))
}

/// Events for the changes since the last reconcile that a person should see.
pub fn events(old: &IngestSourceStatus, new: &IngestSourceStatus) -> Vec<Event> {
    let watched = [
        (condition_type::READY, "True"),
        (condition_type::THROTTLED, "False"),
        (condition_type::DEGRADED, "False"),
    ];
    let changed = watched.into_iter().filter_map(|(condition_type, good_status)| {
        let current = conditions::find(&new.conditions, condition_type)?;
        let previous = conditions::find(&old.conditions, condition_type);
        let is_same = previous.is_some_and(|previous| {
            (&previous.status, &previous.reason) == (&current.status, &current.reason)
        });
        // A new source that is not throttled or degraded is not worth an Event.
        let is_news = !is_same
            && (previous.is_some()
                || condition_type == condition_type::READY
                || current.status != good_status);
        is_news.then(|| Event {
            warning: current.status != good_status,
            reason: current.reason.clone(),
            action: "Observe",
            text: current.message.clone(),
        })
    });
    changed.collect()
}

/// One Event for all workers that were started.
pub fn started(count: usize, plan: &SourcePlan) -> Option<Event> {
    let workers = if count == 1 { "a worker".to_owned() } else { format!("{count} workers") };
    (count > 0).then(|| Event {
        warning: false,
        reason: "WorkersStarted".to_owned(),
        action: "StartWorkers",
        text: format!("started {workers}: {}", plan.message),
    })
}

/// When to requeue the source.
pub fn requeue_after(
    suspend: bool,
    uid: &str,
    seen: &SourceObservation,
    new: &IngestSourceStatus,
    pace: &Pace,
) -> Duration {
    if suspend {
        let since = conditions::last_change(&new.conditions, condition_type::SUSPENDED);
        return requeue::jitter(rest::interval(since, seen.now, pace.suspended), uid, seen.now);
    }
    if let Err(fault) = &seen.ready {
        let since = conditions::last_change(&new.conditions, condition_type::READY);
        let retry = requeue::retry_after(since, seen.now, fault.class, uid);
        return retry.max(requeue::jitter(pace.not_ready, uid, seen.now));
    }
    let has_pending = seen.pending().is_some_and(|pending| pending > 0);
    let is_busy = has_pending || active_count(&seen.workers) > 0;
    let idle_for = pace::idle_since(new).map(|since| requeue::elapsed(since, seen.now));
    let pause = if is_busy { BUSY } else { pace.poll_interval(idle_for.unwrap_or_default()) };
    requeue::jitter(pause, uid, seen.now)
}
