//! `ConversionModel`: tells whether a model is valid, and gives it to the sources and runs that refer to it.
//! Workers do not know of it: the operator puts the model in the place of the reference (`lookup`) before anything
//! else.

pub(super) mod lookup;
mod references;
mod status;
#[cfg(test)]
pub(crate) mod tests;

pub(super) use references::{fault_place, has_changed, users};

use std::sync::Arc;

use docmill_crds::ConversionModel;
use k8s_openapi::jiff::Timestamp;
use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;

use super::readable::readable;
use super::run_status;
use crate::context::Context;
use crate::k8s::apply::ApplyError;

/// Reconciles a model. Nothing but the model itself decides about it, so it is not requeued.
pub async fn reconcile(
    guard: Arc<DeserializeGuard<ConversionModel>>,
    context: Arc<Context>,
) -> Result<Action, ApplyError> {
    let Some(model) = readable(&guard, &context).await? else { return Ok(Action::await_change()) };
    let old = model.status.clone().unwrap_or_default();
    let new = status::status(model, Timestamp::now());
    context.writer.set_status(model, model.status.as_ref(), &new).await?;
    for event in run_status::events(&old.conditions, &new.conditions) {
        context.writer.publish(model, &event).await;
    }
    Ok(Action::await_change())
}
