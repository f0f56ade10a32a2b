//! `EnrichmentRun`: one enrichment of the documents in an index, from start to end.

mod indices;
mod select;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use indices::{OriginIndex, TargetIndex};
pub use select::{DocumentSelector, DocumentState};

use super::elasticsearch::ElasticsearchCluster;
use super::enricher::{Enricher, OutputType};
use super::ingest_source::Index;
use super::pod_template::PodTemplate;
use super::storage::Storage;

/// One enrichment: select documents, send them to models, store the enriched documents in another index. Like
/// a Job, it runs once and ends; only `suspend`, `budget`, `parallelism` and `ttlSecondsAfterFinished` can be
/// changed afterwards.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "docmill.io",
    version = "v1beta1",
    kind = "EnrichmentRun",
    namespaced,
    status = "EnrichmentRunStatus",
    shortname = "erun",
    category = "docmill",
    derive = "PartialEq",
    cel,
    printcolumn(name = "Source", type_ = "string", json_path = ".spec.from.sourceRef.name"),
    printcolumn(name = "To", type_ = "string", json_path = ".spec.to.index.name"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Selected", type_ = "integer", json_path = ".status.selected"),
    printcolumn(name = "Done", type_ = "integer", json_path = ".status.done"),
    printcolumn(name = "Cached", type_ = "integer", json_path = ".status.cached", priority = 1),
    printcolumn(name = "Failed", type_ = "integer", json_path = ".status.failed"),
    printcolumn(name = "Progress", type_ = "string", json_path = ".status.progress"),
    printcolumn(name = "Started", type_ = "date", json_path = ".status.startTime", priority = 1),
    printcolumn(name = "Duration", type_ = "string", json_path = ".status.duration"),
    printcolumn(name = "From", type_ = "string", json_path = ".spec.from.index.name", priority = 1),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.size() <= 52")
        .message("metadata.name must be no more than 52 characters, so that the Job's name can be made from it"),
    validation = Rule::new("self.spec.mode == oldSelf.spec.mode && self.spec.from == oldSelf.spec.from && self.spec.to == oldSelf.spec.to && self.spec.select == oldSelf.spec.select && self.spec.enrichers == oldSelf.spec.enrichers && has(self.spec.compare) == has(oldSelf.spec.compare) && (!has(self.spec.compare) || self.spec.compare == oldSelf.spec.compare) && self.spec.backoffLimit == oldSelf.spec.backoffLimit && has(self.spec.activeDeadlineSeconds) == has(oldSelf.spec.activeDeadlineSeconds) && (!has(self.spec.activeDeadlineSeconds) || self.spec.activeDeadlineSeconds == oldSelf.spec.activeDeadlineSeconds) && has(self.spec.maxDocuments) == has(oldSelf.spec.maxDocuments) && (!has(self.spec.maxDocuments) || self.spec.maxDocuments == oldSelf.spec.maxDocuments) && self.spec.onModelChange == oldSelf.spec.onModelChange && self.spec.dryRun == oldSelf.spec.dryRun && has(self.spec.podTemplate) == has(oldSelf.spec.podTemplate) && (!has(self.spec.podTemplate) || self.spec.podTemplate == oldSelf.spec.podTemplate)")
        .message("spec is immutable but for suspend, budget, parallelism and ttlSecondsAfterFinished: a run is a bounded piece of work; create another EnrichmentRun")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.compare) == (self.mode == 'Compare')")
        .message("compare goes with mode Compare: that one needs it, and no other takes it").field_path(".compare"),
    validation = Rule::new("!has(self.budget) || !self.dryRun")
        .message("a budget is not for dryRun, which calls no model").field_path(".budget"),
    validation = Rule::new("!self.dryRun || self.mode == 'Enrich'")
        .message("dryRun is for mode Enrich").field_path(".dryRun"),
    validation = Rule::new("self.onModelChange == 'Stop' || self.enrichers.all(e, e.outputs.all(o, o.type != 'Vector'))")
        .message("onModelChange must be Stop where an output is a Vector: vectors of different models never mix in one field").field_path(".onModelChange")
)]
pub struct EnrichmentRunSpec {
    /// Start no pods and stop the running ones; what they have stored stays. Set it to false to resume. A Job
    /// that another controller suspended, for example Kueue, is left to that controller.
    #[serde(default)]
    pub suspend: bool,
    /// `Enrich`: call the models and store their outputs. `Compare`: store nothing, and report how two of the
    /// enrichers, or raw and enriched documents, differ.
    #[serde(default)]
    pub mode: EnrichmentMode,
    /// Where the documents come from.
    pub from: EnrichFrom,
    /// Where the enriched documents go.
    pub to: EnrichTo,
    /// Which documents to enrich.
    #[serde(default)]
    pub select: DocumentSelector,
    /// The models to call, in this order.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub enrichers: Vec<Enricher>,
    /// What to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
    /// Maximum number of pods at a time. The run never has more pods than the smallest `maxInFlight` of its
    /// models. A change applies to a run at work, too; but the pods that a run starts with share the limits of
    /// its models, so a run that calls models never has more pods than at its start.
    #[serde(default = "default_parallelism")]
    #[schemars(range(min = 1, max = 100))]
    pub parallelism: i32,
    /// How many pods may fail before the run does.
    #[serde(default = "default_backoff_limit")]
    #[schemars(range(min = 0, max = 100))]
    pub backoff_limit: i32,
    /// The run fails if it has not ended after this many seconds. As with a Job, the count begins anew when a
    /// suspended run is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 31_536_000))]
    pub active_deadline_seconds: Option<i64>,
    /// The run is deleted this many seconds after it ends. Left out: it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub ttl_seconds_after_finished: Option<i32>,
    /// Maximum number of documents to process. The rest is left for the next run, because the bound of what
    /// is complete stays where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000_000_i64))]
    pub max_documents: Option<i64>,
    /// Total use of the models. The run is suspended before it would exceed the budget (its condition says
    /// `BudgetReached`); raise the budget, and the run resumes where it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What happens to the run when a model reports a different version than at the start. Outputs of the
    /// other version are stored only with `Continue`.
    #[serde(default)]
    pub on_model_change: OnModelChange,
    /// Only report how many documents would be selected, how many of them need no call, and how many calls
    /// and characters the others would take. No model is called and nothing is stored.
    #[serde(default)]
    pub dry_run: bool,
    /// Settings to add to the pods, as far as the administrator allows them.
    #[serde(default, skip_serializing_if = "PodTemplate::is_empty")]
    pub pod_template: PodTemplate,
}

impl EnrichmentRunSpec {
    /// Whether any output is a vector.
    pub fn stores_vectors(&self) -> bool {
        self.enrichers
            .iter()
            .flat_map(|enricher| &enricher.outputs)
            .any(|output| output.type_ == OutputType::Vector)
    }
}

/// What a run does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EnrichmentMode {
    /// Calls the models and stores their outputs.
    #[default]
    Enrich,
    /// Reports how two enrichers, or raw and enriched documents, differ.
    Compare,
}

/// What a run of mode Compare compares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.left) == has(self.right)")
    .message("left and right go together: set both, or none to compare each document with its enriched copy"))]
pub struct Compare {
    /// Name of an enricher. The two must have outputs for the same fields. Left out: each document is compared with its
    /// enriched copy, and no model is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub left: Option<String>,
    /// Name of the enricher to compare `left` with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub right: Option<String>,
    /// Numbers, and the cosine of vectors, agree when they differ by no more than this, in thousandths.
    #[serde(default = "default_tolerance_milli")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub tolerance_milli: i32,
}

fn default_tolerance_milli() -> i32 {
    1
}

/// Limits on the total use of a run's models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.calls) || has(self.inputCharacters)")
    .message("set calls, inputCharacters, or both"))]
pub struct Budget {
    /// Requests, retries included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000_000_i64))]
    pub calls: Option<i64>,
    /// Characters of the inputs, including those of base64-encoded bytes, counted again for each retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000_000_000_i64))]
    pub input_characters: Option<i64>,
}

/// What happens to a run when a model changes during it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnModelChange {
    /// It fails with the reason `ModelChanged`. The next run starts with the new version.
    #[default]
    Stop,
    /// It continues; each document records which version produced its fields, and the condition
    /// `ModelChanged` is set.
    Continue,
}

fn default_parallelism() -> i32 {
    1
}
fn default_backoff_limit() -> i32 {
    6
}

/// Where documents come from: exactly one of `sourceRef` and `elasticsearch`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.sourceRef) != has(self.elasticsearch)")
    .message("exactly one of sourceRef and elasticsearch must be set"),
    validation = Rule::new("has(self.elasticsearch) == has(self.index)")
    .message("index goes with elasticsearch: set both or none").field_path(".index"),
    validation = Rule::new("!has(self.storage) || !has(self.storage.bucket) && !has(self.storage.prefix)")
    .message("storage says how to reach the store; the documents say which bucket: leave out bucket and prefix").field_path(".storage"))]
pub struct EnrichFrom {
    /// An IngestSource in this namespace: its cluster, and every index that can hold its documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<SourceRef>,
    /// A cluster, for documents of several sources or of other clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticsearch: Option<ElasticsearchCluster>,
    /// Which indices of that cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<OriginIndex>,
    /// Only documents that match this query, in Elasticsearch's Query DSL, for example `{"term": {"language": "en"}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::serialization::any_object")]
    pub query: Option<Map<String, Value>>,
    /// The date field that holds the time a document was indexed. Documents without it are never selected.
    #[serde(default = "default_time_field")]
    #[schemars(length(min = 1, max = 256))]
    pub time_field: String,
    /// How to reach the bucket of raw objects, for enrichers that take the object itself. Left out: the
    /// `storage` of the IngestSource in `sourceRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
}

impl EnrichFrom {
    /// The index by which the records of a run name where its documents come from: the one that is stated, or the pattern of
    /// the source's.
    pub fn origin(&self, of_source: Option<&Index>) -> Option<String> {
        match &self.index {
            Some(index) => Some(index.name.clone()),
            None => of_source?.pattern(),
        }
    }
}

fn default_time_field() -> String {
    "_docmill.indexedTime".to_owned()
}

/// An IngestSource in the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceRef {
    /// Name of the IngestSource.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Where enriched documents go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrichTo {
    /// The cluster: the one that the documents come from, or another. It also holds the records of what was
    /// enriched, in the index `docmill-enrichments-<namespace>`.
    pub elasticsearch: ElasticsearchCluster,
    /// The index. The id of an enriched document is the id of its article.
    pub index: TargetIndex,
    /// Take over the records of what was enriched from their owner: the same namespace of another Kubernetes
    /// cluster. The owner must have stopped before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopt: bool,
}

/// Progress of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentRunStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Complete` or `Failed`, as in a Job, when the run has ended. `Ready`: everything that the spec names
    /// is reachable. `Suspended`: no pods run, because of `suspend` or the budget, or because another
    /// controller suspended the Job. `ModelChanged`: a model reported another version during the run.
    /// `DocumentsFailed`: some documents were refused; `select: {state: Failed}` selects them again. `Degraded`: pods
    /// of the run fail, for the reason given in the message, and are restarted. `Throttled`: a model or a
    /// cluster accepts no more requests or does not answer, and pods wait for it; the reason names it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Phase of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<EnrichmentPhase>,
    /// The bounds of the selection, frozen when the run was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// Number of slices of the selection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slices: Option<i32>,
    /// Documents to enrich: inside the bounds and not yet enriched in this way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<i64>,
    /// Documents whose enriched copy is stored, by a call or from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<i64>,
    /// Documents of `done` for which no model was called, since input and model had not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<i64>,
    /// Documents of `done` with empty inputs, for which no model was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<i64>,
    /// Documents that a model or the index refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i64>,
    /// Requests sent to models; with `dryRun`, those that the run would send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<i64>,
    /// Characters sent to models; with `dryRun`, those that the run would send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_characters: Option<i64>,
    /// The models, and the versions that their servers reported when the run was planned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub models: Vec<ModelStatus>,
    /// Results of a run of mode Compare, by field. Its report has examples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["field".into()]))]
    pub comparison: Vec<FieldComparison>,
    /// Where the report of a run of mode Compare is: the index and a query in the cluster of `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Processed part of the selection, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// When the run was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// From `startTime` to `completionTime`, once the run has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
}

/// A model of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelStatus {
    /// Name of the enricher.
    pub name: String,
    /// Name of the model.
    pub model: String,
    /// Its version, if one is requested or reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// How many documents agree in a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldComparison {
    /// Name of the field.
    pub field: String,
    /// Documents in which both sides agree.
    pub agreed: i64,
    /// Documents in which they differ.
    pub differing: i64,
}

/// Phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EnrichmentPhase {
    /// Something that the spec names is missing, or the run is not planned yet.
    Pending,
    /// The selection is planned, and pods work or are about to.
    Running,
    /// It is suspended: by `suspend`, because its budget is reached, or because another controller suspended
    /// its Job.
    Suspended,
    /// Every selected document was processed.
    Complete,
    /// The run ended before that.
    Failed,
}

/// The documents that a run considers: those with `after < indexed time <= until` (`from.timeField`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// Left out: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Time>,
    /// The end of the second in which the run was created.
    pub until: Time,
}
