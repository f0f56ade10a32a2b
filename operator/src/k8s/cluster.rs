//! Which Kubernetes cluster this is.

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt as _};

use crate::args::Args;

/// A namespace that every cluster has; its UID identifies the cluster.
const NAMESPACE: &str = "kube-system";

/// What distinguishes the records of this cluster's sources from those of another cluster.
///
/// Without a `ClusterRole`, the operator cannot read `kube-system`. A Role in its own namespace lets it read
/// that namespace, whose UID serves as well: it outlives the release, and no other release has it by accident.
pub async fn uid(args: &Args, client: &Client) -> Result<String> {
    if let Some(uid) = &args.scope.cluster_uid {
        return Ok(uid.clone());
    }
    let name = if args.scope.watch_namespaces.is_empty() { NAMESPACE } else { args.lease.namespace.as_str() };
    let namespace = Api::<Namespace>::all(client.clone()).get(name).await;
    let namespace = namespace.with_context(|| {
        format!(
            "failed to read the namespace {name}, whose UID tells this cluster from others; give the operator the \
             right to get it, or set --cluster-uid"
        )
    })?;
    namespace.uid().with_context(|| format!("the namespace {name} has no UID"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::uid;
    use crate::args::Args;
    use crate::testing::{Asked, api, refusal};

    /// The UID of an operator in `docmill-news` with these flags, which may read the namespace `readable`.
    async fn uid_with(flags: &[&str], readable: &'static str) -> Result<String, String> {
        let (client, _) = api(move |asked: &Asked| {
            if asked.path == format!("/api/v1/namespaces/{readable}") {
                let uid = format!("uid-of-{readable}");
                (200, json!({"metadata": {"name": readable, "uid": uid}}))
            } else {
                refusal(403, "Forbidden")
            }
        });
        let given = [&["operator", "--worker-image", "w", "--namespace", "docmill-news"], flags].concat();
        let args = Args::try_parse_from(given).unwrap();
        uid(&args, &client).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_cluster_is_told_by_a_namespace_that_the_operator_may_read() {
        let watched = ["--watch-namespaces", "news"];
        assert_eq!(uid_with(&[], "kube-system").await.as_deref(), Ok("uid-of-kube-system"));
        assert_eq!(uid_with(&watched, "docmill-news").await.as_deref(), Ok("uid-of-docmill-news"));
        let told = uid_with(&watched, "kube-system").await.unwrap_err();
        assert!(told.contains("docmill-news") && told.contains("--cluster-uid"), "{told}");
    }

    #[tokio::test]
    async fn a_given_uid_needs_no_namespace() {
        assert_eq!(uid_with(&["--cluster-uid", "u-1"], "none").await.as_deref(), Ok("u-1"));
    }
}
