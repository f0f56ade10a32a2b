//! What all kinds of schedules share: the rules of their fields, the template of their runs, and their status.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use kube::core::Rule;
use kube::core::object::HasStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of schedule. Its spec has the fields of [`ScheduleSettings`] and a `runTemplate`, and its status is
/// a [`ScheduleStatus`]. The specs repeat these fields, because a flattened struct would take unknown ones.
pub trait Schedule: HasStatus<Status = ScheduleStatus> {
    /// The settings that all kinds have.
    fn settings(&self) -> ScheduleSettings<'_>;
    /// `spec.runTemplate.metadata`.
    fn run_metadata(&self) -> &RunMetadata;
}

/// The settings that all kinds of schedules have, each as in the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleSettings<'a> {
    /// `schedule`: five fields, or a short form.
    pub schedule: &'a str,
    /// `timeZone`: a name of the IANA database.
    pub time_zone: &'a str,
    /// `concurrencyPolicy`.
    pub concurrency_policy: ConcurrencyPolicy,
    /// `startingDeadlineSeconds`.
    pub starting_deadline_seconds: Option<i64>,
    /// `suspend`.
    pub suspend: bool,
    /// `successfulRunsHistoryLimit`.
    pub successful_runs_history_limit: i32,
    /// `failedRunsHistoryLimit`.
    pub failed_runs_history_limit: i32,
}

/// The rule of `schedule`.
pub(super) fn schedule_rule() -> Rule {
    Rule::new("self.matches('^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|(([*?]|[0-9]{1,2}|[A-Za-z]{3})(-([0-9]{1,2}|[A-Za-z]{3}))?(/[0-9]{1,2})?(,([*?]|[0-9]{1,2}|[A-Za-z]{3})(-([0-9]{1,2}|[A-Za-z]{3}))?(/[0-9]{1,2})?)*( +|$)){5})$')")
        .message("must have five fields (minute, hour, day of the month, month, day of the week) such as '30 2 * * MON-FRI', or be one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually; the time zone goes into spec.timeZone")
}

/// The rule of `timeZone`.
pub(super) fn time_zone_rule() -> Rule {
    Rule::new("self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$') && !self.matches('^[Ll][Oo][Cc][Aa][Ll]$')")
        .message("must be a name of the IANA time zone database such as Europe/Berlin or UTC, not Local and not an offset")
}

/// The rule of the name of a schedule: a run appends a hyphen and eight digits, and has up to 52 characters.
pub(super) fn name_rule() -> Rule {
    Rule::new("self.metadata.name.size() <= 43").message(
        "metadata.name must be no more than 43 characters, so that the names of its runs can be made from it",
    )
}

pub(super) fn default_time_zone() -> String {
    "UTC".to_owned()
}
pub(super) fn default_successful_runs_history_limit() -> i32 {
    3
}
pub(super) fn default_failed_runs_history_limit() -> i32 {
    1
}

/// What happens when a run is due while an earlier one is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConcurrencyPolicy {
    /// It starts alongside the earlier one. Both may do the same work: documents that two EnrichmentRuns
    /// select go to the models twice.
    Allow,
    /// It waits for the end of the earlier one, and one run then stands for all times that have passed. The
    /// default, unlike in a CronJob: waiting loses nothing, because a run takes what there is when it starts,
    /// whatever the time of day.
    #[default]
    Forbid,
    /// The earlier one is deleted, and the new one starts when its pods have ended. Meant for EnrichmentRuns
    /// with a `budget` per schedule time: a run that is suspended by its budget makes room.
    Replace,
}

/// The runs of a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunTemplate<Spec> {
    /// Labels and annotations of the runs.
    #[serde(default, skip_serializing_if = "RunMetadata::is_empty")]
    pub metadata: RunMetadata,
    /// The runs, as in the spec of a run.
    pub spec: Spec,
}

/// Labels and annotations of the runs of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunMetadata {
    /// Labels; Docmill adds its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::serialization::labels")]
    pub labels: BTreeMap<String, String>,
    /// Annotations; Docmill adds its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "crate::serialization::annotations")]
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
pub struct ScheduleStatus {
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
    /// Name of the run.
    pub name: String,
    /// Its UID.
    pub uid: String,
}
