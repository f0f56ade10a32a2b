//! What a user sees of a model. Pure.

use docmill_crds::{ConversionModel, ConversionModelStatus};
use k8s_openapi::jiff::Timestamp;

use super::references::INVALID;
use crate::outcome::conditions::{self, ConditionUpdate, condition_type};

/// The status of a model.
pub fn status(model: &ConversionModel, now: Timestamp) -> ConversionModelStatus {
    let old = model.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let revision = model.spec.0.revision();
    let ready = match &revision {
        Ok(_) => ConditionUpdate::new(condition_type::READY, true, "Valid", "the model is valid"),
        Err(error) => ConditionUpdate::new(condition_type::READY, false, INVALID, format!("spec: {error}")),
    };
    let generation = model.metadata.generation;
    ConversionModelStatus {
        observed_generation: generation,
        conditions: conditions::build(old, vec![ready], generation, now),
        revision: revision.ok(),
    }
}
