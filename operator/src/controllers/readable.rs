//! What a controller works on.

use kube::core::DeserializeGuard;
use kube::{Resource, ResourceExt as _};

/// The resource, unless there is nothing to do with it: it cannot be read, or it is being deleted. What it owns goes with
/// it then, by its owner references.
pub fn readable<K: Resource<DynamicType = ()>>(guard: &DeserializeGuard<K>) -> Option<&K> {
    match &guard.0 {
        Ok(resource) => resource.meta().deletion_timestamp.is_none().then_some(resource),
        Err(error) => {
            let (kind, name) = (K::kind(&()), guard.name_any());
            tracing::warn!(%error, %kind, name, "a resource cannot be read; it was created with another schema");
            None
        }
    }
}
