//! `IngestRun`: on-demand work on the objects of an `IngestSource`, from start to end.

mod forget;
pub mod probe;

pub use forget::{Forget, Forgotten};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::probe::ProbeResult;
use super::enrichment_run::SourceRef;
use super::time_range::TimeRange;
use crate::conversion::Conversion;
use crate::reason::Reason as FailureReason; // KubeSchema brings a Reason of its own

/// On-demand work on the objects of an IngestSource: a backfill, a replay of failed units, a reconversion, a
/// dry run of a new conversion, an audit, an erasure, a probe, or a daily manifest. Like a Job, it runs once and ends; only
/// `suspend`, `parallelism` and `ttlSecondsAfterFinished` can be changed afterwards. It uses the source as it was when the
/// run began.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "docmill.io",
    version = "v1beta1",
    kind = "IngestRun",
    namespaced,
    status = "IngestRunStatus",
    shortname = "irun",
    category = "docmill",
    derive = "PartialEq",
    cel,
    printcolumn(name = "Source", type_ = "string", json_path = ".spec.sourceRef.name"),
    printcolumn(name = "Mode", type_ = "string", json_path = ".spec.mode"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Selected", type_ = "integer", json_path = ".status.selected"),
    printcolumn(name = "Done", type_ = "integer", json_path = ".status.done"),
    printcolumn(name = "Changed", type_ = "integer", json_path = ".status.changed", priority = 1),
    printcolumn(name = "Failed", type_ = "integer", json_path = ".status.failed"),
    printcolumn(name = "Progress", type_ = "string", json_path = ".status.progress"),
    printcolumn(name = "Started", type_ = "date", json_path = ".status.startTime"),
    printcolumn(name = "Duration", type_ = "string", json_path = ".status.duration"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.size() <= 52")
        .message("metadata.name must be no more than 52 characters, so that the names of the Jobs can be made from it"),
    validation = Rule::new("self.spec.sourceRef == oldSelf.spec.sourceRef && self.spec.mode == oldSelf.spec.mode && has(self.spec.select) == has(oldSelf.spec.select) && (!has(self.spec.select) || self.spec.select == oldSelf.spec.select) && has(self.spec.conversion) == has(oldSelf.spec.conversion) && (!has(self.spec.conversion) || self.spec.conversion == oldSelf.spec.conversion) && has(self.spec.forget) == has(oldSelf.spec.forget) && (!has(self.spec.forget) || self.spec.forget == oldSelf.spec.forget) && has(self.spec.day) == has(oldSelf.spec.day) && (!has(self.spec.day) || self.spec.day == oldSelf.spec.day) && self.spec.repair == oldSelf.spec.repair && self.spec.dryRun == oldSelf.spec.dryRun && self.spec.backoffLimit == oldSelf.spec.backoffLimit && has(self.spec.maxUnitsPerSecond) == has(oldSelf.spec.maxUnitsPerSecond) && (!has(self.spec.maxUnitsPerSecond) || self.spec.maxUnitsPerSecond == oldSelf.spec.maxUnitsPerSecond) && has(self.spec.activeDeadlineSeconds) == has(oldSelf.spec.activeDeadlineSeconds) && (!has(self.spec.activeDeadlineSeconds) || self.spec.activeDeadlineSeconds == oldSelf.spec.activeDeadlineSeconds) && has(self.spec.maxDeletedUnits) == has(oldSelf.spec.maxDeletedUnits) && (!has(self.spec.maxDeletedUnits) || self.spec.maxDeletedUnits == oldSelf.spec.maxDeletedUnits)")
        .message("spec is immutable but for suspend, parallelism and ttlSecondsAfterFinished: a run is a bounded piece of work; create another IngestRun")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = Rule::new("has(self.conversion) == (self.mode == 'Shadow')")
        .message("conversion goes with mode Shadow: that one needs it, and no other takes it")
        .field_path(".conversion"),
    validation = Rule::new("has(self.forget) == (self.mode == 'Forget')")
        .message("forget goes with mode Forget: that one needs it, and no other takes it")
        .field_path(".forget"),
    validation = Rule::new("self.mode != 'Forget' || !has(self.select) && !has(self.maxUnitsPerSecond)")
        .message("mode Forget takes what spec.forget names: leave out select and maxUnitsPerSecond")
        .field_path(".mode"),
    validation = Rule::new("!self.repair || self.mode == 'Audit'")
        .message("repair is for mode Audit")
        .field_path(".repair"),
    validation = Rule::new("!has(self.maxDeletedUnits) || self.repair")
        .message("maxDeletedUnits goes with repair")
        .field_path(".maxDeletedUnits"),
    validation = Rule::new("!self.dryRun || self.mode != 'Audit'")
        .message("dryRun is not for mode Audit, which changes nothing without repair")
        .field_path(".dryRun"),
    validation = Rule::new("!has(self.maxUnitsPerSecond) || self.mode != 'Shadow' && self.mode != 'Audit'")
        .message("maxUnitsPerSecond is for the modes Process, Replay and Reconvert")
        .field_path(".maxUnitsPerSecond"),
    validation = Rule::new("!has(self.select) || self.mode != 'Audit'")
        .message("select is not for mode Audit, which looks at everything: only then its numbers can add up")
        .field_path(".select"),
    validation = Rule::new("self.mode != 'Probe' || !has(self.select) && !self.dryRun && !has(self.maxUnitsPerSecond)")
        .message("mode Probe works on no units: leave out select, dryRun and maxUnitsPerSecond")
        .field_path(".mode"),
    validation = Rule::new("self.mode != 'Manifest' || !has(self.select) && !self.dryRun && !has(self.maxUnitsPerSecond)")
        .message("mode Manifest tells of all units of a day: leave out select, dryRun and maxUnitsPerSecond")
        .field_path(".mode"),
    validation = Rule::new("!has(self.day) || self.mode == 'Manifest'")
        .message("day is for mode Manifest")
        .field_path(".day"),
    validation = Rule::new("!has(self.select) || !has(self.select.failed) || self.mode == 'Replay'")
        .message("select.failed is for mode Replay")
        .field_path(".select"),
    validation = Rule::new("!has(self.select) || !has(self.select.revisionNot) || self.mode == 'Reconvert'")
        .message("select.revisionNot is for mode Reconvert")
        .field_path(".select")
)]
pub struct IngestRunSpec {
    /// Start no pods and stop the running ones; finished work stays finished. Set it to false to resume. A Job
    /// that another controller suspended, for example Kueue, is left to that controller.
    #[serde(default)]
    pub suspend: bool,
    /// The IngestSource in this namespace.
    pub source_ref: SourceRef,
    /// What to do with the selected units.
    pub mode: IngestMode,
    /// Which units. Left out: all that the mode applies to. If several conditions are set, all must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<UnitSelector>,
    /// Mode Shadow: the proposed conversion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<Conversion>,
    /// Mode Manifest: the day in UTC, as `2026-11-29`. Left out: the day before the one on which the run was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 10),
        regex(pattern = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"),
        extend("format" = "date")
    )]
    pub day: Option<String>,
    /// Mode Forget: what to erase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forget: Option<Forget>,
    /// Mode Audit: repair the differences.
    #[serde(default)]
    pub repair: bool,
    /// Mode Audit with `repair`: from how many units the run may delete documents, snapshots or refused objects that no
    /// record and no object account for. If there are more, it deletes none of them, and the condition `Complete` says so.
    /// Left out: 100, or 1 % of the units if that is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub max_deleted_units: Option<i32>,
    /// Select and count only; change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Maximum number of pods at a time. A change applies to a run at work, too. After the selection, the work
    /// is cut into up to four parts for each of these pods, and a run never has more pods than parts.
    #[serde(default = "default_parallelism")]
    #[schemars(range(min = 1, max = 100))]
    pub parallelism: i32,
    /// Maximum number of units that all pods of the run together begin per second, so that a backfill leaves
    /// room for new objects. The pods that a run starts with share it, so such a run never has more pods than
    /// at its start. Left out: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_units_per_second: Option<i32>,
    /// How many pod failures are allowed before the run fails, separately for the selection and for each part
    /// of the work.
    #[serde(default = "default_backoff_limit")]
    #[schemars(range(min = 0, max = 100))]
    pub backoff_limit: i32,
    /// The run fails if its selection, or its work, has not ended after this many seconds. Work finished by
    /// then stays done. As with a Job, the count begins anew when a suspended run is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 31_536_000))]
    pub active_deadline_seconds: Option<i64>,
    /// The run is deleted this many seconds after it ends. Left out: it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX))]
    pub ttl_seconds_after_finished: Option<i32>,
}

impl IngestRunSpec {
    /// A run over everything that a mode applies to, with the defaults of the schema.
    pub fn of(source: String, mode: IngestMode) -> Self {
        Self {
            suspend: false,
            source_ref: SourceRef { name: source },
            mode,
            select: None,
            conversion: None,
            day: None,
            forget: None,
            repair: false,
            max_deleted_units: None,
            dry_run: false,
            parallelism: default_parallelism(),
            max_units_per_second: None,
            backoff_limit: default_backoff_limit(),
            active_deadline_seconds: None,
            ttl_seconds_after_finished: None,
        }
    }
}

fn default_parallelism() -> i32 {
    1
}
fn default_backoff_limit() -> i32 {
    6
}

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IngestMode {
    /// Ingest objects in the raw bucket that were not ingested in this way yet: a backfill.
    Process,
    /// Retry failed units.
    Replay,
    /// Convert the raw objects again with the current conversion. Unchanged results are not written again.
    Reconvert,
    /// Convert with the proposed `conversion` and report what would change; only the report is written.
    Shadow,
    /// Compare bucket, snapshots, ledger, index and errors unit by unit, and report every difference.
    Audit,
    /// Erase documents, with the objects that they come from, from snapshots, errors bucket, indices and records, and
    /// search all of them again for what is left. The objects are not ingested again, nor are later versions of them.
    Forget,
    /// Find out whether a worker of the source has what it needs: a pod with its identity, credentials and network asks
    /// each store for each permission, and `status.probes` has the answers. What it writes it deletes.
    Probe,
    /// Write the daily manifest: a statement of what became of every object that landed on `day`, with digests and a
    /// Merkle root, in the snapshot bucket. Whether it still holds, `kubectl docmill verify` says.
    Manifest,
}

/// Which units a run takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("!has(self.keys) || !has(self.prefix) && !has(self.modifiedTime)")
    .message("keys names the objects: prefix and modifiedTime cannot go with it").field_path(".keys"))]
pub struct UnitSelector {
    /// Keys of objects in the raw bucket, as a listing shows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 1024)))]
    pub keys: Option<Vec<String>>,
    /// Only keys that start with this, within the source's own prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub prefix: Option<String>,
    /// Only objects last modified in this time range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_time: Option<TimeRange>,
    /// Only failed units that meet these conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedSelector>,
    /// `Current`: only units that were converted with a different conversion than the source has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_not: Option<RevisionNot>,
}

/// Which failed units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailedSelector {
    /// Only these reasons. Left out: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub reasons: Vec<FailureReason>,
    /// Only units that failed at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
}

/// A conversion revision that selected units must not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RevisionNot {
    /// The revision of the source's conversion when the run began.
    Current,
}

/// Progress of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngestRunStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: everything that the run needs exists and is reachable. `Progressing`: pods select or work.
    /// `Complete` or `Failed`, as in a Job, when the run has ended. Units that are refused again do not make
    /// a run fail. `Suspended`: no pods run, because of `suspend` or because another controller suspended the
    /// Job. `Throttled`: a store accepts no more requests or does not answer, and pods wait for it; the reason
    /// names it. `Degraded`: pods of the run do not start, or fail, for the reason given in the message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// Phase of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<IngestPhase>,
    /// Digest of the conversion that the run uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Units that were selected; for an audit, ranges of keys; in mode Forget, keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<i64>,
    /// Selected units that succeeded; for an audit, units that were compared; in mode Forget, keys of which nothing is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<i64>,
    /// Units of `done` for which something new was written; in mode Shadow, units that would change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<i64>,
    /// Units of `done` for which everything existed already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<i64>,
    /// Units that were refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i64>,
    /// Units that were skipped: the object is gone or replaced, or another worker was faster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<i64>,
    /// Mode Audit: differences between the stores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences: Option<i64>,
    /// Mode Audit: differences that were repaired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaired: Option<i64>,
    /// Mode Forget: what was erased. A run is only complete if a search of all stores finds nothing after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<Forgotten>,
    /// Processed part of the selection, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// Mode Probe: what a worker needs, and whether it has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["need".into()]))]
    pub probes: Vec<ProbeResult>,
    /// Where the report is, as `s3://bucket/key`; it is written at the end of the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// When the selection began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// From `startTime` to `completionTime`, once the run has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IngestPhase {
    /// Something that the run needs is missing, or nothing has started yet.
    Pending,
    /// A pod selects the units.
    Planning,
    /// Pods work, or are about to.
    Running,
    /// It is suspended, by `suspend` or because another controller suspended its Job.
    Suspended,
    /// Every selected unit is finished.
    Complete,
    /// The run ended before that.
    Failed,
}
