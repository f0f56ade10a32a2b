//! Observes a schedule: from the views, which cost nothing and may lag, or from the API server itself.

use docmill_crds::contract::label;
use k8s_openapi::jiff::Timestamp;
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube::{Api, ResourceExt as _};

use super::kind::ScheduleKind;
use super::observation::{ScheduleObservation, observation, of_view};
use crate::context::Context;
use crate::k8s::apply::ApplyError;

/// The observation from the view of runs.
pub fn in_view<S: ScheduleKind>(schedule: &S, context: &Context) -> ScheduleObservation<S::Run> {
    of_view(schedule, &S::runs(context).state(), Timestamp::now())
}

/// The schedule and its runs from the API server itself. `None` if the schedule is gone, or another one has
/// its name.
pub async fn live<S: ScheduleKind>(
    schedule: &S,
    context: &Context,
) -> Result<Option<(S, ScheduleObservation<S::Run>)>, ApplyError> {
    let (namespace, name) = (schedule.namespace().unwrap_or_default(), schedule.name_any());
    let failed = |source| ApplyError::Api {
        action: format!("read the {} {name} and its runs", S::kind(&())),
        source: Box::new(source),
    };
    let schedules = Api::<S>::namespaced(context.client.clone(), &namespace);
    let current = schedules.get_opt(&name).await.map_err(failed)?;
    let Some(current) = current.filter(|current| current.uid() == schedule.uid()) else { return Ok(None) };
    if current.meta().deletion_timestamp.is_some() {
        return Ok(None);
    }
    let runs = Api::<DeserializeGuard<S::Run>>::namespaced(context.client.clone(), &namespace);
    let ours = ListParams::default().labels(&format!("{}={name}", label::SCHEDULE));
    let runs = runs.list(&ours).await.map_err(failed)?;
    let seen = observation(&current, runs.items.iter(), Timestamp::now());
    Ok(Some((current, seen)))
}
