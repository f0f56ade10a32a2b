//! What the operator hands to a worker pod, and what it gets back.
//!
//! In: the [`WorkOrder`] as JSON in an environment variable; credentials as files, one folder per Secret, so that
//! they appear in no manifest and a rotated Secret reaches a running pod. Out, while it runs: its [`Present`] at
//! `GET /status` on [`WORKER_PORT`]; at its end: a [`Report`] as the pod's termination message (the kubelet keeps up to
//! 4,096 bytes of it) and an [`ExitCode`].

mod present;

pub use present::{Held, Hindrance, HindranceReason, IndexTrouble, Present, Store};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::elasticsearch::ElasticsearchCluster;
use super::enricher::Enricher;
use super::enrichment_ledger::Versions;
use super::enrichment_run::{Bounds, Compare, EnrichTo, Matching, OnModelChange, Select};
use super::ingest_run::IngestRunSpec;
use super::ingest_source::{IngestSourceSpec, PollTrigger};
use super::own_index::{OwnIndex, Owner, SourceIdentity};
use super::storage::Storage;
use super::{ledger, run_ledger};

/// Environment variable with the [`WorkOrder`].
pub const WORK_ORDER_ENV: &str = "DOCMILL_WORK_ORDER";
/// Environment variable with the pod's own name, for `_docmill.runner` and the ledger.
pub const POD_NAME_ENV: &str = "DOCMILL_POD_NAME";
/// Environment of every worker: how glibc's allocator is to handle its memory. Left to itself it raises the size from which
/// a piece is given back to the system at once up to 32 MiB, and keeps a heap for each thread, so that a worker that
/// met some large documents stays large (<https://man7.org/linux/man-pages/man3/mallopt.3.html>).
pub const WORKER_MEMORY_ENV: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_ARENA_MAX", "2")];
/// Environment variable with the number of the slice, which the Job controller sets for an Indexed Job.
pub const SLICE_ENV: &str = "JOB_COMPLETION_INDEX";
/// Port of a worker pod with `/metrics` (Prometheus), `/status` ([`Present`]) and `/healthz`.
pub const WORKER_PORT: u16 = 8080;
/// Environment variable with the form of the logs, `json` or `text`, of operator and workers alike.
pub const LOG_FORMAT_ENV: &str = "DOCMILL_LOG_FORMAT";
/// Environment variable with the hosts and networks that operator and workers may ask, where not all are allowed.
pub const ENDPOINTS_ALLOW_ENV: &str = "DOCMILL_ENDPOINTS_ALLOW";
/// Environment variable with the hosts and networks that they may not ask.
pub const ENDPOINTS_DENY_ENV: &str = "DOCMILL_ENDPOINTS_DENY";
/// Environment variable with the hosts and networks that they may ask although such are denied by default.
pub const ENDPOINTS_ALLOW_RESERVED_ENV: &str = "DOCMILL_ENDPOINTS_ALLOW_RESERVED";
/// Environment variable in which every pod has the address of the API server.
pub const KUBERNETES_SERVICE_HOST_ENV: &str = "KUBERNETES_SERVICE_HOST";
/// File that the kubelet reads the [`Report`] from.
pub const TERMINATION_LOG: &str = "/dev/termination-log";

/// Folder under which each Secret of a pod is mounted, by one of the names in [`secret_mount`].
pub const SECRETS_DIR: &str = "/etc/docmill/secrets";

/// Environment variable with another folder than [`SECRETS_DIR`], for a worker outside of a pod.
pub const SECRETS_DIR_ENV: &str = "DOCMILL_SECRETS_DIR";

/// Names of the folders under [`SECRETS_DIR`].
pub mod secret_mount {
    /// `spec.storage.credentialsSecretRef` of an `IngestSource`.
    pub const STORAGE: &str = "storage";
    /// `spec.index.elasticsearch.secretRef` of an `IngestSource`.
    pub const INDEX: &str = "index";
    /// `spec.ledger.elasticsearch.secretRef` of an `IngestSource`.
    pub const LEDGER: &str = "ledger";
    /// The cluster that an `EnrichmentRun` reads.
    pub const FROM: &str = "from";
    /// The cluster that an `EnrichmentRun` writes.
    pub const TO: &str = "to";

    /// `secretRef` of an enricher, by its place among those of the run.
    pub fn enricher(place: usize) -> String {
        format!("enricher-{place}")
    }
}

/// Labels on what the operator makes, and the one that it asks for.
pub mod label {
    /// Name of the `IngestSource` that a worker works for.
    pub const SOURCE: &str = "docmill.io/source";
    /// Name of the `EnrichmentRun` that a worker works for.
    pub const RUN: &str = "docmill.io/run";
    /// Name of the `IngestRun` that a worker works for.
    pub const INGEST_RUN: &str = "docmill.io/ingest-run";
    /// On an `IngestRun`: which trigger of the source made it; `poll` is the only one.
    pub const TRIGGER: &str = "docmill.io/trigger";
    /// On an `EnrichmentRun`: name of the `EnrichmentSchedule` that made it.
    pub const SCHEDULE: &str = "docmill.io/schedule";
    /// On a Secret, by whoever may write it: that resources of its namespace may have Docmill use it.
    pub const USE: &str = "docmill.io/use";
    /// The value of [`USE`] that says so.
    pub const USE_ALLOWED: &str = "true";
}

/// Annotations on what the operator makes.
pub mod annotation {
    /// On an `EnrichmentRun`: the time of the schedule that it was made for, in RFC 3339.
    pub const SCHEDULED_TIME: &str = "docmill.io/scheduled-time";
}

/// What a worker pod is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WorkOrder {
    /// Take units from the queue of a source until there are none.
    Ingest(Box<IngestOrder>),
    /// Plan an ingest run, or work one part of it.
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
    /// UID of the Kubernetes cluster: that of its namespace `kube-system`.
    pub cluster: String,
    /// The source as it was when the pod was made; a later edit reaches later pods.
    pub spec: IngestSourceSpec,
}

impl IngestOrder {
    /// Who the records belong to.
    pub fn owner(&self) -> Owner {
        let source = Some(SourceIdentity { name: self.source.clone(), uid: self.uid.clone() });
        Owner { cluster: self.cluster.clone(), namespace: self.namespace.clone(), source }
    }

    /// All indices with records of the source.
    pub fn own_indices(&self) -> [OwnIndex; 3] {
        let [units, heads] = ledger::indices(&self.namespace, &self.source);
        [units, heads, run_ledger::runs(&self.namespace, &self.source)]
    }
}

/// Plan an ingest run, or work one part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunOrder {
    /// The source as it was when the run began; a later edit reaches later runs.
    pub ingest: IngestOrder,
    /// Name of the run.
    pub run: String,
    /// UID of the run, by which its records and files are kept.
    pub run_uid: String,
    /// When the run was created, in milliseconds since 1970.
    pub created_millis: i64,
    /// What is to be done.
    pub spec: IngestRunSpec,
    /// The poll trigger that the run was made for. Such a run is after new objects: what has its end in the ledger, with
    /// whatever conversion, is left alone. With `lexicographicalOrdering` it begins where an earlier one has seen to all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll: Option<PollTrigger>,
    /// Which step of the run this is.
    pub step: RunStep,
}

/// The steps of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunStep {
    /// Select units and write the manifest.
    Plan,
    /// Work one part of the manifest, the one that [`SLICE_ENV`] numbers.
    #[serde(rename_all = "camelCase")]
    Work {
        /// Files of the manifest.
        files: i64,
        /// Into how many parts they are shared.
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
    /// UID of the Kubernetes cluster: that of its namespace `kube-system`.
    pub cluster: String,
    /// What is to be done.
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
    /// How to reach the bucket of raw objects, where an enricher is given them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// Where to write.
    pub to: EnrichTo,
    /// The [`target_key`](crate::enrichment_ledger::target_key) of the run.
    pub target: String,
    /// Which documents.
    pub select: Select,
    /// Which documents `select: Matching` takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<Matching>,
    /// The models.
    pub enrichers: Vec<Enricher>,
    /// The versions that they told of when the run was planned.
    #[serde(default)]
    pub versions: Versions,
    /// What becomes of the run when they tell of others.
    pub on_model_change: OnModelChange,
    /// How many pods share `maxInFlight` and `requestsPerSecond` of a model.
    pub pods: i32,
    /// Whether there is a budget, which is kept in the [`LimitsRecord`](crate::enrichment_ledger::LimitsRecord).
    #[serde(default)]
    pub has_budget: bool,
    /// The most documents that the run may work on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_documents: Option<i64>,
    /// The part of the bounds that each slice covers, by the number of the slice. A slice is a range of time, so that
    /// it is the same documents when its pod is started again.
    pub slices: Vec<Bounds>,
}

impl EnrichOrder {
    /// Who the records belong to.
    pub fn owner(&self) -> Owner {
        Owner::of_enrichments(&self.cluster, &self.namespace)
    }
}

/// What is to be done with the documents of a slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EnrichStep {
    /// Take the vectors of other models out of the target, before those of another are stored. There is one slice.
    Clear,
    /// Call the models and store what they give.
    Enrich,
    /// Only tell what that would take.
    DryRun,
    /// Compare, and store nothing but what was found.
    Compare(Compare),
}

/// What a worker did, as its termination message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Units (of an ingest) or documents (of an enrichment) that ended well.
    pub done: u64,
    /// Units or documents that were refused.
    pub failed: u64,
    /// Units that were passed over.
    pub skipped: u64,
    /// Documents (of an ingest) that a later one of the same object and id has taken the place of.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overwritten: u64,
    /// Milliseconds in which there was something to do.
    pub busy_millis: u64,
    /// Why the worker ended.
    pub ended: String,
    /// What stopped it, where it did not end well; shortened to fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Report {
    /// The report as the kubelet keeps it: JSON of at most 4,096 bytes, with a long error cut short.
    pub fn to_message(&self) -> String {
        const ERROR_CHARS: usize = 700; // at most 4 bytes each in UTF-8, escaped ones included: stays below the limit
        let mut short = self.clone();
        if let Some(error) = &mut short.error {
            *error = error.chars().filter(|c| !c.is_control()).take(ERROR_CHARS).collect();
        }
        serde_json::to_string(&short).unwrap_or_default()
    }
}

/// Exit status of a worker, mapped by the Job's `podFailurePolicy`. The numbers are those of BSD `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// The work is done, or there is none.
    Done,
    /// Something outside failed (`EX_TEMPFAIL`): starting again later may help.
    Transient,
    /// The order itself cannot be worked (`EX_CONFIG`): starting again cannot help.
    Permanent,
    /// It was asked to end before its work was done, as a shell tells of SIGTERM: no failure.
    Stopped,
}

impl ExitCode {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Transient => 75,
            Self::Permanent => 78,
            Self::Stopped => 143,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Report;

    #[test]
    fn a_report_fits_into_a_termination_message() {
        let report = Report { error: Some("ß\n\"".repeat(10_000)), ..Report::default() };
        let message = report.to_message();
        assert!(message.len() <= 4096, "{} bytes", message.len());
        let back: Report = serde_json::from_str(&message).expect("a report");
        assert!(back.error.expect("an error").starts_with("ß\"ß"));
    }
}
