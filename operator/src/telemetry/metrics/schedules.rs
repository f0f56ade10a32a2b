//! Metrics of schedules, like those of kube-state-metrics for `CronJob`s.

use docmill_crds::{EnrichmentSchedule, EnrichmentScheduleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::resource_collector::{Gauge, ResourceMetrics, Series, of_conditions, one};

impl ResourceMetrics for EnrichmentSchedule {
    const LABEL: &'static str = "schedule";
    const GAUGES: &'static [Gauge<Self>] = &[
        Gauge {
            name: "docmill_enrichment_schedule_next_timestamp_seconds",
            help: "The next scheduled time, in seconds since 1970",
            read: |schedule| time(schedule, |status| status.next_schedule_time.as_ref()),
        },
        Gauge {
            name: "docmill_enrichment_schedule_last_timestamp_seconds",
            help: "The latest scheduled time for which a run was created, in seconds since 1970",
            read: |schedule| time(schedule, |status| status.last_schedule_time.as_ref()),
        },
        Gauge {
            name: "docmill_enrichment_schedule_last_success_timestamp_seconds",
            help: "When a run last completed successfully, in seconds since 1970",
            read: |schedule| time(schedule, |status| status.last_successful_time.as_ref()),
        },
        Gauge {
            name: "docmill_enrichment_schedule_active_runs",
            help: "Runs that have not ended",
            read: |schedule| {
                one(schedule.status.as_ref().and_then(|status| status.active_runs.map(i64::from)))
            },
        },
        Gauge {
            name: "docmill_enrichment_schedule_suspended",
            help: "Whether spec.suspend is true",
            read: |schedule| one(Some(schedule.spec.suspend.into())),
        },
        Gauge {
            name: "docmill_enrichment_schedule_condition",
            help: "Whether a condition is True (1) or not (0), with its reason",
            read: |schedule| of_conditions(schedule.status.iter().flat_map(|status| &status.conditions)),
        },
    ];
}

fn time(schedule: &EnrichmentSchedule, of: fn(&EnrichmentScheduleStatus) -> Option<&Time>) -> Series {
    one(schedule.status.as_ref().and_then(of).map(|time| time.0.as_second()))
}

#[cfg(test)]
mod tests {
    use docmill_crds::EnrichmentScheduleStatus;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use k8s_openapi::jiff::Timestamp;
    use serde_json::json;

    use super::super::Metrics;
    use crate::controllers::enrichment_schedule::tests::schedule;
    use crate::testing::view_of;

    #[test]
    fn a_schedule_shows_its_times() {
        let at = |second| Some(Time(Timestamp::from_second(second).unwrap()));
        let mut daily = schedule(&json!({}));
        daily.status = Some(EnrichmentScheduleStatus {
            active_runs: Some(1),
            last_schedule_time: at(1200),
            last_successful_time: at(650),
            next_schedule_time: at(1800),
            ..EnrichmentScheduleStatus::default()
        });
        let metrics = Metrics::default();
        metrics.resources.schedules.add_view(view_of(daily));
        let text = metrics.encode().unwrap();
        for line in [
            r#"docmill_enrichment_schedule_next_timestamp_seconds{namespace="news",schedule="daily"} 1800"#,
            r#"docmill_enrichment_schedule_last_timestamp_seconds{namespace="news",schedule="daily"} 1200"#,
            r#"docmill_enrichment_schedule_last_success_timestamp_seconds{namespace="news",schedule="daily"} 650"#,
            r#"docmill_enrichment_schedule_active_runs{namespace="news",schedule="daily"} 1"#,
            r#"docmill_enrichment_schedule_suspended{namespace="news",schedule="daily"} 0"#,
        ] {
            assert!(text.contains(line), "{line} is missing in:\n{text}");
        }
    }
}
