//! The work order: what a worker pod has to do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::limits::RequestLimits;
use crate::api::elasticsearch::ElasticsearchCluster;
use crate::api::enricher::Enricher;
use crate::api::enrichment_run::{Bounds, Compare, DocumentSelector, EnrichTo, OnModelChange};
use crate::api::ingest_run::IngestRunSpec;
use crate::api::ingest_source::{IngestSourceSpec, PollTrigger};
use crate::api::storage::Storage;
use crate::records::enrichments::Versions;
use crate::records::own_index::{Layout, OwnIndex, Owner, SourceIdentity};
use crate::records::{heads, runs, units};

/// The work of a worker pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkOrder {
    /// Take units from the queue of a source until there are none.
    Ingest(Box<IngestOrder>),
    /// Plan an ingest run, or process one part of it.
    Run(Box<RunOrder>),
    /// Enrich one slice of a run.
    Enrich(Box<EnrichOrder>),
}

/// Take units from the queue of a source until there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngestOrder {
    /// Namespace of the source.
    pub namespace: String,
    /// Name of the source.
    pub source: String,
    /// UID of the source.
    pub uid: String,
    /// What tells Kubernetes clusters apart: by default, the UID of the namespace `kube-system`.
    pub cluster: String,
    /// The source as it was when the pod was created; a later edit applies to later pods.
    pub spec: IngestSourceSpec,
    /// The limits of the connections that its pods use, by the names in [`secret_mount`](super::secret_mount).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, RequestLimits>,
}

impl IngestOrder {
    /// The owner of the records.
    pub fn owner(&self) -> Owner {
        let source = Some(SourceIdentity { name: self.source.clone(), uid: self.uid.clone() });
        Owner { cluster: self.cluster.clone(), namespace: self.namespace.clone(), source }
    }

    /// All indices with records of the source.
    pub fn own_indices(&self) -> [OwnIndex; 3] {
        let [units, heads] = self.unit_indices();
        [units, heads, runs::runs(&self.namespace, &self.source)]
    }

    /// The indices with the records of the units and the heads of the source.
    pub fn unit_indices(&self) -> [OwnIndex; 2] {
        let layout = self
            .spec
            .ledger
            .as_ref()
            .map(|ledger| Layout { shards: ledger.number_of_shards, replicas: ledger.number_of_replicas });
        let layout = layout.unwrap_or_default();
        [
            OwnIndex {
                name: units::units_index(&self.namespace, &self.source),
                pattern: units::UNITS_PATTERN,
                body: units::units_index_body(),
                layout,
            },
            OwnIndex {
                name: heads::heads_index(&self.namespace, &self.source),
                pattern: heads::HEADS_PATTERN,
                body: heads::heads_index_body(),
                layout,
            },
        ]
    }
}

/// Plan an ingest run, or process one part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunOrder {
    /// The source as it was when the run began; a later edit applies to later runs.
    pub ingest: IngestOrder,
    /// Name of the run.
    pub run: String,
    /// UID of the run, by which its records and files are kept.
    pub run_uid: String,
    /// When the run was created, in milliseconds since 1970.
    pub created_millis: i64,
    /// What to do.
    pub spec: IngestRunSpec,
    /// The poll trigger for which the run was created. Such a run looks for new objects only: it skips units
    /// that are finished in the ledger, with whatever conversion. With `lexicographicalOrdering` it begins
    /// after the keys that an earlier run has fully processed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<PollTrigger>,
    /// Mode Forget: where enriched copies of the source's documents are. The Secret of each cluster is mounted under
    /// [`secret_mount::enriched`](super::secret_mount::enriched) of its position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enriched: Vec<EnrichedTarget>,
    /// Which step of the run this is.
    pub step: RunStep,
}

/// Where enrichments of a source's documents write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrichedTarget {
    /// The cluster.
    pub elasticsearch: ElasticsearchCluster,
    /// Pattern of the indices with the copies.
    pub pattern: String,
    /// The [`target_key`](crate::records::enrichments::target_key)s by which the cluster names documents that could not be
    /// enriched.
    pub target_keys: Vec<String>,
}

/// The steps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunStep {
    /// Select units and write the manifest.
    Plan,
    /// Process one part of the manifest, the one that [`SLICE_ENV`](super::SLICE_ENV) numbers.
    #[serde(rename_all = "camelCase")]
    Work {
        /// Files of the manifest.
        files: i64,
        /// Number of parts that share them.
        parts: i32,
    },
}

/// Enrich one slice of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrichOrder {
    /// Namespace of the run.
    pub namespace: String,
    /// Name of the run.
    pub run: String,
    /// UID of the run, by which its records are kept.
    pub run_uid: String,
    /// What tells Kubernetes clusters apart: by default, the UID of the namespace `kube-system`.
    pub cluster: String,
    /// What to do.
    pub step: EnrichStep,
    /// The cluster to read.
    pub from: ElasticsearchCluster,
    /// Index, alias or pattern to read.
    pub from_index: String,
    /// Only documents that match this query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_query: Option<Map<String, Value>>,
    /// The field by which documents are selected and sliced.
    pub time_field: String,
    /// How to reach the bucket of raw objects, if an enricher takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Where to write.
    pub to: EnrichTo,
    /// The [`target_key`](crate::records::enrichments::target_key) of the run.
    pub target: String,
    /// Which documents.
    pub select: DocumentSelector,
    /// The models.
    pub enrichers: Vec<Enricher>,
    /// The versions that they reported when the run was planned.
    #[serde(default)]
    pub versions: Versions,
    /// What happens to the run when they report other versions.
    pub on_model_change: OnModelChange,
    /// How many pods share `maxInFlight` and `requestsPerSecond` of a model.
    pub pods: i32,
    /// Whether there is a budget, which is kept in the [`LimitsRecord`](crate::records::enrichments::LimitsRecord).
    #[serde(default)]
    pub has_budget: bool,
    /// Maximum number of documents that the run may process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_documents: Option<i64>,
    /// The part of the bounds that each slice covers, by the number of the slice. A slice is a time range, so
    /// that it has the same documents when its pod is restarted.
    pub slices: Vec<Bounds>,
    /// The limits of the connections that its pods use, by the names in [`secret_mount`](super::secret_mount).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, RequestLimits>,
}

impl EnrichOrder {
    /// The owner of the records.
    pub fn owner(&self) -> Owner {
        Owner::of_enrichments(&self.cluster, &self.namespace)
    }
}

/// What to do with the documents of a slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EnrichStep {
    /// Remove the vectors of other models from the target, before vectors of a new model are stored. There is
    /// one slice.
    Clear,
    /// Call the models and store their outputs.
    Enrich,
    /// Only report what that would take.
    DryRun,
    /// Compare, and store only the findings.
    Compare(Compare),
}
