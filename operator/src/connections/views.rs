//! The views that references are resolved from, and the watches that keep them up to date.

use docmill_clients::cause::with_causes;
use docmill_crds::{ClusterConnection, Connection};
use futures::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector::store::WriterDropped;
use kube::runtime::reflector::{self, Store};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource};

use super::resolve::Connections;

/// The connections, and the watches that keep them up to date. `required`: resources must not state addresses
/// themselves.
pub fn watch(client: &Client, required: bool) -> (Connections, impl Future<Output = ()> + use<>) {
    let namespaced = Api::<DeserializeGuard<Connection>>::all(client.clone());
    let cluster = Api::<DeserializeGuard<ClusterConnection>>::all(client.clone());
    let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
    let (namespaced, watch_namespaced) = view(watcher(namespaced, watcher::Config::default()));
    let (cluster, watch_cluster) = view(watcher(cluster, watcher::Config::default()));
    let (namespaces, watch_namespaces) = view(watcher(namespaces, watcher::Config::default()));
    let watches = async move {
        tokio::join!(watch_namespaced, watch_cluster, watch_namespaces);
    };
    (Connections { namespaced, cluster, namespaces, required }, watches)
}

impl Connections {
    /// Waits until the views are filled. With others, connections that exist would not be found.
    pub async fn wait_until_ready(&self) -> Result<(), WriterDropped> {
        self.namespaced.wait_until_ready().await?;
        self.cluster.wait_until_ready().await?;
        self.namespaces.wait_until_ready().await
    }
}

fn view<K, W>(events: W) -> (Store<K>, impl Future<Output = ()> + use<K, W>)
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    W: Stream<Item = watcher::Result<watcher::Event<K>>> + Send + 'static,
{
    let (store, writer) = reflector::store();
    let watch = events
        .default_backoff()
        // Managed fields are large, and never read.
        .modify(|object| {
            object.meta_mut().managed_fields = None;
        })
        .reflect(writer)
        .for_each(|event| async move {
            if let Err(error) = event {
                tracing::warn!(error = with_causes(&error), "a watch failed; restarting it");
            }
        });
    (store, watch)
}
