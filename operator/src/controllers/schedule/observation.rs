//! What is known about a schedule at one moment. No I/O.

use std::sync::Arc;

use docmill_crds::contract::annotation;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;

use super::kind::ScheduleKind;
use super::times::Times;
use crate::controllers::run_controller::Run;
use crate::controllers::run_status;
use crate::outcome::conditions::{self, condition_type};
use crate::outcome::not_ready::NotReady;

/// What is known about a schedule.
#[derive(Clone, Debug)]
pub struct ScheduleObservation<R> {
    /// When it was observed.
    pub now: Timestamp,
    /// Its times, or why it has none.
    pub times: Result<Times, NotReady>,
    /// Its runs, ordered by their scheduled times.
    pub runs: Vec<ScheduledRun<R>>,
}

/// A run that a schedule created.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduledRun<R> {
    /// The resource.
    pub run: R,
    /// Its scheduled time.
    pub scheduled: Timestamp,
    /// Whether it completed (`true`) or failed (`false`), if it has ended.
    pub complete: Option<bool>,
    /// Whether it waits for a person to resume it.
    pub suspended: bool,
}

impl<R: Run> ScheduledRun<R> {
    /// Whether it has not ended. A run that is being deleted stays active until its pods have ended and it is
    /// gone.
    pub fn is_active(&self) -> bool {
        self.complete.is_none()
    }

    /// Its name, and what prevents its end, if known.
    pub fn described(&self) -> String {
        let name = self.run.name_any();
        if self.suspended { format!("{name} (suspended)") } else { name }
    }

    /// Whether it is being deleted.
    pub fn is_going(&self) -> bool {
        self.run.meta().deletion_timestamp.is_some()
    }

    /// Its conditions.
    pub fn conditions(&self) -> &[Condition] {
        conditions_of(&self.run)
    }
}

/// Builds the observation from all runs in the namespace.
pub fn observation<'a, S: ScheduleKind>(
    schedule: &S,
    runs: impl Iterator<Item = &'a DeserializeGuard<S::Run>>,
    now: Timestamp,
) -> ScheduleObservation<S::Run> {
    let settings = schedule.settings();
    let times = Times::read(settings.schedule, settings.time_zone);
    let uid = schedule.uid();
    let ours = |run: &&S::Run| {
        uid.is_some() && run.owner_references().iter().any(|owner| Some(&owner.uid) == uid.as_ref())
    };
    // A run that cannot be parsed was created with another schema; the controller of runs logs it.
    let readable = runs.filter_map(|guard| guard.0.as_ref().ok());
    let mut runs: Vec<ScheduledRun<S::Run>> = readable.filter(ours).map(scheduled_run).collect();
    runs.sort_by_key(|run| run.scheduled);
    ScheduleObservation { now, times, runs }
}

/// The same from a view.
pub fn of_view<S: ScheduleKind>(
    schedule: &S,
    runs: &[Arc<DeserializeGuard<S::Run>>],
    now: Timestamp,
) -> ScheduleObservation<S::Run> {
    observation(schedule, runs.iter().map(AsRef::as_ref), now)
}

fn scheduled_run<R: Run>(run: &R) -> ScheduledRun<R> {
    let created = run.creation_timestamp().map_or(Timestamp::MIN, |time| time.0);
    let annotated = run.annotations().get(annotation::SCHEDULED_TIME).and_then(|time| time.parse().ok());
    let conditions = conditions_of(run);
    let complete = run_status::outcome(conditions);
    let suspended = conditions::is_true(conditions, condition_type::SUSPENDED);
    ScheduledRun { run: run.clone(), scheduled: annotated.unwrap_or(created), complete, suspended }
}

fn conditions_of<R: Run>(run: &R) -> &[Condition] {
    run.old_status().map(R::conditions).unwrap_or_default()
}
