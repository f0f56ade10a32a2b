//! What a user sees of a schedule: status and Events. Also its requeue time. Pure.

use std::time::Duration;

use docmill_crds::ScheduleStatus;
use docmill_crds::api::schedule::ActiveRun;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::kind::ScheduleKind;
use super::observation::{ScheduleObservation, ScheduledRun};
use super::plan::{Due, MOST_COUNTED, SchedulePlan};
use super::run;
use crate::controllers::run_controller::Run;
use crate::controllers::run_status::event;
use crate::k8s::apply::Event;
use crate::outcome::conditions::{self, ConditionUpdate, condition_type};
use crate::outcome::not_ready::NotReady;
use crate::outcome::requeue as pauses;

/// The longest requeue interval. A running timer does not follow a change of the clock, and a year is too
/// long for a timer.
const LONGEST: Duration = Duration::from_hours(1);

/// The result of carrying out a plan.
#[derive(Clone, Debug, Default)]
pub struct ApplyOutcome {
    /// The time for which there is a run now.
    pub created_for: Option<Timestamp>,
    /// Why a run could not be created.
    pub refused: Option<NotReady>,
}

/// The status after a reconcile.
pub fn status<S: ScheduleKind>(
    schedule: &S,
    seen: &ScheduleObservation<S::Run>,
    plan: &SchedulePlan<S::Run>,
    outcome: &ApplyOutcome,
) -> ScheduleStatus {
    let old = schedule.status().cloned().unwrap_or_default();
    let generation = schedule.meta().generation;
    // A run that was just created follows in the next reconcile, which its creation triggers.
    let active: Vec<ActiveRun> = seen.runs.iter().filter(|run| run.is_active()).map(reference).collect();
    let scheduled = seen.runs.iter().map(|run| run.scheduled).chain(outcome.created_for).max();
    let succeeded = seen.runs.iter().filter(|run| run.complete == Some(true)).filter_map(ended).max();
    let latest =
        |new: Option<Timestamp>, old: &Option<Time>| new.max(old.as_ref().map(|time| time.0)).map(Time);
    ScheduleStatus {
        observed_generation: generation,
        conditions: conditions::build(
            &old.conditions,
            vec![readiness(schedule, seen, plan, outcome)],
            generation,
            seen.now,
        ),
        active_runs: i32::try_from(active.len()).ok(),
        active,
        last_schedule_time: latest(scheduled, &old.last_schedule_time),
        last_successful_time: latest(succeeded, &old.last_successful_time),
        next_schedule_time: plan.next.map(Time),
    }
}

fn reference<R: Run>(scheduled: &ScheduledRun<R>) -> ActiveRun {
    ActiveRun { name: scheduled.run.name_any(), uid: scheduled.run.uid().unwrap_or_default() }
}

fn ended<R: Run>(scheduled: &ScheduledRun<R>) -> Option<Timestamp> {
    Some(R::completion_time(scheduled.run.old_status()?)?.0)
}

fn readiness<S: ScheduleKind>(
    schedule: &S,
    seen: &ScheduleObservation<S::Run>,
    plan: &SchedulePlan<S::Run>,
    outcome: &ApplyOutcome,
) -> ConditionUpdate {
    let fault = seen.times.as_ref().err().or(outcome.refused.as_ref());
    let ready = |reason: &str, text: String| ConditionUpdate::new(condition_type::READY, true, reason, text);
    match (fault, &plan.due) {
        (Some(fault), _) => {
            ConditionUpdate::new(condition_type::READY, false, fault.reason, fault.message.clone())
        }
        (None, Due::Hold { time, active }) => ready("AlreadyActive", held(*time, active)),
        (None, _) if schedule.settings().suspend => {
            ready("Suspended", "no runs are created while spec.suspend is true".to_owned())
        }
        (None, _) => ready("Scheduled", "runs are created at the scheduled times".to_owned()),
    }
}

/// Events for what a person should see of this reconcile.
pub fn events<S: ScheduleKind>(
    schedule: &S,
    new: &ScheduleStatus,
    seen: &ScheduleObservation<S::Run>,
    plan: &SchedulePlan<S::Run>,
    outcome: &ApplyOutcome,
) -> Vec<Event> {
    let old = schedule.status().cloned().unwrap_or_default();
    let watched = seen.runs.iter().filter(|run| old.active.contains(&reference(run)));
    let due = of_due(schedule, plan, outcome);
    faults(&old, new).into_iter().chain(due).chain(watched.filter_map(ending)).collect()
}

/// The Event when something has to be fixed, and when it is fixed.
fn faults(old: &ScheduleStatus, new: &ScheduleStatus) -> Option<Event> {
    let ready =
        |status: &ScheduleStatus| conditions::find(&status.conditions, condition_type::READY).cloned();
    let current = ready(new)?;
    let is_ready = current.status == "True";
    let is_news = match ready(old) {
        Some(previous) => previous.status != current.status || !is_ready && previous.reason != current.reason,
        None => !is_ready,
    };
    is_news.then(|| event(!is_ready, &current.reason, "Observe", current.message))
}

fn of_due<S: ScheduleKind>(
    schedule: &S,
    plan: &SchedulePlan<S::Run>,
    outcome: &ApplyOutcome,
) -> Option<Event> {
    match &plan.due {
        Due::Nothing => None,
        Due::Create { time, missed } => {
            let name = run::name(schedule, outcome.created_for?);
            let text = format!("created the run {name} for {time}{}", caught_up(*missed));
            Some(event(false, "SuccessfulCreate", "CreateRun", text))
        }
        Due::Hold { time, active } => Some(event(false, "AlreadyActive", "HoldRun", held(*time, active))),
        Due::Replace { runs, .. } if runs.is_empty() => None,
        Due::Replace { time, runs } => {
            let names: Vec<String> = runs.iter().map(kube::ResourceExt::name_any).collect();
            let text = format!("deleting {}, to be replaced by the run for {time}", names.join(", "));
            Some(event(false, "Replaced", "DeleteRun", text))
        }
        Due::TooLate { time } => {
            let text = format!("no run for {time}: startingDeadlineSeconds has passed");
            Some(event(true, "MissSchedule", "SkipRun", text))
        }
    }
}

fn held(time: Timestamp, active: &[String]) -> String {
    format!(
        "the run for {time} waits for the end of {}, since concurrencyPolicy is Forbid; one run then stands for all times that have passed",
        active.join(", ")
    )
}

fn caught_up(missed: usize) -> String {
    match missed {
        0 => String::new(),
        MOST_COUNTED.. => format!(", which also stands for {MOST_COUNTED} or more missed times"),
        1 => ", which also stands for a missed time".to_owned(),
        _ => format!(", which also stands for {missed} missed times"),
    }
}

fn ending<R: Run>(scheduled: &ScheduledRun<R>) -> Option<Event> {
    let name = scheduled.run.name_any();
    if scheduled.complete? {
        return Some(event(false, "RunCompleted", "ObserveRun", format!("the run {name} is complete")));
    }
    let failed = conditions::find(scheduled.conditions(), condition_type::FAILED);
    let why = failed.map(|failed| failed.message.as_str()).unwrap_or_default();
    Some(event(true, "RunFailed", "ObserveRun", format!("the run {name} failed: {why}")))
}

/// When to requeue the schedule, unless it changes before.
pub fn requeue_after<R>(
    uid: &str,
    seen: &ScheduleObservation<R>,
    new: &ScheduleStatus,
    outcome: &ApplyOutcome,
) -> Option<Duration> {
    let next = new.next_schedule_time.as_ref();
    let next =
        next.map(|next| Duration::try_from(next.0.duration_since(seen.now)).unwrap_or_default().min(LONGEST));
    let retry = outcome.refused.as_ref().map(|refused| {
        pauses::retry_after(
            conditions::last_change(&new.conditions, condition_type::READY),
            seen.now,
            refused.class,
            uid,
        )
    });
    [next, retry].into_iter().flatten().min()
}
