//! `EnrichmentRun`: one enrichment of what lies in an index, from start to end.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::elasticsearch::ElasticsearchCluster;

/// One enrichment: select documents, send them to models, store the enriched documents in another index. Like a
/// Job it runs once and ends; it cannot be changed afterwards.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "docmill.io",
    version = "v1alpha1",
    kind = "EnrichmentRun",
    namespaced,
    status = "EnrichmentRunStatus",
    shortname = "erun",
    category = "docmill",
    derive = "PartialEq",
    cel,
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Selected", type_ = "integer", json_path = ".status.selected"),
    printcolumn(name = "Done", type_ = "integer", json_path = ".status.done"),
    printcolumn(name = "Cached", type_ = "integer", json_path = ".status.cached"),
    printcolumn(name = "Failed", type_ = "integer", json_path = ".status.failed"),
    printcolumn(name = "Progress", type_ = "string", json_path = ".status.progress"),
    printcolumn(name = "Started", type_ = "date", json_path = ".status.startTime"),
    printcolumn(name = "Duration", type_ = "string", json_path = ".status.duration"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.size() <= 52")
        .message("metadata.name must be no more than 52 characters, so that the Job's name can be made from it"),
    validation = Rule::new("self.spec == oldSelf.spec")
        .message("spec is immutable: a run is a bounded piece of work; create another EnrichmentRun")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrichmentRunSpec {
    /// Where the documents come from.
    pub from: EnrichFrom,
    /// Where the enriched documents go.
    pub to: EnrichTo,
    /// Which documents: `New` (not yet enriched in this way) or `All`.
    #[serde(default)]
    pub select: Select,
    /// The models to ask, in this order.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub enrichers: Vec<Enricher>,
    /// The most pods at a time.
    #[serde(default = "default_parallelism")]
    #[schemars(range(min = 1, max = 100))]
    pub parallelism: i32,
    /// How many pods may fail before the run does.
    #[serde(default = "default_backoff_limit")]
    #[schemars(range(min = 0, max = 100))]
    pub backoff_limit: i32,
    /// The run fails when it has not ended after this many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub active_deadline_seconds: Option<i64>,
    /// The run is deleted this many seconds after its end. Left out: it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub ttl_seconds_after_finished: Option<i32>,
}

fn default_parallelism() -> i32 {
    1
}
fn default_backoff_limit() -> i32 {
    6
}

/// Where documents come from: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.sourceRef) != has(self.elasticsearch)")
    .message("exactly one of sourceRef and elasticsearch must be set"),
    validation = Rule::new("has(self.elasticsearch) == has(self.index)")
    .message("index goes with elasticsearch: set both or none").field_path(".index"))]
pub struct EnrichFrom {
    /// An IngestSource in this namespace: its cluster, and every index that its documents can be in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<SourceRef>,
    /// A cluster, for documents of several sources or of other clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticsearch: Option<ElasticsearchCluster>,
    /// Index, alias or pattern in that cluster, for example `articles-*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
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
    /// The cluster; the one that the documents come from, or another. It also holds the record of what was
    /// enriched, in the index `docmill-enrichments-<namespace>`.
    pub elasticsearch: ElasticsearchCluster,
    /// Name of the index, in the same form as `index.name` of an IngestSource, for example
    /// `enriched-{publishedAt:%Y.%m.%d}`. The id of an enriched document is the id of its article.
    #[schemars(length(min = 1, max = 200))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9][a-z0-9._-]*(\\\\{[A-Za-z_][A-Za-z0-9_.]*(:[^{}]+)?\\\\}[a-z0-9._-]*)*$')")
        .message("must start with a lower case letter or digit, and hold only those, '.', '_', '-' and fields in braces such as {publishedAt:%Y.%m.%d}"))]
    pub name: String,
}

/// Which documents of the source a run takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Select {
    /// Those that have not been enriched in this way: new ones, changed ones, and all if a model changed.
    #[default]
    New,
    /// All; a stored result is used again where neither the input nor the model changed.
    All,
}

/// One model, what it is given, and which fields it gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enricher {
    /// Name of this enrichment, by which its provenance is kept under `_docmill.enrichment`.
    #[schemars(length(max = 63), regex(pattern = r"^[a-z][a-zA-Z0-9_]*$"))]
    pub name: String,
    /// A model behind the Open Inference Protocol v2 (KServe, Triton, MLServer).
    pub open_inference: OpenInference,
    /// The tensors sent to the model.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub inputs: Vec<InputTensor>,
    /// The fields made from the tensors that the model gives back.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["field".into()]))]
    pub outputs: Vec<OutputField>,
    /// How many documents go to the model in one request.
    #[serde(default = "default_batch_size")]
    #[schemars(range(min = 1, max = 1024))]
    pub batch_size: i32,
    /// How long one request may take.
    #[serde(default = "default_timeout_seconds")]
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: i32,
}

fn default_batch_size() -> i32 {
    16
}
fn default_timeout_seconds() -> i32 {
    30
}

/// A model server that speaks the Open Inference Protocol v2 over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenInference {
    /// Base URL of the server, for example `http://models.ml.svc:8080`; `/v2/models/…` is added to it.
    #[schemars(regex(pattern = r"^https?://[^/]+"))]
    pub url: String,
    /// Name of the model.
    #[schemars(length(min = 1))]
    pub model: String,
    /// Version of the model. Left out: the server's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A text tensor (`BYTES`, one row a document).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InputTensor {
    /// Name of the tensor.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The text, with fields of the document in braces, for example `{headline}. {body}`. A field that a document
    /// lacks is empty.
    #[schemars(length(min = 1))]
    pub template: String,
}

/// A field made from an output tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutputField {
    /// Name of the tensor.
    #[schemars(length(min = 1))]
    pub tensor: String,
    /// Name of the field in the enriched document. It must not be one that the article has.
    #[schemars(regex(pattern = r"^[A-Za-z][A-Za-z0-9_]*$"))]
    pub field: String,
    /// What a row of the tensor is.
    #[serde(rename = "type")]
    pub type_: OutputType,
}

/// What one row of an output tensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OutputType {
    /// One text.
    String,
    /// One number.
    Number,
    /// Several numbers, for example an embedding.
    Vector,
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentRunStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Complete` or `Failed`, as of a Job, when the run has ended. `Ready`: what the spec names is reachable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Where the run is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The bounds of the selection, frozen when the run was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// Into how many slices the selection was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slices: Option<i32>,
    /// Documents that need work: neither enriched in this way already nor outside the bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<i64>,
    /// Documents whose enriched copy is stored, by a call or from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<i64>,
    /// Documents of `done` for which no model was called, since input and model had not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<i64>,
    /// Documents that a model or the index refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i64>,
    /// Requests sent to models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<i64>,
    /// How much of the selection is behind us, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// When the run was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// From `startTime` to `completionTime`, or until now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// Something that the spec names is missing, or nothing was planned yet.
    Pending,
    /// The selection is planned, and pods work or are about to.
    Running,
    /// Every selected document is enriched.
    Complete,
    /// The run ended without that.
    Failed,
}

/// Which documents a run looks at: those with `after < _docmill.indexedTime <= until`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// Left out: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Time>,
    /// The end of the second in which the run was created.
    pub until: Time,
}
