//! Metrics of schedules, like those of kube-state-metrics for `CronJob`s.

use docmill_crds::{EnrichmentSchedule, IngestSchedule, Schedule, ScheduleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::resource_collector::{Gauge, ResourceMetrics, Series, of_conditions, one};

/// The metric label of both kinds.
const LABEL: &str = "schedule";

impl ResourceMetrics for EnrichmentSchedule {
    const LABEL: &'static str = LABEL;
    const GAUGES: &'static [Gauge<Self>] = &[
        next("docmill_enrichment_schedule_next_timestamp_seconds"),
        last("docmill_enrichment_schedule_last_timestamp_seconds"),
        last_success("docmill_enrichment_schedule_last_success_timestamp_seconds"),
        active_runs("docmill_enrichment_schedule_active_runs"),
        suspended("docmill_enrichment_schedule_suspended"),
    ];
    const CONDITIONS: Gauge<Self> = condition("docmill_enrichment_schedule_condition");
}

impl ResourceMetrics for IngestSchedule {
    const LABEL: &'static str = LABEL;
    const GAUGES: &'static [Gauge<Self>] = &[
        next("docmill_ingest_schedule_next_timestamp_seconds"),
        last("docmill_ingest_schedule_last_timestamp_seconds"),
        last_success("docmill_ingest_schedule_last_success_timestamp_seconds"),
        active_runs("docmill_ingest_schedule_active_runs"),
        suspended("docmill_ingest_schedule_suspended"),
    ];
    const CONDITIONS: Gauge<Self> = condition("docmill_ingest_schedule_condition");
}

const fn next<S: Schedule>(name: &'static str) -> Gauge<S> {
    Gauge {
        name,
        help: "The next scheduled time, in seconds since 1970",
        read: |schedule| time(schedule, |status| status.next_schedule_time.as_ref()),
    }
}

const fn last<S: Schedule>(name: &'static str) -> Gauge<S> {
    Gauge {
        name,
        help: "The latest scheduled time for which a run was created, in seconds since 1970",
        read: |schedule| time(schedule, |status| status.last_schedule_time.as_ref()),
    }
}

const fn last_success<S: Schedule>(name: &'static str) -> Gauge<S> {
    Gauge {
        name,
        help: "When a run last completed successfully, in seconds since 1970",
        read: |schedule| time(schedule, |status| status.last_successful_time.as_ref()),
    }
}

const fn active_runs<S: Schedule>(name: &'static str) -> Gauge<S> {
    Gauge {
        name,
        help: "Runs that have not ended",
        read: |schedule| one(schedule.status().and_then(|status| status.active_runs.map(i64::from))),
    }
}

const fn suspended<S: Schedule>(name: &'static str) -> Gauge<S> {
    Gauge {
        name,
        help: "Whether spec.suspend is true",
        read: |schedule| one(Some(schedule.settings().suspend.into())),
    }
}

const fn condition<S: Schedule>(name: &'static str) -> Gauge<S> {
    Gauge {
        name,
        help: "Whether a condition is True (1) or not (0), with its reason",
        read: |schedule| of_conditions(schedule.status().into_iter().flat_map(|status| &status.conditions)),
    }
}

fn time<S: Schedule>(schedule: &S, of: fn(&ScheduleStatus) -> Option<&Time>) -> Series {
    one(schedule.status().and_then(of).map(|time| time.0.as_second()))
}

#[cfg(test)]
mod tests {
    use docmill_crds::ScheduleStatus;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use k8s_openapi::jiff::Timestamp;
    use serde_json::json;

    use super::super::Metrics;
    use crate::controllers::schedule::tests::{ingest_schedule, schedule};
    use crate::testing::view_of;

    #[test]
    fn a_schedule_shows_its_times() {
        let at = |second| Some(Time(Timestamp::from_second(second).unwrap()));
        let status = ScheduleStatus {
            active_runs: Some(1),
            last_schedule_time: at(1200),
            last_successful_time: at(650),
            next_schedule_time: at(1800),
            ..ScheduleStatus::default()
        };
        let (mut enrichment, mut ingest) = (schedule(&json!({})), ingest_schedule(&json!({})));
        (enrichment.status, ingest.status) = (Some(status.clone()), Some(status));
        let metrics = Metrics::default();
        metrics.resources.enrichment_schedules.add_view(view_of(enrichment));
        metrics.resources.ingest_schedules.add_view(view_of(ingest));
        let text = metrics.text();
        for kind in ["enrichment", "ingest"] {
            for (metric, value) in [
                ("next_timestamp_seconds", 1800),
                ("last_timestamp_seconds", 1200),
                ("last_success_timestamp_seconds", 650),
                ("active_runs", 1),
                ("suspended", 0),
            ] {
                let line = format!(
                    r#"docmill_{kind}_schedule_{metric}{{namespace="news",schedule="daily"}} {value}"#
                );
                assert!(text.contains(&line), "{line} is missing in:\n{text}");
            }
        }
    }
}
