//! Observes a schedule: from the views, which cost nothing and may lag, or from the API server itself.

use docmill_crds::contract::label;
use docmill_crds::{EnrichmentRun, EnrichmentSchedule};
use k8s_openapi::jiff::Timestamp;
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube::{Api, ResourceExt as _};

use super::observation::{ScheduleObservation, observation, of_view};
use crate::context::Context;
use crate::k8s::apply::ApplyError;

/// The observation from the view of runs.
pub fn in_view(schedule: &EnrichmentSchedule, context: &Context) -> ScheduleObservation {
    of_view(schedule, &context.scheduled_runs.state(), Timestamp::now())
}

/// The schedule and its runs from the API server itself. `None` if the schedule is gone, or another one has
/// its name.
pub async fn live(
    schedule: &EnrichmentSchedule,
    context: &Context,
) -> Result<Option<(EnrichmentSchedule, ScheduleObservation)>, ApplyError> {
    let (namespace, name) = (schedule.namespace().unwrap_or_default(), schedule.name_any());
    let failed = |source| ApplyError::Api {
        action: format!("read the EnrichmentSchedule {name} and its runs"),
        source: Box::new(source),
    };
    let schedules = Api::<EnrichmentSchedule>::namespaced(context.client.clone(), &namespace);
    let current = schedules.get_opt(&name).await.map_err(failed)?;
    let Some(current) = current.filter(|current| current.uid() == schedule.uid()) else { return Ok(None) };
    if current.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    let runs = Api::<DeserializeGuard<EnrichmentRun>>::namespaced(context.client.clone(), &namespace);
    let ours = ListParams::default().labels(&format!("{}={name}", label::SCHEDULE));
    let runs = runs.list(&ours).await.map_err(failed)?;
    let seen = observation(&current, runs.items.iter(), Timestamp::now());
    Ok(Some((current, seen)))
}
