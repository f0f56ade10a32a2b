//! What a user sees of a connection: status and Events. Also its requeue time. Pure.

use std::time::Duration;

use docmill_crds::{ConnectionSpec, ConnectionStatus};

use super::observation::{Checked, ConnectionObservation};
use crate::controllers::run_status;
use crate::k8s::apply::Event;
use crate::outcome::conditions::{self, ConditionUpdate, condition_type};
use crate::outcome::requeue as pauses;

/// How often a connection without faults is checked.
const EVERY: Duration = Duration::from_mins(1);

/// The status after a reconcile.
pub fn status(
    old: &ConnectionStatus,
    generation: Option<i64>,
    spec: &ConnectionSpec,
    seen: &ConnectionObservation,
) -> ConnectionStatus {
    let version = match &seen.checked {
        Ok(Checked::Reachable(version)) => version.clone(),
        Ok(Checked::Credentials | Checked::Nothing) | Err(_) => None,
    };
    ConnectionStatus {
        observed_generation: generation,
        conditions: conditions::build(&old.conditions, vec![readiness(seen)], generation, seen.now),
        type_: spec.endpoint().map(|endpoint| endpoint.type_name().to_owned()),
        version,
        releases: Vec::new(),
    }
}

fn readiness(seen: &ConnectionObservation) -> ConditionUpdate {
    let ready = |reason: &str, text: &str| ConditionUpdate::new(condition_type::READY, true, reason, text);
    match &seen.checked {
        Err(fault) => ConditionUpdate::new(condition_type::READY, false, fault.reason, fault.message.clone()),
        Ok(Checked::Reachable(_)) => ready("Reachable", "the server answers"),
        Ok(Checked::Credentials) => ready(
            "CredentialsFound",
            "the credentials are there; whether the server answers is checked for each resource that uses this connection",
        ),
        Ok(Checked::Nothing) => ready(
            "NotChecked",
            "the credentials are those of the resources that use this connection, and it is checked for each of them",
        ),
    }
}

/// Events for faults that are new, and for their end.
pub fn events(old: &ConnectionStatus, new: &ConnectionStatus) -> Vec<Event> {
    run_status::events(&old.conditions, &new.conditions)
}

/// When to requeue the connection, unless it changes before.
pub fn requeue_after(uid: &str, seen: &ConnectionObservation, new: &ConnectionStatus) -> Duration {
    match &seen.checked {
        Ok(_) => pauses::jitter(EVERY, uid, seen.now),
        Err(fault) => {
            let since = conditions::last_change(&new.conditions, condition_type::READY);
            pauses::retry_after(since, seen.now, fault.class, uid)
        }
    }
}
