//! `EnrichmentSchedule`: creates `EnrichmentRun`s on a schedule, as a CronJob creates Jobs.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::enrichment_run::EnrichmentRunSpec;

/// Creates EnrichmentRuns on a schedule, as a CronJob creates Jobs. One run catches up on all missed ones,
/// since a run takes whatever is new.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "docmill.io",
    version = "v1beta1",
    kind = "EnrichmentSchedule",
    namespaced,
    status = "EnrichmentScheduleStatus",
    shortname = "esched",
    category = "docmill",
    derive = "PartialEq",
    cel,
    printcolumn(name = "Schedule", type_ = "string", json_path = ".spec.schedule"),
    printcolumn(name = "Timezone", type_ = "string", json_path = ".spec.timeZone"),
    printcolumn(name = "Suspend", type_ = "boolean", json_path = ".spec.suspend"),
    printcolumn(name = "Active", type_ = "integer", json_path = ".status.activeRuns"),
    printcolumn(name = "Last-Schedule", type_ = "date", json_path = ".status.lastScheduleTime"),
    // A column of type date shows how long ago something was, and nothing for a time in the future.
    printcolumn(name = "Next", type_ = "string", json_path = ".status.nextScheduleTime"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.size() <= 43")
        .message("metadata.name must be no more than 43 characters, so that the names of its runs can be made from it")
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrichmentScheduleSpec {
    /// When runs are created: five fields for minute, hour, day of the month, month and day of the week, or
    /// one of `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`. A field is
    /// `*` or a list of numbers, names (`JAN`, `MON`), ranges (`1-5`) and steps (`*/15`), as in a CronJob.
    #[schemars(length(max = 256))]
    #[x_kube(validation = Rule::new("self.matches('^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|(([*?]|[0-9]{1,2}|[A-Za-z]{3})(-([0-9]{1,2}|[A-Za-z]{3}))?(/[0-9]{1,2})?(,([*?]|[0-9]{1,2}|[A-Za-z]{3})(-([0-9]{1,2}|[A-Za-z]{3}))?(/[0-9]{1,2})?)*( +|$)){5})$')")
        .message("must have five fields (minute, hour, day of the month, month, day of the week) such as '30 2 * * MON-FRI', or be one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually; the time zone goes into spec.timeZone"))]
    pub schedule: String,
    /// The time zone of the schedule: a name from the IANA database, for example `Europe/Berlin`.
    #[serde(default = "default_time_zone")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$') && !self.matches('^[Ll][Oo][Cc][Aa][Ll]$')")
        .message("must be a name of the IANA time zone database such as Europe/Berlin or UTC, not Local and not an offset"))]
    pub time_zone: String,
    /// What happens when a run is due while an earlier one is active.
    #[serde(default)]
    pub concurrency_policy: ConcurrencyPolicy,
    /// How late a run may start, in seconds. A run that is later than this is missed. Left out: there is no
    /// limit, and one run catches up on all missed ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 31_536_000))]
    pub starting_deadline_seconds: Option<i64>,
    /// Create no more runs; active runs continue. Schedule times that pass meanwhile count as missed when
    /// this is set to false.
    #[serde(default)]
    pub suspend: bool,
    /// How many complete runs are kept.
    #[serde(default = "default_successful_runs_history_limit")]
    #[schemars(range(min = 0, max = 1000))]
    pub successful_runs_history_limit: i32,
    /// How many failed runs are kept.
    #[serde(default = "default_failed_runs_history_limit")]
    #[schemars(range(min = 0, max = 1000))]
    pub failed_runs_history_limit: i32,
    /// Template for the runs. An edit applies to later runs only.
    pub run_template: RunTemplate,
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}
fn default_successful_runs_history_limit() -> i32 {
    3
}
fn default_failed_runs_history_limit() -> i32 {
    1
}

/// What happens when a run is due while an earlier one is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConcurrencyPolicy {
    /// It starts alongside the earlier one. Documents that both select go to the models twice.
    Allow,
    /// It waits for the end of the earlier one, and one run then takes all that is new. The default, unlike
    /// in a CronJob: waiting loses nothing, because a run selects what is new, whatever the time of day.
    #[default]
    Forbid,
    /// The earlier one is deleted, and the new one starts when its pods have ended. Meant for runs with a
    /// `budget` per schedule time: a run that is suspended by its budget makes room.
    Replace,
}

/// The runs of a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunTemplate {
    /// Labels and annotations of the runs.
    #[serde(default, skip_serializing_if = "RunMetadata::is_empty")]
    pub metadata: RunMetadata,
    /// The runs, as in an EnrichmentRun.
    pub spec: EnrichmentRunSpec,
}

/// Labels and annotations of the runs of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunMetadata {
    /// Labels; Docmill adds its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "super::string_map::labels")]
    pub labels: BTreeMap<String, String>,
    /// Annotations; Docmill adds its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "super::string_map::annotations")]
    pub annotations: BTreeMap<String, String>,
}

impl RunMetadata {
    /// Whether there is nothing to add to a run.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.annotations.is_empty()
    }
}

/// The runs that a schedule has created, and its next time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrichmentScheduleStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready`: the schedule and the time zone are valid, and runs can be created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The runs that have not ended, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub active: Vec<ActiveRun>,
    /// How many runs have not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_runs: Option<i32>,
    /// The latest schedule time for which a run was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_schedule_time: Option<Time>,
    /// When a run last completed successfully.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful_time: Option<Time>,
    /// The next schedule time. Left out while the schedule is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_schedule_time: Option<Time>,
}

/// A run that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActiveRun {
    /// Name of the EnrichmentRun.
    pub name: String,
    /// Its UID.
    pub uid: String,
}
