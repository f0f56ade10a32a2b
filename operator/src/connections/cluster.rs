//! What only an operator that watches all namespaces knows: `ClusterConnection`s, and the labels of namespaces.

use docmill_crds::ClusterConnection;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector::Store;
use kube::runtime::reflector::store::WriterDropped;
use kube::runtime::watcher;
use kube::{Api, Client};

use crate::k8s::view::watched;

/// The `ClusterConnection`s, and what decides who may use them.
pub struct ClusterViews {
    /// All `ClusterConnection`s.
    pub connections: Store<DeserializeGuard<ClusterConnection>>,
    /// The labels of all namespaces, which a `ClusterConnection` selects by.
    pub namespaces: Store<PartialObjectMeta<Namespace>>,
}

impl ClusterViews {
    /// The views, and the watches that keep them up to date while they are polled. The watches do not end.
    pub fn of(client: &Client) -> (Self, impl Future<Output = ()> + use<>) {
        let connections = Api::<DeserializeGuard<ClusterConnection>>::all(client.clone());
        let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
        let (connections, watch_connections) = watched(connections, watcher::Config::default());
        let (namespaces, watch_namespaces) = watched(namespaces, watcher::Config::default());
        let watches = async move {
            tokio::join!(watch_connections, watch_namespaces);
        };
        (Self { connections, namespaces }, watches)
    }

    /// Waits until the views are filled. With others, connections that exist would not be found.
    pub async fn ready(&self) -> Result<(), WriterDropped> {
        self.connections.wait_until_ready().await?;
        self.namespaces.wait_until_ready().await
    }
}
