//! The poll trigger: which IngestRun to create for a source now, and which ended ones to delete. Pure.
//! The name of a run follows from its predecessor, so a reconcile that does not see yet what an earlier one
//! created cannot create it again. The newest run is always kept: its start determines when the next one is
//! due.

use std::sync::Arc;
use std::time::Duration;

use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::api::ingest_source::{History, IngestSourceSpec};
use docmill_crds::contract::label;
use docmill_crds::digest::hex;
use docmill_crds::{IngestRun, IngestRunSpec, IngestSource};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::core::DeserializeGuard;
use kube::{Resource as _, ResourceExt as _};
use sha2::{Digest as _, Sha256};

use crate::controllers::{ingest_run, run_status};
use crate::outcome::requeue::elapsed;
use crate::workers::worker_pod;

/// Maximum length of a run's name.
const NAME_CHARS: usize = 52;
/// Maximum number of concurrent pods of a run.
const MOST_PARALLEL: i32 = 100;
/// How soon a source is looked at again for its next run.
const SOONEST: Duration = Duration::from_secs(5);
/// Digits that distinguish the runs of a source.
const NAME_DIGITS: usize = 10;

/// A run that the poll trigger created.
#[derive(Clone, Debug, PartialEq)]
pub struct PollRun {
    /// The resource.
    pub run: IngestRun,
    /// When it was created.
    pub created: Timestamp,
    /// Whether it completed (`true`) or failed (`false`), if it has ended.
    pub complete: Option<bool>,
}

impl PollRun {
    /// Units that it still has to process; 0 once it has ended, and as long as the number is not known.
    pub fn remaining(&self) -> i64 {
        let status = self.run.status.as_ref().filter(|_| self.complete.is_none());
        status.and_then(ingest_run::remaining).unwrap_or(0)
    }
}

/// The runs that the poll trigger created for a source, oldest first.
pub fn read(source: &IngestSource, runs: &[Arc<DeserializeGuard<IngestRun>>]) -> Vec<PollRun> {
    let uid = source.uid();
    let ours = |run: &&IngestRun| {
        uid.is_some() && run.owner_references().iter().any(|owner| Some(&owner.uid) == uid.as_ref())
    };
    let readable = runs.iter().filter_map(|guard| guard.0.as_ref().ok());
    let mut runs: Vec<PollRun> = readable.filter(ours).map(poll_run).collect();
    runs.sort_by_key(|run| run.created);
    runs
}

fn poll_run(run: &IngestRun) -> PollRun {
    let conditions = run.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let complete = run_status::outcome(conditions);
    PollRun {
        run: run.clone(),
        created: run.creation_timestamp().map_or(Timestamp::MIN, |time| time.0),
        complete,
    }
}

/// What to do for the poll trigger now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PollPlan {
    /// The run to create.
    pub start: Option<IngestRun>,
    /// The ended runs to delete.
    pub delete: Vec<IngestRun>,
}

/// Plans the runs. `may_start` is false for a source that is suspended or not ready.
pub fn plan(source: &IngestSource, runs: &[PollRun], may_start: bool, now: Timestamp) -> PollPlan {
    let start = may_start && is_due(&source.spec, runs, now);
    PollPlan {
        start: start.then(|| make(source, runs.last())),
        delete: outdated(&source.spec.history, runs).cloned().collect(),
    }
}

fn is_due(spec: &IngestSourceSpec, runs: &[PollRun], now: Timestamp) -> bool {
    let Some(poll) = &spec.trigger.poll else { return false };
    let interval = SignedDuration::from_secs(i64::from(poll.interval_seconds));
    let idle = runs.iter().all(|run| run.complete.is_some());
    idle && runs.last().is_none_or(|last| now.duration_since(last.created) >= interval)
}

/// How long until the next run is due, if the source has the poll trigger: at least [`SOONEST`], because a run that is
/// due may have to wait for its predecessor.
pub fn due_in(source: &IngestSource, runs: &[PollRun], now: Timestamp) -> Option<Duration> {
    let poll = source.spec.trigger.poll.as_ref()?;
    let interval = Duration::from_secs(u64::try_from(poll.interval_seconds).ok()?);
    let since_last = runs.last().map_or(interval, |last| elapsed(last.created, now));
    Some(interval.saturating_sub(since_last).max(SOONEST))
}

/// The ended runs beyond the history limits, except the newest run.
fn outdated<'a>(history: &History, runs: &'a [PollRun]) -> impl Iterator<Item = &'a IngestRun> {
    let older = &runs[..runs.len().saturating_sub(1)];
    let beyond = |complete: bool, limit: i32| {
        // The newest run counts towards the limit, though it is always kept.
        let counted = usize::from(runs.last().is_some_and(|run| run.complete == Some(complete)));
        let kept = usize::try_from(limit).unwrap_or(0).saturating_sub(counted);
        older.iter().rev().filter(move |run| run.complete == Some(complete)).skip(kept)
    };
    let complete = beyond(true, history.successful_runs_history_limit);
    let failed = beyond(false, history.failed_runs_history_limit);
    complete.chain(failed).map(|run| &run.run).filter(|run| run.metadata.deletion_timestamp.is_none())
}

/// The run that follows `predecessor`.
fn make(source: &IngestSource, predecessor: Option<&PollRun>) -> IngestRun {
    let mut labels = worker_pod::common_labels();
    labels.insert(label::SOURCE.to_owned(), source.name_any());
    labels.insert(label::TRIGGER.to_owned(), ingest_run::POLL.to_owned());
    let parallelism = source.spec.workers.max.clamp(1, MOST_PARALLEL);
    let spec = IngestRunSpec { parallelism, ..IngestRunSpec::of(source.name_any(), IngestMode::Process) };
    let mut run = IngestRun::new(&name(source, predecessor), spec);
    run.metadata.namespace = source.namespace();
    run.metadata.labels = Some(labels);
    run.metadata.owner_references = source.controller_owner_ref(&()).map(|owner| vec![owner]);
    run
}

fn name(source: &IngestSource, predecessor: Option<&PollRun>) -> String {
    let mut hash = Sha256::new();
    for part in
        [source.uid().unwrap_or_default(), predecessor.and_then(|run| run.run.uid()).unwrap_or_default()]
    {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digits = &hex(&hash.finalize())[..NAME_DIGITS];
    // Names of resources are ASCII.
    let mut stem = source.name_any();
    stem.truncate(NAME_CHARS - NAME_DIGITS - 1);
    format!("{}-{digits}", stem.trim_end_matches(['-', '.']))
}
