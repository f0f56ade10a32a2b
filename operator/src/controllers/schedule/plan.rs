//! What to do for a schedule now. Pure: the same observation yields the same plan.

use docmill_crds::api::schedule::ConcurrencyPolicy;
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;

use super::kind::ScheduleKind;
use super::observation::{ScheduleObservation, ScheduledRun};
use super::times::Times;

/// Missed times are counted up to this number.
pub const MOST_COUNTED: usize = 100;

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulePlan<R> {
    /// What to do about the time that is due, if there is one.
    pub due: Due<R>,
    /// Ended runs beyond the limits of the history.
    pub outdated: Vec<R>,
    /// The next scheduled time; `None` if the schedule is suspended or invalid.
    pub next: Option<Timestamp>,
}

/// What to do about the time that is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Due<R> {
    /// No time is due.
    Nothing,
    /// Create a run for it. `missed`: earlier times without a run, counted up to [`MOST_COUNTED`].
    Create {
        /// The time.
        time: Timestamp,
        /// How many earlier times had no run.
        missed: usize,
    },
    /// `Forbid`: it waits until these runs have ended.
    Hold {
        /// The time.
        time: Timestamp,
        /// The runs that have not ended, in words.
        active: Vec<String>,
    },
    /// `Replace`: these runs are deleted; it waits until all active runs are gone.
    Replace {
        /// The time.
        time: Timestamp,
        /// The active runs that are not being deleted yet.
        runs: Vec<R>,
    },
    /// It has missed its deadline.
    TooLate {
        /// The time.
        time: Timestamp,
    },
}

impl<R> SchedulePlan<R> {
    /// Whether it changes anything. Then it has to be based on the API server itself, not on views.
    pub fn acts(&self) -> bool {
        let due = match &self.due {
            Due::Create { .. } => true,
            Due::Replace { runs, .. } => !runs.is_empty(),
            Due::Nothing | Due::Hold { .. } | Due::TooLate { .. } => false,
        };
        due || !self.outdated.is_empty()
    }
}

/// Plans what to do for a schedule.
pub fn plan<S: ScheduleKind>(schedule: &S, seen: &ScheduleObservation<S::Run>) -> SchedulePlan<S::Run> {
    let times = seen.times.as_ref().ok().filter(|_| !schedule.settings().suspend);
    SchedulePlan {
        due: times.map_or(Due::Nothing, |times| due(schedule, seen, times)),
        outdated: outdated(schedule, &seen.runs),
        next: times.and_then(|times| times.next(seen.now)),
    }
}

fn due<S: ScheduleKind>(schedule: &S, seen: &ScheduleObservation<S::Run>, times: &Times) -> Due<S::Run> {
    let settings = schedule.settings();
    let since = handled_until(schedule, &seen.runs);
    let Some(time) = times.latest(since, seen.now) else { return Due::Nothing };
    let late = seen.now.duration_since(time);
    let deadline = settings.starting_deadline_seconds.map(SignedDuration::from_secs);
    if deadline.is_some_and(|deadline| late > deadline) {
        return Due::TooLate { time };
    }
    let active: Vec<&ScheduledRun<S::Run>> = seen.runs.iter().filter(|run| run.is_active()).collect();
    match settings.concurrency_policy {
        ConcurrencyPolicy::Forbid if !active.is_empty() => {
            Due::Hold { time, active: active.iter().map(|run| run.described()).collect() }
        }
        ConcurrencyPolicy::Replace if !active.is_empty() => {
            let runs = active.into_iter().filter(|run| !run.is_going()).map(|run| run.run.clone());
            Due::Replace { time, runs: runs.collect() }
        }
        ConcurrencyPolicy::Allow | ConcurrencyPolicy::Forbid | ConcurrencyPolicy::Replace => {
            Due::Create { time, missed: times.count(since, time, MOST_COUNTED + 1).saturating_sub(1) }
        }
    }
}

/// Times up to this one had their run, or are before the creation of the schedule.
fn handled_until<S: ScheduleKind>(schedule: &S, runs: &[ScheduledRun<S::Run>]) -> Timestamp {
    let recorded = last_scheduled(schedule);
    let made = runs.last().map(|run| run.scheduled);
    let created = schedule.creation_timestamp().map(|time| time.0);
    [recorded, made, created].into_iter().flatten().max().unwrap_or(Timestamp::MAX)
}

/// The ended runs beyond the history limits, oldest first. A run whose time the status does not have yet
/// stays: without either, its time would seem to have had no run.
fn outdated<S: ScheduleKind>(schedule: &S, runs: &[ScheduledRun<S::Run>]) -> Vec<S::Run> {
    let Some(recorded) = last_scheduled(schedule) else { return Vec::new() };
    let settings = schedule.settings();
    let beyond = |complete: bool, limit: i32| {
        let kept = usize::try_from(limit).unwrap_or(0);
        runs.iter().rev().filter(move |run| run.complete == Some(complete)).skip(kept)
    };
    let complete = beyond(true, settings.successful_runs_history_limit);
    let failed = beyond(false, settings.failed_runs_history_limit);
    let mut gone: Vec<&ScheduledRun<S::Run>> =
        complete.chain(failed).filter(|run| !run.is_going() && run.scheduled <= recorded).collect();
    gone.sort_by_key(|run| run.scheduled);
    gone.into_iter().map(|run| run.run.clone()).collect()
}

/// `status.lastScheduleTime`.
fn last_scheduled<S: ScheduleKind>(schedule: &S) -> Option<Timestamp> {
    schedule.status()?.last_schedule_time.as_ref().map(|time| time.0)
}
