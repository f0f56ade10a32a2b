//! Which Kubernetes cluster this is.

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt as _};

/// A namespace that every cluster has; its UID identifies the cluster.
const NAMESPACE: &str = "kube-system";

/// The UID that distinguishes the records of this cluster's sources from those of another cluster.
pub async fn uid(client: &Client) -> Result<String> {
    let namespace = Api::<Namespace>::all(client.clone()).get(NAMESPACE).await;
    let namespace = namespace.with_context(|| {
        format!(
            "failed to read the namespace {NAMESPACE}, whose UID tells this cluster from others; the operator needs the \
             right to get it"
        )
    })?;
    namespace.uid().with_context(|| format!("the namespace {NAMESPACE} has no UID"))
}
