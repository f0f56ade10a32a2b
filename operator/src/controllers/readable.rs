//! Which resources a controller reconciles, and what users see of one that this operator cannot read.

use docmill_crds::untrusted_text::sentence;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use kube::api::DynamicObject;
use kube::core::DeserializeGuard;
use kube::core::error_boundary::InvalidObject;
use kube::{Resource, ResourceExt as _};
use serde_json::{Value, json};

use super::run_status;
use crate::context::Context;
use crate::k8s::apply::{ApplyError, api_of};
use crate::outcome::conditions::{self, ConditionUpdate, UNREADABLE_SPEC, condition_type};

/// The resource, unless it is being deleted or cannot be read. In the first case, garbage collection deletes
/// what it owns, by owner references. In the second, its condition `Ready` and an Event say so: its
/// CustomResourceDefinition is newer than this operator, and it uses what is new.
pub async fn readable<'a, K>(
    guard: &'a DeserializeGuard<K>,
    context: &Context,
) -> Result<Option<&'a K>, ApplyError>
where
    K: Resource<DynamicType = ()> + Sync,
{
    if guard.meta().deletion_timestamp.is_some() {
        return Ok(None);
    }
    match &guard.0 {
        Ok(resource) => Ok(Some(resource)),
        Err(invalid) => {
            report(guard, invalid, context).await?;
            Ok(None)
        }
    }
}

/// Shows that a resource cannot be read. A run that has ended needs nothing more, and stays as it is.
async fn report<K>(
    guard: &DeserializeGuard<K>,
    invalid: &InvalidObject,
    context: &Context,
) -> Result<(), ApplyError>
where
    K: Resource<DynamicType = ()> + Sync,
{
    let Some(status) = status_of(guard, context).await? else { return Ok(()) };
    let old = conditions_of(&status);
    if run_status::has_ended(&old) {
        return Ok(());
    }
    let Some(new) = changed(&old, invalid, Timestamp::now()) else { return Ok(()) };
    let (kind, namespace, name) = (K::kind(&()), guard.namespace().unwrap_or_default(), guard.name_any());
    tracing::warn!(
        error = invalid.error, %kind, namespace, name,
        "failed to parse a resource; it was created with another schema"
    );
    context.writer.set_raw_status(guard, &with_condition(status, &old, &new)).await?;
    let event = run_status::event(true, UNREADABLE_SPEC, "Observe", new.message);
    context.writer.publish(guard, &event).await;
    Ok(())
}

/// The status of a resource, whatever the rest of it looks like: null if there is none yet; `None` if the resource is
/// gone.
async fn status_of<K>(guard: &DeserializeGuard<K>, context: &Context) -> Result<Option<Value>, ApplyError>
where
    K: Resource<DynamicType = ()>,
{
    let (kind, name) = (K::kind(&()), guard.name_any());
    let resources = api_of(&context.client, guard);
    let found = resources.get_opt(&name).await.map_err(|source| ApplyError::Api {
        action: format!("read the {kind} {name}"),
        source: Box::new(source),
    })?;
    Ok(found.map(|found: DynamicObject| found.data.get("status").cloned().unwrap_or_default()))
}

fn conditions_of(status: &Value) -> Vec<Condition> {
    let conditions = status.get("conditions").cloned().unwrap_or_default();
    serde_json::from_value(conditions).unwrap_or_default()
}

/// The status with a condition in the place of the one of its type. The rest stays. Pure.
fn with_condition(mut status: Value, old: &[Condition], new: &Condition) -> Value {
    let others = old.iter().filter(|condition| condition.type_ != new.type_);
    let conditions: Vec<&Condition> = others.chain([new]).collect();
    if !status.is_object() {
        status = json!({});
    }
    status["conditions"] = json!(conditions);
    status
}

/// The condition, if it has to be written. Pure.
fn changed(old: &[Condition], invalid: &InvalidObject, now: Timestamp) -> Option<Condition> {
    let message = format!(
        "this operator cannot read the resource, which was written for another version of Docmill: {}; upgrade the \
         operator, or remove what it does not know",
        sentence(&invalid.error.replace('`', "'"))
    );
    let update = ConditionUpdate::new(condition_type::READY, false, UNREADABLE_SPEC, message);
    let new = conditions::build(old, vec![update], invalid.metadata.generation, now).pop()?;
    let is_same = conditions::find(old, condition_type::READY).is_some_and(|known| {
        (&known.status, &known.reason, &known.message, known.observed_generation)
            == (&new.status, &new.reason, &new.message, new.observed_generation)
    });
    (!is_same).then_some(new)
}

#[cfg(test)]
mod tests;
