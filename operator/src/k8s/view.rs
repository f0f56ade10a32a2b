//! Views of objects of a type: what the watches have seen of them so far.

use std::fmt::Debug;
use std::sync::Arc;

use docmill_clients::cause::with_causes;
use futures::StreamExt as _;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

/// The annotation in which `kubectl apply` keeps the whole object as it was applied.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The objects of a type in all scopes. A scope that is not readable yet counts as empty.
#[derive(Clone)]
pub struct View<K>(Vec<Store<K>>)
where
    K: Resource<DynamicType = ()> + Clone + 'static;

impl<K> View<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    /// Adds the objects of another scope.
    pub fn add(&mut self, store: Store<K>) {
        self.0.push(store);
    }

    /// The object with this name and namespace.
    pub fn get(&self, reference: &ObjectRef<K>) -> Option<Arc<K>> {
        self.0.iter().find_map(|store| store.get(reference))
    }

    /// The objects as they are now.
    pub fn state(&self) -> Vec<Arc<K>> {
        match self.0.as_slice() {
            [only] => only.state(),
            stores => stores.iter().flat_map(Store::state).collect(),
        }
    }
}

impl<K> Default for View<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K> FromIterator<Store<K>> for View<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    fn from_iter<I: IntoIterator<Item = Store<K>>>(stores: I) -> Self {
        Self(stores.into_iter().collect())
    }
}

/// What a watch has seen, and the watch, which keeps it up to date while it is polled and does not end.
pub fn watched<K>(
    objects: Api<K>,
    selection: watcher::Config,
) -> (Store<K>, impl Future<Output = ()> + use<K>)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let watch = watcher(objects, selection).default_backoff().modify(slim).reflect(writer).for_each(
        |event| async move {
            if let Err(error) = event {
                tracing::warn!(error = with_causes(&error), "a watch failed; restarting it");
            }
        },
    );
    (store, watch)
}

/// Drops what is large and never read, before it is held for as long as the object exists.
pub fn slim<K: Resource>(object: &mut K) {
    let meta = object.meta_mut();
    meta.managed_fields = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.remove(LAST_APPLIED);
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use kube::runtime::reflector;
    use kube::runtime::watcher::Event;
    use serde_json::json;

    use super::View;

    #[test]
    fn a_view_has_the_objects_of_all_scopes() {
        let (news, mut writer) = reflector::store::<Pod>();
        let (sport, mut other_writer) = reflector::store::<Pod>();
        let mut view: View<Pod> = [news].into_iter().collect();
        view.add(sport);
        let pod = |namespace: &str| -> Pod {
            serde_json::from_value(json!({"metadata": {"name": "a", "namespace": namespace}})).unwrap()
        };
        writer.apply_watcher_event(&Event::Apply(pod("news")));
        assert_eq!(view.state().len(), 1);
        other_writer.apply_watcher_event(&Event::Apply(pod("sport")));
        assert_eq!(view.state().len(), 2);
        assert!(View::<Pod>::default().state().is_empty());
    }
}
