//! Which resources a controller reconciles.

use kube::core::DeserializeGuard;
use kube::{Resource, ResourceExt as _};

/// The resource, unless it cannot be parsed or is being deleted. In the latter case, garbage collection
/// deletes what it owns, by owner references.
pub fn readable<K: Resource<DynamicType = ()>>(guard: &DeserializeGuard<K>) -> Option<&K> {
    match &guard.0 {
        Ok(resource) => resource.meta().deletion_timestamp.is_none().then_some(resource),
        Err(error) => {
            let (kind, name) = (K::kind(&()), guard.name_any());
            tracing::warn!(%error, %kind, name, "failed to parse a resource; it was created with another schema");
            None
        }
    }
}
