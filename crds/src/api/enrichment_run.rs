//! `EnrichmentRun`: one enrichment of what lies in an index, from start to end.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::elasticsearch::ElasticsearchCluster;
use super::enricher::{Enricher, OutputType};
use super::ingest_source::PodTemplate;
use super::storage::Storage;

/// One enrichment: select documents, send them to models, store the enriched documents in another index. Like a
/// Job it runs once and ends; apart from `suspend` and `budget` it cannot be changed afterwards.
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
    validation = Rule::new("self.spec.mode == oldSelf.spec.mode && self.spec.from == oldSelf.spec.from && self.spec.to == oldSelf.spec.to && self.spec.select == oldSelf.spec.select && has(self.spec.matching) == has(oldSelf.spec.matching) && (!has(self.spec.matching) || self.spec.matching == oldSelf.spec.matching) && self.spec.enrichers == oldSelf.spec.enrichers && has(self.spec.compare) == has(oldSelf.spec.compare) && (!has(self.spec.compare) || self.spec.compare == oldSelf.spec.compare) && self.spec.parallelism == oldSelf.spec.parallelism && self.spec.backoffLimit == oldSelf.spec.backoffLimit && has(self.spec.activeDeadlineSeconds) == has(oldSelf.spec.activeDeadlineSeconds) && (!has(self.spec.activeDeadlineSeconds) || self.spec.activeDeadlineSeconds == oldSelf.spec.activeDeadlineSeconds) && has(self.spec.ttlSecondsAfterFinished) == has(oldSelf.spec.ttlSecondsAfterFinished) && (!has(self.spec.ttlSecondsAfterFinished) || self.spec.ttlSecondsAfterFinished == oldSelf.spec.ttlSecondsAfterFinished) && has(self.spec.maxDocuments) == has(oldSelf.spec.maxDocuments) && (!has(self.spec.maxDocuments) || self.spec.maxDocuments == oldSelf.spec.maxDocuments) && self.spec.onModelChange == oldSelf.spec.onModelChange && self.spec.dryRun == oldSelf.spec.dryRun && has(self.spec.podTemplate) == has(oldSelf.spec.podTemplate) && (!has(self.spec.podTemplate) || self.spec.podTemplate == oldSelf.spec.podTemplate)")
        .message("spec is immutable but for suspend and budget: a run is a bounded piece of work; create another EnrichmentRun")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.compare) == (self.mode == 'Compare')")
        .message("compare goes with mode Compare: that one needs it, and no other takes it").field_path(".compare"),
    validation = Rule::new("has(self.matching) == (self.select == 'Matching')")
        .message("matching goes with select Matching: set both or none").field_path(".matching"),
    validation = Rule::new("!has(self.budget) || !self.dryRun")
        .message("a budget is not for dryRun, which calls no model").field_path(".budget"),
    validation = Rule::new("!self.dryRun || self.mode == 'Enrich'")
        .message("dryRun is for mode Enrich").field_path(".dryRun"),
    validation = Rule::new("self.onModelChange == 'Stop' || self.enrichers.all(e, e.outputs.all(o, o.type != 'Vector'))")
        .message("onModelChange must be Stop where an output is a Vector: vectors of different models never mix in one field").field_path(".onModelChange")
)]
pub struct EnrichmentRunSpec {
    /// Start no pods, and end those that run; what they have stored stays. Set it back to go on.
    #[serde(default)]
    pub suspend: bool,
    /// `Enrich`: call the models and store what they give. `Compare`: store nothing, and tell how two of the enrichers, or
    /// raw and enriched documents, differ.
    #[serde(default)]
    pub mode: EnrichmentMode,
    /// Where the documents come from.
    pub from: EnrichFrom,
    /// Where the enriched documents go.
    pub to: EnrichTo,
    /// Which documents.
    #[serde(default)]
    pub select: Select,
    /// Which documents `select: Matching` takes. They have to meet all that is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<Matching>,
    /// The models to ask, in this order.
    #[schemars(length(min = 1, max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub enrichers: Vec<Enricher>,
    /// What is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compare>,
    /// The most pods at a time. There are no more than the smallest `maxInFlight` of its models.
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
    /// The most documents that it works on. What is left is for the next run, since the bound of what is complete stays
    /// where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_documents: Option<i64>,
    /// What the models may be asked in all. Before it would be exceeded the run is suspended (its condition says
    /// `BudgetReached`); raise it, and the run goes on where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What becomes of the run when a model tells of another version than at its start. What the other version gave is
    /// stored only with `Continue`.
    #[serde(default)]
    pub on_model_change: OnModelChange,
    /// Only tell how many documents would be selected, how many of them need no call, and how many calls and characters
    /// the others would take. Nothing is called and nothing is stored.
    #[serde(default)]
    pub dry_run: bool,
    /// What users may add to the pods.
    #[serde(default, skip_serializing_if = "PodTemplate::is_empty")]
    pub pod_template: PodTemplate,
}

impl EnrichmentRunSpec {
    /// Whether it stores vectors.
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
    /// Calls the models and stores what they give.
    #[default]
    Enrich,
    /// Tells how two enrichers, or raw and enriched documents, differ.
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
    pub left: Option<String>,
    /// Name of the enricher that it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<String>,
    /// Numbers, and the cosine of vectors, agree when they differ by no more than this, in thousandths.
    #[serde(default = "default_tolerance_milli")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub tolerance_milli: i32,
}

fn default_tolerance_milli() -> i32 {
    1
}

/// What the models of a run may be asked in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.calls) || has(self.inputCharacters)")
    .message("set calls, inputCharacters, or both"))]
pub struct Budget {
    /// Requests, retries included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub calls: Option<i64>,
    /// Characters of the inputs (those of bytes in base64 included), again for each retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub input_characters: Option<i64>,
}

/// What becomes of a run when a model changes meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnModelChange {
    /// It fails with the reason `ModelChanged`. The next run starts with the new version.
    #[default]
    Stop,
    /// It goes on; each document tells which version it got its fields from, and the condition `ModelChanged` is set.
    Continue,
}

/// Which documents `select: Matching` takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.timeRange) || has(self.ids) || has(self.query)")
    .message("set at least one of timeRange, ids and query"))]
pub struct Matching {
    /// Those that were indexed in this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_range: Option<DocumentTimeRange>,
    /// Those with these ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000))]
    pub ids: Option<Vec<String>>,
    /// Those that match this query, in Elasticsearch's Query DSL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::any_json::object")]
    pub query: Option<Map<String, Value>>,
}

/// A length of time: `after < time <= until`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.after) || has(self.until)").message("set after, until, or both"))]
pub struct DocumentTimeRange {
    /// Left out: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Time>,
    /// Left out: until the run was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

fn default_parallelism() -> i32 {
    1
}
fn default_backoff_limit() -> i32 {
    6
}

/// Where documents come from: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
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
    /// Only documents that match this query, in Elasticsearch's Query DSL, for example `{"term": {"language": "en"}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::any_json::object")]
    pub query: Option<Map<String, Value>>,
    /// The field that tells when a document was indexed, a date. Documents without it are never selected.
    #[serde(default = "default_time_field")]
    #[schemars(length(min = 1, max = 256))]
    pub time_field: String,
    /// How to reach the bucket of raw objects, for enrichers that are given the object itself. Left out: as the IngestSource
    /// of `sourceRef` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
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
    /// The cluster; the one that the documents come from, or another. It also holds the record of what was
    /// enriched, in the index `docmill-enrichments-<namespace>`.
    pub elasticsearch: ElasticsearchCluster,
    /// Name of the index, in the same form as `index.name` of an IngestSource, for example
    /// `enriched-{publishedAt:%Y.%m.%d}`. The id of an enriched document is the id of its article.
    #[schemars(length(min = 1, max = 200))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9][a-z0-9._-]*(\\\\{[A-Za-z_][A-Za-z0-9_.]*(:[^{}]+)?\\\\}[a-z0-9._-]*)*$')")
        .message("must start with a lower case letter or digit, and hold only those, '.', '_', '-' and fields in braces such as {publishedAt:%Y.%m.%d}"),
        validation = Rule::new("!self.startsWith('docmill-')")
        .message("must not start with docmill-, which is how Docmill's own indices are named"))]
    pub name: String,
    /// Take over the record of what was enriched from whoever it belongs to: the same namespace of another Kubernetes
    /// cluster. It has to have stopped before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopt: bool,
}

/// Which documents of the source a run takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Select {
    /// Those that have not been enriched in this way: new ones, changed ones, and all if a model changed.
    #[default]
    New,
    /// Those that failed at an enricher or could not be stored, according to the enrichment's records.
    Failed,
    /// All; a stored result is used again where neither the input nor the model changed.
    All,
    /// Those that `matching` tells of, like `All`.
    Matching,
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentRunStatus {
    /// The generation of the spec that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Complete` or `Failed`, as of a Job, when the run has ended. `Ready`: what the spec names is reachable.
    /// `Suspended`: no pods run, because of `suspend` or the budget. `ModelChanged`: a model told of another version in
    /// the middle of the run. `DocumentsFailed`: some documents were refused; `select: Failed` takes them again. `Degraded`: pods of the run
    /// fail, for the reason that the message tells, and are started again. `Throttled`: a model or a cluster takes no more, or does
    /// not answer, and pods wait for it; the reason names it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Where the run is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<EnrichmentPhase>,
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
    /// Documents of `done` that had nothing to give a model, which was not asked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<i64>,
    /// Documents that a model or the index refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i64>,
    /// Requests sent to models; with `dryRun` those that it would take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<i64>,
    /// Characters sent to models; with `dryRun` those that it would take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_characters: Option<i64>,
    /// The models, and the versions that their servers told of when the run was planned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub models: Vec<ModelStatus>,
    /// What a run of mode Compare found, by field. Examples are in its report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["field".into()]))]
    pub comparison: Vec<FieldComparison>,
    /// Where the report of a run of mode Compare is: the index and a query in the cluster of `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
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

/// A model of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelStatus {
    /// Name of the enricher.
    pub name: String,
    /// Name of the model.
    pub model: String,
    /// Its version, where one is asked for or told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// How far the values of a field agree.
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

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EnrichmentPhase {
    /// Something that the spec names is missing, or nothing was planned yet.
    Pending,
    /// The selection is planned, and pods work or are about to.
    Running,
    /// It is suspended, by `suspend` or because its budget is reached.
    Suspended,
    /// Every selected document was gone through.
    Complete,
    /// The run ended without that.
    Failed,
}

/// Which documents a run looks at: those with `after < indexed time <= until` (`from.timeField`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// Left out: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Time>,
    /// The end of the second in which the run was created.
    pub until: Time,
}
