//! What the sweeps of both kinds of runs share.

use std::collections::HashSet;

use docmill_clients::aws::StoreError;
use docmill_clients::elastic::ElasticError;
use k8s_openapi::NamespaceResourceScope;
use kube::api::ListParams;
use kube::{Api, Client, Resource, ResourceExt as _};

use crate::outcome::not_ready::NotReady;
use crate::telemetry::metrics::{ResourceCollector, ResourceMetrics};

/// Maximum number of runs per sweep of one place.
pub(super) const RUNS_AT_A_TIME: usize = 50;

/// Why a place could not be swept.
#[derive(Debug, thiserror::Error)]
pub(super) enum SweepError {
    #[error(transparent)]
    Elastic(#[from] ElasticError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("failed to list the runs of the namespace: {0}")]
    Runs(#[from] kube::Error),
    #[error("{}: {}", .0.reason, .0.message)]
    Unreachable(NotReady),
}

/// UIDs of the runs of a namespace according to a view: good enough to exclude them from a search.
pub(super) fn known<K: ResourceMetrics>(resources: &ResourceCollector<K>, namespace: &str) -> Vec<String> {
    let runs = resources.state();
    let here = runs.iter().filter(|run| run.namespace().as_deref() == Some(namespace));
    here.filter_map(|run| run.uid()).collect()
}

/// The runs that no longer exist according to the API server. It is asked after the records were read, so it
/// lists every run that still exists then, and nothing of such a run is ever removed.
pub(super) async fn deleted<K>(
    client: &Client,
    namespace: &str,
    runs: Vec<String>,
) -> Result<Vec<String>, SweepError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned,
{
    if runs.is_empty() {
        return Ok(runs);
    }
    let listed =
        Api::<K>::namespaced(client.clone(), namespace).list_metadata(&ListParams::default()).await?;
    let existing: HashSet<String> = listed.items.iter().filter_map(kube::ResourceExt::uid).collect();
    Ok(of_deleted(runs, &existing))
}

pub(super) fn of_deleted(runs: Vec<String>, existing: &HashSet<String>) -> Vec<String> {
    let gone = runs.into_iter().filter(|run| is_uid(run) && !existing.contains(run));
    gone.take(RUNS_AT_A_TIME).collect()
}

/// Whether a text can be the UID of a resource. Keys are built from it, and anybody may have written it into
/// a record.
pub(super) fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
