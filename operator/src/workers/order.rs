//! Work orders of the workers of a source. Pure.

use std::collections::BTreeMap;

use docmill_crds::IngestSource;
use docmill_crds::contract::IngestOrder;
use kube::ResourceExt as _;

/// The work order of every worker of this source, in the cluster with this UID.
pub fn ingest_order(source: &IngestSource, cluster_uid: &str) -> IngestOrder {
    IngestOrder {
        namespace: source.namespace().unwrap_or_default(),
        source: source.name_any(),
        uid: source.uid().unwrap_or_default(),
        cluster: cluster_uid.to_owned(),
        spec: source.spec.clone(),
        limits: BTreeMap::new(),
    }
}
