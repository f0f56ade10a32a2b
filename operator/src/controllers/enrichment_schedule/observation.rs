//! What is known about a schedule at one moment. No I/O.

use std::sync::Arc;

use docmill_crds::contract::annotation;
use docmill_crds::{EnrichmentRun, EnrichmentSchedule};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;

use super::times::Times;
use crate::conditions::{self, condition_type};
use crate::controllers::run_status;
use crate::not_ready::NotReady;

/// What is known about a schedule.
#[derive(Clone, Debug)]
pub struct ScheduleObservation {
    /// When it was observed.
    pub now: Timestamp,
    /// Its times, or why it has none.
    pub times: Result<Times, NotReady>,
    /// Its runs, ordered by their scheduled times.
    pub runs: Vec<ScheduledRun>,
}

/// A run that a schedule created.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduledRun {
    /// The resource.
    pub run: EnrichmentRun,
    /// Its scheduled time.
    pub scheduled: Timestamp,
    /// Whether it completed (`true`) or failed (`false`), if it has ended.
    pub complete: Option<bool>,
    /// Whether it waits for a person to resume it.
    pub suspended: bool,
}

impl ScheduledRun {
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
        self.run.metadata.deletion_timestamp.is_some()
    }
}

/// Builds the observation from all runs in the namespace.
pub fn observation<'a>(
    schedule: &EnrichmentSchedule,
    runs: impl Iterator<Item = &'a DeserializeGuard<EnrichmentRun>>,
    now: Timestamp,
) -> ScheduleObservation {
    let times = Times::read(&schedule.spec.schedule, &schedule.spec.time_zone);
    let uid = schedule.uid();
    let ours = |run: &&EnrichmentRun| {
        uid.is_some() && run.owner_references().iter().any(|owner| Some(&owner.uid) == uid.as_ref())
    };
    // A run that cannot be parsed was created with another schema; the controller of runs logs it.
    let readable = runs.filter_map(|guard| guard.0.as_ref().ok());
    let mut runs: Vec<ScheduledRun> = readable.filter(ours).map(scheduled_run).collect();
    runs.sort_by_key(|run| run.scheduled);
    ScheduleObservation { now, times, runs }
}

/// The same from a view.
pub fn of_view(
    schedule: &EnrichmentSchedule,
    runs: &[Arc<DeserializeGuard<EnrichmentRun>>],
    now: Timestamp,
) -> ScheduleObservation {
    observation(schedule, runs.iter().map(AsRef::as_ref), now)
}

fn scheduled_run(run: &EnrichmentRun) -> ScheduledRun {
    let created = run.creation_timestamp().map_or(Timestamp::MIN, |time| time.0);
    let annotated = run.annotations().get(annotation::SCHEDULED_TIME).and_then(|time| time.parse().ok());
    let conditions = run.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let complete = run_status::outcome(conditions);
    let suspended = conditions::is_true(conditions, condition_type::SUSPENDED);
    ScheduledRun { run: run.clone(), scheduled: annotated.unwrap_or(created), complete, suspended }
}
