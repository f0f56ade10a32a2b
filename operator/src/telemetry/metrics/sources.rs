//! Metrics of sources.

use docmill_crds::IngestSource;
use docmill_crds::records::units::UnitState;

use super::resource_collector::{Gauge, ResourceMetrics, Series, by_state, of_conditions, one};

impl ResourceMetrics for IngestSource {
    const LABEL: &'static str = "source";
    const GAUGES: &'static [Gauge<Self>] = &[
        Gauge {
            name: "docmill_source_backlog",
            help: "Notifications in the queue, waiting or in flight",
            read: |source| one(source.status.as_ref().and_then(|status| Some(status.units?.pending))),
        },
        Gauge {
            name: "docmill_source_lag_seconds",
            help: "Seconds from the arrival of an object to its ledger record; 0 without a backlog",
            read: |source| one(source.status.as_ref().and_then(|status| status.lag_seconds)),
        },
        Gauge { name: "docmill_source_units", help: "Units in the ledger, by state", read: units },
        Gauge {
            name: "docmill_source_expired_units",
            help: "Units whose ledger records retention has removed; docmill_source_units has them as Skipped",
            read: |source| one(source.status.as_ref().and_then(|status| Some(status.units?.expired))),
        },
        Gauge {
            name: "docmill_source_held_units",
            help: "Units that wait for an index with trouble of its own, while others go on",
            read: |source| one(source.status.as_ref().and_then(|status| Some(status.units?.held))),
        },
        Gauge {
            name: "docmill_source_failures",
            help: "Failed units in the ledger, for the most frequent reasons",
            read: failures,
        },
        Gauge {
            name: "docmill_source_workers_active",
            help: "Workers that are starting or running",
            read: |source| one(workers(source).map(|workers| workers.active.into())),
        },
        Gauge {
            name: "docmill_source_workers_desired",
            help: "Desired number of workers",
            read: |source| one(workers(source).map(|workers| workers.desired.into())),
        },
        Gauge {
            name: "docmill_source_suspended",
            help: "Whether spec.suspend is true",
            read: |source| one(Some(source.spec.suspend.into())),
        },
        Gauge {
            name: "docmill_source_generations_behind",
            help: "Generations of the spec that are not reconciled yet",
            read: generations_behind,
        },
    ];
    const CONDITIONS: Gauge<Self> = Gauge {
        name: "docmill_source_condition",
        help: "Whether a condition is True (1) or not (0), with its reason",
        read: |source| of_conditions(source.status.iter().flat_map(|status| &status.conditions)),
    };
}

fn workers(source: &IngestSource) -> Option<&docmill_crds::api::ingest_source::WorkerCounts> {
    source.status.as_ref()?.workers.as_ref()
}

fn units(source: &IngestSource) -> Series {
    let Some(units) = source.status.as_ref().and_then(|status| status.units) else { return Vec::new() };
    by_state(&[
        (UnitState::Indexed.as_str(), Some(units.indexed)),
        (UnitState::Converted.as_str(), Some(units.converted)),
        (UnitState::Failed.as_str(), Some(units.failed)),
        (UnitState::Skipped.as_str(), Some(units.skipped)),
    ])
}

fn failures(source: &IngestSource) -> Series {
    let failures = source.status.iter().flat_map(|status| &status.top_failures);
    failures.map(|failure| (vec![("reason", failure.reason.clone())], failure.count)).collect()
}

fn generations_behind(source: &IngestSource) -> Series {
    // A deletion is a generation of its own, which nothing has to take up.
    if source.metadata.deletion_timestamp.is_some() {
        return Vec::new();
    }
    let seen = source.status.as_ref().and_then(|status| status.observed_generation).unwrap_or(0);
    one(source.metadata.generation.map(|generation| (generation - seen).max(0)))
}

#[cfg(test)]
mod tests {
    use docmill_crds::IngestSource;
    use docmill_crds::api::ingest_source::{FailureCount, IngestSourceStatus, UnitCounts, WorkerCounts};
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use k8s_openapi::jiff::Timestamp;
    use kube::core::DeserializeGuard;
    use kube::runtime::reflector;
    use kube::runtime::watcher::Event;

    use super::super::Metrics;
    use crate::controllers::ingest_source::tests::source;
    use crate::outcome::conditions::{ConditionUpdate, build, condition_type};

    #[test]
    fn a_source_has_its_series_for_as_long_as_it_is_there() {
        let mut source = source();
        let updates = vec![ConditionUpdate::new(condition_type::THROTTLED, true, "Elasticsearch", "429")];
        source.status = Some(IngestSourceStatus {
            observed_generation: Some(2),
            conditions: build(&[], updates, None, Timestamp::UNIX_EPOCH),
            units: Some(UnitCounts {
                pending: 5,
                indexed: 7,
                failed: 1,
                skipped: 9,
                expired: 6,
                held: 3,
                ..UnitCounts::default()
            }),
            top_failures: vec![FailureCount { reason: "MissingField".into(), count: 1 }],
            workers: Some(WorkerCounts { active: 1, desired: 2, ..WorkerCounts::default() }),
            lag_seconds: Some(4),
            ..IngestSourceStatus::default()
        });
        let (view, mut writer) = reflector::store();
        let metrics = Metrics::default();
        metrics.resources.sources.add_view(view);
        writer.apply_watcher_event(&Event::Apply(DeserializeGuard(Ok(source.clone()))));
        let text = metrics.text();
        for line in [
            r#"docmill_source_backlog{namespace="news",source="wire"} 5"#,
            r#"docmill_source_lag_seconds{namespace="news",source="wire"} 4"#,
            r#"docmill_source_units{namespace="news",source="wire",state="Indexed"} 7"#,
            r#"docmill_source_expired_units{namespace="news",source="wire"} 6"#,
            r#"docmill_source_held_units{namespace="news",source="wire"} 3"#,
            r#"docmill_source_failures{namespace="news",source="wire",reason="MissingField"} 1"#,
            r#"docmill_source_workers_active{namespace="news",source="wire"} 1"#,
            r#"docmill_source_workers_desired{namespace="news",source="wire"} 2"#,
            r#"docmill_source_condition{namespace="news",source="wire",type="Throttled",reason="Elasticsearch"} 1"#,
            r#"docmill_source_suspended{namespace="news",source="wire"} 0"#,
            r#"docmill_source_generations_behind{namespace="news",source="wire"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in:\n{text}");
        }
        source.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        writer.apply_watcher_event(&Event::Apply(DeserializeGuard(Ok(source.clone()))));
        assert!(!metrics.text().contains("docmill_source_generations_behind{"), "its deletion is no edit");
        writer.apply_watcher_event(&Event::Delete(DeserializeGuard(Ok(source))));
        assert!(!metrics.text().contains("wire"), "it is gone");
    }

    #[test]
    fn a_source_that_cannot_be_read_is_shown_as_not_ready() {
        let mut stored = serde_json::json!(source());
        stored["spec"]["raw"]["shards"] = "a".into();
        let guard: DeserializeGuard<IngestSource> = serde_json::from_value(stored).unwrap();
        assert!(guard.0.is_err());
        let (view, mut writer) = reflector::store();
        let metrics = Metrics::default();
        metrics.resources.sources.add_view(view);
        writer.apply_watcher_event(&Event::Apply(guard));
        let text = metrics.text();
        let own: Vec<&str> = text.lines().filter(|line| line.contains(r#"source="wire""#)).collect();
        let line = r#"docmill_source_condition{namespace="news",source="wire",type="Ready",reason="UnreadableSpec"} 0"#;
        assert_eq!(own, [line], "or no alert would tell of it");
    }
}
