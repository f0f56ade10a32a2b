//! What a user sees of a schedule: status and Events. Also its requeue time. Pure.

use std::time::Duration;

use docmill_crds::api::enrichment_schedule::ActiveRun;
use docmill_crds::{EnrichmentSchedule, EnrichmentScheduleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::observation::{ScheduleObservation, ScheduledRun};
use super::plan::{Due, MOST_COUNTED, SchedulePlan};
use super::run;
use crate::conditions::{self, ConditionUpdate, kind};
use crate::controllers::run_status::event;
use crate::k8s::apply::Event;
use crate::not_ready::NotReady;
use crate::requeue as pauses;

/// The longest requeue interval. A running timer does not follow a change of the clock, and a year is too
/// long for a timer.
const LONGEST: Duration = Duration::from_hours(1);

/// The result of carrying out a plan.
#[derive(Clone, Debug, Default)]
pub struct ApplyOutcome {
    /// The time for which there is a run now.
    pub made: Option<Timestamp>,
    /// Why a run could not be created.
    pub refused: Option<NotReady>,
}

/// The status after a reconcile.
pub fn status(
    schedule: &EnrichmentSchedule,
    seen: &ScheduleObservation,
    plan: &SchedulePlan,
    done: &ApplyOutcome,
) -> EnrichmentScheduleStatus {
    let old = schedule.status.clone().unwrap_or_default();
    // A run that was just created follows in the next reconcile, which its creation triggers.
    let active: Vec<ActiveRun> = seen.runs.iter().filter(|run| run.is_active()).map(reference).collect();
    let scheduled = seen.runs.iter().map(|run| run.scheduled).chain(done.made).max();
    let succeeded = seen.runs.iter().filter(|run| run.complete == Some(true)).filter_map(ended).max();
    let latest =
        |new: Option<Timestamp>, old: &Option<Time>| new.max(old.as_ref().map(|time| time.0)).map(Time);
    EnrichmentScheduleStatus {
        observed_generation: schedule.metadata.generation,
        conditions: conditions::state(
            &old.conditions,
            vec![readiness(schedule, seen, plan, done)],
            schedule.metadata.generation,
            seen.now,
        ),
        active_runs: i32::try_from(active.len()).ok(),
        active,
        last_schedule_time: latest(scheduled, &old.last_schedule_time),
        last_successful_time: latest(succeeded, &old.last_successful_time),
        next_schedule_time: plan.next.map(Time),
    }
}

fn reference(made: &ScheduledRun) -> ActiveRun {
    ActiveRun { name: made.run.name_any(), uid: made.run.uid().unwrap_or_default() }
}

fn ended(made: &ScheduledRun) -> Option<Timestamp> {
    Some(made.run.status.as_ref()?.completion_time.as_ref()?.0)
}

fn readiness(
    schedule: &EnrichmentSchedule,
    seen: &ScheduleObservation,
    plan: &SchedulePlan,
    done: &ApplyOutcome,
) -> ConditionUpdate {
    let fault = seen.times.as_ref().err().or(done.refused.as_ref());
    let holds = |reason: &str, text: String| ConditionUpdate::new(kind::READY, true, reason, text);
    match (fault, &plan.due) {
        (Some(fault), _) => ConditionUpdate::new(kind::READY, false, fault.reason, fault.message.clone()),
        (None, Due::Hold { time, active }) => holds("AlreadyActive", held(*time, active)),
        (None, _) if schedule.spec.suspend => {
            holds("Suspended", "no runs are created while spec.suspend is true".to_owned())
        }
        (None, _) => holds("Scheduled", "runs are created at the scheduled times".to_owned()),
    }
}

/// Events for what a person should see of this reconcile.
pub fn events(
    schedule: &EnrichmentSchedule,
    new: &EnrichmentScheduleStatus,
    seen: &ScheduleObservation,
    plan: &SchedulePlan,
    done: &ApplyOutcome,
) -> Vec<Event> {
    let old = schedule.status.clone().unwrap_or_default();
    let watched = seen.runs.iter().filter(|run| old.active.contains(&reference(run)));
    let due = of_due(schedule, plan, done);
    faults(&old, new).into_iter().chain(due).chain(watched.filter_map(ending)).collect()
}

/// The Event when something has to be fixed, and when it is fixed.
fn faults(old: &EnrichmentScheduleStatus, new: &EnrichmentScheduleStatus) -> Option<Event> {
    let ready =
        |status: &EnrichmentScheduleStatus| conditions::find(&status.conditions, kind::READY).cloned();
    let now = ready(new)?;
    let holds = now.status == "True";
    let news = match ready(old) {
        Some(before) => before.status != now.status || !holds && before.reason != now.reason,
        None => !holds,
    };
    news.then(|| event(!holds, &now.reason, "Observe", now.message))
}

fn of_due(schedule: &EnrichmentSchedule, plan: &SchedulePlan, done: &ApplyOutcome) -> Option<Event> {
    match &plan.due {
        Due::Nothing => None,
        Due::Create { time, missed } => {
            let name = run::name(schedule, done.made?);
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
        "the run for {time} waits for the end of {}, since concurrencyPolicy is Forbid; it will then process everything new",
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

fn ending(made: &ScheduledRun) -> Option<Event> {
    let name = made.run.name_any();
    if made.complete? {
        return Some(event(false, "RunCompleted", "ObserveRun", format!("the run {name} is complete")));
    }
    let conditions = made.run.status.as_ref().map(|status| status.conditions.as_slice());
    let failed = conditions::find(conditions.unwrap_or_default(), kind::FAILED);
    let why = failed.map(|failed| failed.message.as_str()).unwrap_or_default();
    Some(event(true, "RunFailed", "ObserveRun", format!("the run {name} failed: {why}")))
}

/// When to requeue the schedule, unless it changes before.
pub fn requeue_after(
    uid: &str,
    seen: &ScheduleObservation,
    new: &EnrichmentScheduleStatus,
    done: &ApplyOutcome,
) -> Option<Duration> {
    let next = new.next_schedule_time.as_ref();
    let next =
        next.map(|next| Duration::try_from(next.0.duration_since(seen.now)).unwrap_or_default().min(LONGEST));
    let retry = done.refused.as_ref().map(|refused| {
        pauses::retry_after(conditions::since(&new.conditions, kind::READY), seen.now, refused.class, uid)
    });
    [next, retry].into_iter().flatten().min()
}
