//! `EnrichmentSchedule`: creates `EnrichmentRun`s on a schedule, as a CronJob creates Jobs.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::settings::{
    ConcurrencyPolicy, RunMetadata, RunTemplate, Schedule, ScheduleSettings, ScheduleStatus,
    default_failed_runs_history_limit, default_successful_runs_history_limit, default_time_zone, name_rule,
    schedule_rule, time_zone_rule,
};
use crate::api::enrichment_run::EnrichmentRunSpec;

/// Creates EnrichmentRuns on a schedule, as a CronJob creates Jobs. One run catches up on all missed ones,
/// since a run takes whatever is new.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "docmill.io",
    version = "v1beta1",
    kind = "EnrichmentSchedule",
    namespaced,
    status = "ScheduleStatus",
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
    validation = name_rule()
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrichmentScheduleSpec {
    /// When runs are created: five fields for minute, hour, day of the month, month and day of the week, or
    /// one of `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`. A field is
    /// `*` or a list of numbers, names (`JAN`, `MON`), ranges (`1-5`) and steps (`*/15`), as in a CronJob.
    #[schemars(length(max = 256))]
    #[x_kube(validation = schedule_rule())]
    pub schedule: String,
    /// The time zone of the schedule: a name from the IANA database, for example `Europe/Berlin`.
    #[serde(default = "default_time_zone")]
    #[schemars(length(max = 64))]
    #[x_kube(validation = time_zone_rule())]
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
    pub run_template: RunTemplate<EnrichmentRunSpec>,
}

impl Schedule for EnrichmentSchedule {
    fn settings(&self) -> ScheduleSettings<'_> {
        let spec = &self.spec;
        ScheduleSettings {
            schedule: &spec.schedule,
            time_zone: &spec.time_zone,
            concurrency_policy: spec.concurrency_policy,
            starting_deadline_seconds: spec.starting_deadline_seconds,
            suspend: spec.suspend,
            successful_runs_history_limit: spec.successful_runs_history_limit,
            failed_runs_history_limit: spec.failed_runs_history_limit,
        }
    }

    fn run_metadata(&self) -> &RunMetadata {
        &self.spec.run_template.metadata
    }
}
