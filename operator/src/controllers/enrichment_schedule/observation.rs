//! What is known of a schedule at one moment. Without I/O.

use std::sync::Arc;

use docmill_crds::contract::annotation;
use docmill_crds::{EnrichmentRun, EnrichmentSchedule};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;

use super::times::Times;
use crate::conditions::{self, kind};
use crate::controllers::run_view;
use crate::not_ready::NotReady;

/// What is known of a schedule.
#[derive(Clone, Debug)]
pub struct ScheduleObservation {
    /// When it was looked at.
    pub now: Timestamp,
    /// Its times, or why it has none.
    pub times: Result<Times, NotReady>,
    /// Its runs, in the order of the times that they were made for.
    pub runs: Vec<MadeRun>,
}

/// A run that a schedule made.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeRun {
    /// The resource.
    pub run: EnrichmentRun,
    /// The time of the schedule that it was made for.
    pub scheduled: Timestamp,
    /// How it ended, if it did: whether it is complete.
    pub complete: Option<bool>,
    /// Whether it waits for a person to let it go on.
    pub suspended: bool,
}

impl MadeRun {
    /// Whether it has not ended. One that is being deleted is at work until its pods have ended, and it is gone.
    pub fn is_active(&self) -> bool {
        self.complete.is_none()
    }

    /// Its name, and what keeps it from its end if that is known.
    pub fn described(&self) -> String {
        let name = self.run.name_any();
        if self.suspended { format!("{name} (suspended)") } else { name }
    }

    /// Whether somebody has deleted it.
    pub fn is_going(&self) -> bool {
        self.run.metadata.deletion_timestamp.is_some()
    }
}

/// Puts together what is known, from whatever runs there are in the namespace.
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
    // One that cannot be read was made with another schema; the controller of runs says so.
    let readable = runs.filter_map(|guard| guard.0.as_ref().ok());
    let mut runs: Vec<MadeRun> = readable.filter(ours).map(made_run).collect();
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

fn made_run(run: &EnrichmentRun) -> MadeRun {
    let created = run.creation_timestamp().map_or(Timestamp::MIN, |time| time.0);
    let noted = run.annotations().get(annotation::SCHEDULED_TIME).and_then(|time| time.parse().ok());
    let conditions = run.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let complete = run_view::outcome(conditions);
    let suspended = conditions::holds(conditions, kind::SUSPENDED);
    MadeRun { run: run.clone(), scheduled: noted.unwrap_or(created), complete, suspended }
}
