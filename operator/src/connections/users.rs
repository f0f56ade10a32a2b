//! Which resources refer to a connection, so that its change triggers their reconcile.

use std::sync::Arc;

use docmill_crds::api::connection_ref::ConnectionKind;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt as _};

use super::addresses::Addressed;

/// Maps a connection of a kind to the resources in a view that refer to it.
pub fn users<K, C>(
    view: Store<DeserializeGuard<K>>,
    kind: ConnectionKind,
) -> impl Fn(DeserializeGuard<C>) -> Vec<ObjectRef<DeserializeGuard<K>>> + Send + Sync + 'static
where
    K: Addressed + Send + Sync,
    C: Resource<DynamicType = ()> + 'static,
{
    move |connection: DeserializeGuard<C>| {
        let (name, namespace) = (connection.name_any(), connection.namespace());
        let is_user = |resource: &&Arc<DeserializeGuard<K>>| {
            (kind == ConnectionKind::ClusterConnection || resource.namespace() == namespace)
                && refers(resource, kind, &name)
        };
        view.state().iter().filter(is_user).map(|resource| ObjectRef::from_obj(&**resource)).collect()
    }
}

/// Whether a resource refers to the connection of this name, in its own namespace if it is a `Connection`.
fn refers<K: Addressed>(resource: &DeserializeGuard<K>, kind: ConnectionKind, name: &str) -> bool {
    let Ok(resource) = &resource.0 else { return false };
    let mut resource = resource.clone();
    let addresses = resource.addresses();
    let mut named = addresses.iter().filter_map(|(_, address)| address.connection());
    named.any(|named| named.kind == kind && named.name == name)
}
