//! Looks up the models that conversions refer to.

use std::borrow::Cow;
use std::sync::Arc;

use docmill_clients::cause::with_causes;
use docmill_crds::conversion::{Conversion, ModelRef};
use docmill_crds::{ConversionModel, IngestSource};
use kube::core::DeserializeGuard;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt as _};

use super::references::{self, INVALID, fault_place};
use crate::context::Context;
use crate::outcome::not_ready::NotReady;

/// The field of a source with its conversion.
const FIELD: &str = "spec.conversion";

/// The model of a source in the view, if the source refers to one that is there.
pub fn viewed(source: &IngestSource, context: &Context) -> Option<Arc<DeserializeGuard<ConversionModel>>> {
    let name = &source.spec.conversion.model_ref.as_ref()?.name;
    context.models.get(&ObjectRef::new(name).within(&source.namespace().unwrap_or_default()))
}

/// A source with the model that it refers to in the place of the reference. The view decides, as a change of the
/// model triggers a reconcile; what it does not have is read from the API server, since the view may lag behind.
pub async fn with_model<'a>(
    source: &'a IngestSource,
    context: &Context,
) -> Result<Cow<'a, IngestSource>, NotReady> {
    let Some(reference) = references::reference(FIELD, &source.spec.conversion)? else {
        return Ok(Cow::Borrowed(source));
    };
    let namespace = source.namespace().unwrap_or_default();
    let model = match viewed(source, context) {
        Some(found) => references::model(FIELD, reference, &namespace, Some(&*found))?,
        None => read(FIELD, reference, &namespace, context).await?,
    };
    let mut source = source.clone();
    source.spec.conversion = model;
    Ok(Cow::Owned(source))
}

/// The model that the conversion in the field `place` refers to, or `None` if it states its own. It comes from the
/// API server itself, because a run keeps it, and is valid.
pub async fn live(
    place: &str,
    conversion: &Conversion,
    namespace: &str,
    context: &Context,
) -> Result<Option<Conversion>, NotReady> {
    let Some(reference) = references::reference(place, conversion)? else { return Ok(None) };
    let model = read(place, reference, namespace, context).await?;
    match model.revision() {
        Ok(_) => Ok(Some(model)),
        Err(error) => Err(NotReady::user(INVALID, format!("{}: {error}", fault_place(place, conversion)))),
    }
}

async fn read(
    place: &str,
    reference: &ModelRef,
    namespace: &str,
    context: &Context,
) -> Result<Conversion, NotReady> {
    let models = Api::<DeserializeGuard<ConversionModel>>::namespaced(context.client.clone(), namespace);
    let found = models.get_opt(&reference.name).await.map_err(|error| {
        let (name, cause) = (&reference.name, with_causes(&error));
        let text = format!("failed to read the ConversionModel {name:?}: {cause}");
        NotReady::transient("ConversionModelUnreadable", text)
    })?;
    references::model(place, reference, namespace, found.as_ref())
}
