//! Conversions that refer to a model, and what they come to. Pure.

use std::sync::Arc;

use docmill_crds::conversion::{Conversion, ModelRef};
use docmill_crds::{ConversionModel, IngestSource};
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::ObjectRef;

use crate::outcome::not_ready::NotReady;

/// Reason of `Ready` when a conversion is not a valid model.
pub const INVALID: &str = "InvalidConversion";

/// The reference of the conversion in the field `place`, if it has one.
pub fn reference<'a>(place: &str, conversion: &'a Conversion) -> Result<Option<&'a ModelRef>, NotReady> {
    conversion.reference().map_err(|error| NotReady::user(INVALID, format!("{place}: {error}")))
}

/// Where the faults of the conversion in the field `place` are: there, or in the model that it refers to.
pub fn fault_place(place: &str, conversion: &Conversion) -> String {
    match &conversion.model_ref {
        Some(reference) => format!("{place}.modelRef: the ConversionModel {:?}: spec", reference.name),
        None => place.to_owned(),
    }
}

/// The model that the conversion in the field `place` refers to, from what was found under its name.
pub fn model(
    place: &str,
    reference: &ModelRef,
    namespace: &str,
    found: Option<&DeserializeGuard<ConversionModel>>,
) -> Result<Conversion, NotReady> {
    let name = &reference.name;
    match found.map(|guard| &guard.0) {
        Some(Ok(model)) => Ok(model.spec.0.clone()),
        Some(Err(_)) => {
            let text = format!(
                "{place}.modelRef: this operator cannot read the ConversionModel {name:?}, which was created with \
                 another schema; apply it again"
            );
            Err(NotReady::user(INVALID, text))
        }
        None => {
            let text = format!(
                "{place}.modelRef: there is no ConversionModel {name:?} in {namespace:?}; create it, or correct \
                 the name"
            );
            Err(NotReady::user("ConversionModelNotFound", text))
        }
    }
}

/// The sources that refer to a model.
pub fn users(
    model: &DeserializeGuard<ConversionModel>,
    sources: &[Arc<DeserializeGuard<IngestSource>>],
) -> Vec<ObjectRef<DeserializeGuard<IngestSource>>> {
    let (name, namespace) = (model.name_any(), model.namespace());
    let refers = |source: &IngestSource| {
        let reference = source.spec.conversion.model_ref.as_ref();
        source.namespace() == namespace && reference.is_some_and(|reference| reference.name == name)
    };
    let users = sources.iter().filter(|guard| guard.0.as_ref().is_ok_and(refers));
    users.map(|guard| ObjectRef::from_obj(guard.as_ref())).collect()
}

/// Whether a model is another one than that of which a source's status tells.
pub fn has_changed(source: &IngestSource, model: &DeserializeGuard<ConversionModel>) -> bool {
    let known = source.status.as_ref().and_then(|status| status.revision.as_ref());
    let revision = model.0.as_ref().ok().and_then(|model| model.spec.0.revision().ok());
    revision.as_ref() != known
}
