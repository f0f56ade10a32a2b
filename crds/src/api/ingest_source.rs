//! `IngestSource`: a bucket whose objects are continuously ingested.

mod index;
mod locations;
mod retention;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::connection_ref::ConnectionRef;
use super::credentials::{CredentialSource, SecretRef};
use super::elasticsearch::ElasticsearchCluster;
use super::pod_template::PodTemplate;
use crate::conversion::Conversion;
pub use index::{DateWindow, Index, InvalidDay};
pub use retention::LedgerRetention;

use super::storage::{BucketLocation, RawLocation, SnapshotLocation, Storage};
use super::tls::{Tls, with_certificates};

/// A bucket whose objects are continuously ingested: every new object becomes searchable documents, or a
/// refusal that can be inspected.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "docmill.io",
    version = "v1beta1",
    kind = "IngestSource",
    namespaced,
    status = "IngestSourceStatus",
    shortname = "isrc",
    category = "docmill",
    derive = "PartialEq",
    cel,
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Suspended", type_ = "boolean", json_path = ".spec.suspend"),
    printcolumn(name = "Workers", type_ = "integer", json_path = ".status.workers.active"),
    printcolumn(name = "Pending", type_ = "integer", json_path = ".status.units.pending"),
    printcolumn(name = "Lag", type_ = "integer", json_path = ".status.lagSeconds"),
    printcolumn(name = "Indexed", type_ = "integer", json_path = ".status.units.indexed"),
    printcolumn(name = "Bucket", type_ = "string", json_path = ".status.bucket", priority = 1),
    printcolumn(name = "Index", type_ = "string", json_path = ".spec.index.name", priority = 1),
    printcolumn(name = "Converted", type_ = "integer", json_path = ".status.units.converted", priority = 1),
    printcolumn(name = "Failed", type_ = "integer", json_path = ".status.units.failed"),
    printcolumn(name = "Last-Ingest", type_ = "date", json_path = ".status.lastIngestTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.size() <= 52")
        .message("metadata.name must be no more than 52 characters, so that names of worker Jobs can be made from it")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new(locations::has_bucket("raw"))
        .message("set storage.bucket, the bucket for everything, or raw.bucket").field_path(".raw"),
    validation = Rule::new(locations::has_bucket("snapshots"))
        .message("set storage.bucket, the bucket for everything, or snapshots.bucket").field_path(".snapshots"),
    validation = Rule::new(locations::has_bucket("errors"))
        .message("set storage.bucket, the bucket for everything, or errors.bucket").field_path(".errors"),
    validation = Rule::new(locations::snapshots_outside_raw())
        .message("snapshots must lie outside raw (another bucket, or prefixes that do not contain each other), or every snapshot would be ingested again")
        .field_path(".snapshots.bucket"),
    validation = Rule::new(locations::errors_outside_raw())
        .message("errors must lie outside raw (another bucket, or prefixes that do not contain each other), or every refusal would be ingested again")
        .field_path(".errors.bucket"),
    validation = Rule::new("has(self.index) || has(self.ledger) && has(self.ledger.elasticsearch)")
        .message("index is left out, so ledger.elasticsearch must say which cluster keeps the records of what was done")
        .field_path(".ledger")
)]
pub struct IngestSourceSpec {
    /// Start no new workers; running ones finish the units they hold and end. The longer a source is suspended, the less
    /// often its status is updated: at first every 10 seconds, after ten hours every hour.
    #[serde(default)]
    pub suspend: bool,
    /// How to reach the object store and the queue.
    pub storage: Storage,
    /// Which objects are ingested. Bucket left out: those in `storage.bucket` whose keys start with `prefix`, or with
    /// `raw/` below `storage.prefix`.
    #[serde(default)]
    pub raw: RawLocation,
    /// How Docmill learns of new objects.
    pub trigger: Trigger,
    /// How an object becomes documents.
    pub conversion: Conversion,
    /// Where the JSON of each converted object is kept. Bucket left out: in `storage.bucket`, below `prefix`, or below
    /// `snapshots/` below `storage.prefix`.
    #[serde(default)]
    pub snapshots: SnapshotLocation,
    /// Where refused objects are kept: the unchanged object, as
    /// `<prefix><namespace>/<source>/objects/<raw key>/<unit digest>`, and next to it
    /// `<unit digest>.error.json` with the reason. Bucket left out: in `storage.bucket`, below `prefix`, or below
    /// `errors/` below `storage.prefix`.
    #[serde(default)]
    pub errors: BucketLocation,
    /// Where documents become searchable. Left out: documents are only converted and stored as snapshots;
    /// successful units are then `Converted` instead of `Indexed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Index>,
    /// Where the outcome of each object is recorded, and who owns these records. Left out: in the cluster of
    /// the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Ledger>,
    /// Number and lifetime of worker pods.
    #[serde(default)]
    pub workers: Workers,
    /// How many finished runs of the poll trigger are kept.
    #[serde(default)]
    pub history: History,
}

/// How Docmill learns of new objects: from a queue, by listing the bucket periodically, or both. An object
/// found both ways is ingested once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("has(self.sqs) || has(self.poll)").message("set sqs, poll, or both"))]
pub struct Trigger {
    /// A queue that receives the bucket's notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqs: Option<SqsTrigger>,
    /// Lists the bucket periodically, by an IngestRun of mode Process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<PollTrigger>,
}

impl Trigger {
    /// URL of the queue, if there is one.
    pub fn queue_url(&self) -> Option<&str> {
        self.sqs.as_ref().map(|sqs| sqs.queue_url.as_str())
    }
}

/// Listing of the bucket. Each listing is an IngestRun of mode Process, created for the source, and never
/// more than one at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PollTrigger {
    /// Seconds from the start of a listing to the start of the next one; if a listing takes longer, the next
    /// one starts right after it ends.
    #[schemars(range(min = 10, max = 604_800))]
    pub interval_seconds: i32,
    /// Keys only grow (they begin with a date, for example), so a listing begins after the keys that an
    /// earlier one has fully processed. Left out: the whole prefix is listed each time.
    #[serde(default)]
    pub lexicographical_ordering: bool,
}

/// How many finished runs are kept, as in a CronJob. The newest run is always kept, because its start decides
/// when the next one is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct History {
    /// Number of complete runs to keep.
    #[serde(default = "default_successful_runs_history_limit")]
    #[schemars(range(min = 0, max = 1000))]
    pub successful_runs_history_limit: i32,
    /// Number of failed runs to keep.
    #[serde(default = "default_failed_runs_history_limit")]
    #[schemars(range(min = 0, max = 1000))]
    pub failed_runs_history_limit: i32,
}

impl Default for History {
    fn default() -> Self {
        Self {
            successful_runs_history_limit: default_successful_runs_history_limit(),
            failed_runs_history_limit: default_failed_runs_history_limit(),
        }
    }
}

fn default_successful_runs_history_limit() -> i32 {
    3
}
fn default_failed_runs_history_limit() -> i32 {
    1
}

/// An SQS queue with S3 event notifications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.queueURL) != has(self.connectionRef)")
        .message("exactly one of queueURL and connectionRef must be set"),
    validation = Rule::new("!has(self.connectionRef) || !has(self.region) && !has(self.credentialsSecretRef) && !has(self.tls)")
        .message("the connection says how to reach the queue: leave out all other fields beside connectionRef")
        .field_path(".connectionRef")
)]
pub struct SqsTrigger {
    /// URL of the queue as SQS gives it, for example `https://sqs.eu-west-1.amazonaws.com/123456789012/wire`.
    #[serde(default, rename = "queueURL", skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2048), regex(pattern = r"^https?://[^/]+/.+"))]
    pub queue_url: String,
    /// A Connection or ClusterConnection of type `queue`, which says all that the other fields would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_ref: Option<ConnectionRef>,
    /// Region of the queue. Left out: that of `storage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub region: Option<String>,
    /// Secret in this namespace with the keys of `storage.credentialsSecretRef`, for the queue alone. Left out: the
    /// credentials of `storage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SecretRef>,
    /// Certificates for the queue alone: whom to trust, and for mutual TLS the client's own. Left out: those of
    /// `storage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<Tls>>,
}

/// Where the outcome of each object is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ledger {
    /// The cluster. Left out: the cluster of the index. The records are in its indices
    /// `docmill-units-<namespace>.<name>` and `docmill-heads-<namespace>.<name>`, those of runs in
    /// `docmill-runs-<namespace>.<name>`. A different cluster has no records, so that all work is done again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elasticsearch: Option<ElasticsearchCluster>,
    /// Primary shards of `docmill-units-…` and of `docmill-heads-…`, when they are created; existing ones keep theirs.
    /// A shard takes some 100 million articles well, and a billion at most. Left out: 1. Not for Elasticsearch
    /// Serverless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1024))]
    pub number_of_shards: Option<i32>,
    /// Copies of each of these shards, when the indices are created. Left out: one, where the cluster has a second
    /// node. Not for Elasticsearch Serverless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1024))]
    pub number_of_replicas: Option<i32>,
    /// How long records are kept that say nothing of what is searchable. Left out: all records are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<LedgerRetention>,
    /// Take over these indices from their owner: a source of another Kubernetes cluster, or an earlier source
    /// of this name. The next worker does so, and continues from the records. The previous owner must have
    /// stopped writing to them before; remove this field once the takeover is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopt: bool,
}

impl IngestSourceSpec {
    /// The cluster with the documents, or `None` if they are only converted.
    pub fn index_cluster(&self) -> Option<&ElasticsearchCluster> {
        self.index.as_ref().map(|index| &index.elasticsearch)
    }

    /// The cluster with the records. `None` only if the schema's rule was not applied.
    pub fn ledger_cluster(&self) -> Option<&ElasticsearchCluster> {
        self.own_ledger_cluster().or(self.index_cluster())
    }

    /// The cluster with the records, if `spec.ledger` names it.
    pub fn own_ledger_cluster(&self) -> Option<&ElasticsearchCluster> {
        self.ledger.as_ref()?.elasticsearch.as_ref()
    }

    /// How to reach the queue: as the object store, but for what the trigger has of its own.
    pub fn queue_storage(&self) -> Storage {
        let mut storage = self.storage.clone();
        if let Some(region) = self.trigger.sqs.as_ref().and_then(|sqs| sqs.region.as_ref()) {
            storage.region.clone_from(region);
        }
        let (named, tls) = self.queue_access();
        (storage.credentials_secret_ref, storage.tls) = (named.cloned(), tls.cloned().map(Box::new));
        storage
    }

    /// Where the credentials and certificates for the queue come from, if it has any of its own; empty if they are those
    /// of the object store.
    pub fn queue_credentials(&self) -> Vec<CredentialSource<'_>> {
        let sqs = self.trigger.sqs.as_ref();
        if !sqs.is_some_and(|sqs| sqs.credentials_secret_ref.is_some() || sqs.tls.is_some()) {
            return Vec::new();
        }
        let (named, tls) = self.queue_access();
        with_certificates(named, tls)
    }

    /// The Secret and the certificates for the queue: its own, or those of the object store.
    fn queue_access(&self) -> (Option<&SecretRef>, Option<&Tls>) {
        let (sqs, storage) = (self.trigger.sqs.as_ref(), &self.storage);
        let named = sqs.and_then(|sqs| sqs.credentials_secret_ref.as_ref());
        let tls = sqs.and_then(|sqs| sqs.tls.as_deref());
        (named.or(storage.credentials_secret_ref.as_ref()), tls.or(storage.tls.as_deref()))
    }

    /// Whether to take over the records from their owner.
    pub fn adopts(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.adopt)
    }
}

/// Number and lifetime of worker pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workers {
    /// Maximum number of worker pods at a time.
    #[serde(default = "default_max")]
    #[schemars(range(min = 1, max = 1000))]
    pub max: i32,
    /// Seconds within which the backlog should be processed. A shorter time starts more workers.
    #[serde(default = "default_target_lag_seconds")]
    #[schemars(range(min = 1, max = 86400))]
    pub target_lag_seconds: i32,
    /// A worker ends after this many seconds without work.
    #[serde(default = "default_idle_seconds")]
    #[schemars(range(min = 1, max = 86400))]
    pub idle_seconds: i32,
    /// A worker that has run for this many seconds finishes the units it holds and hands over to a new one.
    #[serde(default = "default_max_lifetime_seconds")]
    #[schemars(range(min = 30, max = 604_800))]
    pub max_lifetime_seconds: i32,
    /// Settings to add to the worker pods, as far as the administrator allows them.
    #[serde(default, skip_serializing_if = "PodTemplate::is_empty")]
    pub pod_template: PodTemplate,
}

impl Default for Workers {
    fn default() -> Self {
        Self {
            max: default_max(),
            target_lag_seconds: default_target_lag_seconds(),
            idle_seconds: default_idle_seconds(),
            max_lifetime_seconds: default_max_lifetime_seconds(),
            pod_template: PodTemplate::default(),
        }
    }
}

fn default_max() -> i32 {
    10
}
fn default_target_lag_seconds() -> i32 {
    60
}
fn default_idle_seconds() -> i32 {
    30
}
fn default_max_lifetime_seconds() -> i32 {
    3600
}

/// Observed state, computed from the queue, the ledger and the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestSourceStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: everything that the spec names exists and is reachable. `Progressing`: there is work, and
    /// workers process it. `Throttled`: a store accepts no more requests or does not answer, and workers wait
    /// for it; the reason names it. `Degraded`: workers fail, or something must be repaired before they can
    /// continue. `Suspended`: `spec.suspend` is true, or was before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Digest of the current conversion model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The bucket whose objects are ingested: `raw.bucket` or `storage.bucket` of the spec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// Digest of what the connections state that the source refers to. Left out: it refers to none, or one of them cannot be
    /// used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections_digest: Option<String>,
    /// Number of units (versions of raw objects) in each state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<UnitCounts>,
    /// The most frequent failure reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top_failures: Vec<FailureCount>,
    /// What `spec.conversion.repairs` mended in objects that were recorded within the last 24 hours, most frequent first.
    /// Left out if nothing was mended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<RepairCount>,
    /// Number of workers, and how it was computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkerCounts>,
    /// Seconds from the arrival of an object to its record in the ledger, measured at the newest record; it
    /// grows while there is a backlog and nothing is recorded, and is 0 if there is no backlog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<i64>,
    /// When a unit was last recorded as indexed or converted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ingest_time: Option<Time>,
}

/// Units by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnitCounts {
    /// Notifications in the queue, waiting or in flight (SQS counts are approximate). Without a queue: units
    /// that the poll trigger's run has selected and not processed yet.
    pub pending: i64,
    /// Units whose documents are in the index.
    pub indexed: i64,
    /// Units whose documents are stored as snapshots only, because the source had no `spec.index` when they
    /// were converted. Left out if zero.
    #[serde(default, skip_serializing_if = "crate::serialization::is_default")]
    pub converted: i64,
    /// Pending units that wait for an index with a problem of its own, as reported by the running workers.
    /// Left out if zero.
    #[serde(default, skip_serializing_if = "crate::serialization::is_default")]
    pub held: i64,
    /// Units that were refused; see `topFailures` and the errors bucket.
    pub failed: i64,
    /// Units that were skipped, for example because the object was gone. With those in `expired`.
    pub skipped: i64,
    /// Skipped units whose records `spec.ledger.retention` has removed. A unit that comes again after that counts as
    /// another one. Left out if zero.
    #[serde(default, skip_serializing_if = "crate::serialization::is_default")]
    pub expired: i64,
}

/// Number of failed units with one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureCount {
    /// Reason code, for example `MissingField`.
    pub reason: String,
    /// Number of units.
    pub count: i64,
}

/// How often objects were mended in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepairCount {
    /// Name of the repair, for example `BareAmpersand`.
    pub repair: String,
    /// How often it was made.
    pub count: i64,
}

/// The workers of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkerCounts {
    /// Worker Jobs that have not ended: their pods are starting or running.
    pub active: i32,
    /// Desired number of worker Jobs.
    pub desired: i32,
    /// How `desired` was computed.
    pub message: String,
    /// Units that one worker processes in a second at full load, as last measured; from 100 on rounded down to tens. Left out
    /// before the first measurement. The operator plans with it while no worker can be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units_per_second: Option<i32>,
}
