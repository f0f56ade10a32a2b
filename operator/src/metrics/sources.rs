//! What the operator knows of its sources, for Prometheus: read from their statuses whenever it is asked for, so that it
//! is what `kubectl` shows, and a source that goes takes its series along.

use std::fmt::{self, Debug};
use std::sync::{Arc, OnceLock};

use docmill_crds::IngestSource;
use docmill_crds::ledger::UnitState;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// The metrics of all sources. Empty until a view is given, which only the operator that leads has.
#[derive(Clone, Default)]
pub(super) struct SourceMetrics(Arc<OnceLock<Store<DeserializeGuard<IngestSource>>>>);

impl SourceMetrics {
    /// Shows the sources of this view from now on.
    pub(super) fn show(&self, view: Store<DeserializeGuard<IngestSource>>) {
        // A process leads once at most, so that there is one view.
        let _ = self.0.set(view);
    }
}

impl Debug for SourceMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceMetrics")
    }
}

impl Collector for SourceMetrics {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let sources = self.0.get().map(Store::state).unwrap_or_default();
        let sources: Vec<&IngestSource> = sources.iter().filter_map(|one| one.0.as_ref().ok()).collect();
        encode(&sources, encoder)
    }
}

/// Labels of a series: the source, and where a metric has several series of each source, which one.
type Labels = Vec<(&'static str, String)>;

/// A gauge, and how its series are read from a source.
struct SourceGauge {
    name: &'static str,
    help: &'static str,
    read: fn(&IngestSource) -> Vec<(Labels, i64)>,
}

const GAUGES: [SourceGauge; 9] = [
    SourceGauge {
        name: "docmill_source_backlog",
        help: "Notifications in the queue, waiting or in a worker's hands",
        read: |source| one(source.status.as_ref().and_then(|status| Some(status.units?.pending))),
    },
    SourceGauge {
        name: "docmill_source_lag_seconds",
        help: "From the landing of an object to its record, 0 without a backlog",
        read: |source| one(source.status.as_ref().and_then(|status| status.lag_seconds)),
    },
    SourceGauge { name: "docmill_source_units", help: "Units in the ledger, by state", read: units },
    SourceGauge {
        name: "docmill_source_failures",
        help: "Failed units in the ledger, by the most frequent reasons",
        read: failures,
    },
    SourceGauge {
        name: "docmill_source_workers_active",
        help: "Workers that start or run",
        read: |source| one(workers(source).map(|workers| workers.active.into())),
    },
    SourceGauge {
        name: "docmill_source_workers_desired",
        help: "Workers that there should be",
        read: |source| one(workers(source).map(|workers| workers.desired.into())),
    },
    SourceGauge {
        name: "docmill_source_condition",
        help: "Whether a condition is True (1) or not (0), with its reason",
        read: conditions,
    },
    SourceGauge {
        name: "docmill_source_suspended",
        help: "Whether spec.suspend is true",
        read: |source| one(Some(source.spec.suspend.into())),
    },
    SourceGauge {
        name: "docmill_source_generations_behind",
        help: "Edits of the spec that no pass has seen yet",
        read: generations_behind,
    },
];

fn encode(sources: &[&IngestSource], mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
    for gauge in &GAUGES {
        let mut metric = encoder.encode_descriptor(gauge.name, gauge.help, None, MetricType::Gauge)?;
        for source in sources {
            for (more, value) in (gauge.read)(source) {
                let mut labels = vec![
                    ("namespace", source.namespace().unwrap_or_default()),
                    ("source", source.name_any()),
                ];
                labels.extend(more);
                let labels = SeriesLabels(labels);
                ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
            }
        }
    }
    Ok(())
}

#[derive(Debug)]
struct SeriesLabels(Labels);

impl EncodeLabelSet for SeriesLabels {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelSetEncoder<'_>) -> fmt::Result {
        self.0.encode(encoder)
    }
}

fn one(value: Option<i64>) -> Vec<(Labels, i64)> {
    value.map(|value| (Vec::new(), value)).into_iter().collect()
}

fn workers(source: &IngestSource) -> Option<&docmill_crds::ingest_source::WorkerStatus> {
    source.status.as_ref()?.workers.as_ref()
}

fn units(source: &IngestSource) -> Vec<(Labels, i64)> {
    let Some(units) = source.status.as_ref().and_then(|status| status.units) else { return Vec::new() };
    let states = [
        (UnitState::Indexed, units.indexed),
        (UnitState::Converted, units.converted),
        (UnitState::Failed, units.failed),
        (UnitState::Skipped, units.skipped),
    ];
    states.into_iter().map(|(state, count)| (vec![("state", state.as_str().to_owned())], count)).collect()
}

fn failures(source: &IngestSource) -> Vec<(Labels, i64)> {
    let failures = source.status.iter().flat_map(|status| &status.top_failures);
    failures.map(|failure| (vec![("reason", failure.reason.clone())], failure.count)).collect()
}

fn conditions(source: &IngestSource) -> Vec<(Labels, i64)> {
    let conditions = source.status.iter().flat_map(|status| &status.conditions);
    let labels = |kind: &str, reason: &str| vec![("type", kind.to_owned()), ("reason", reason.to_owned())];
    conditions
        .map(|condition| (labels(&condition.type_, &condition.reason), i64::from(condition.status == "True")))
        .collect()
}

fn generations_behind(source: &IngestSource) -> Vec<(Labels, i64)> {
    let seen = source.status.as_ref().and_then(|status| status.observed_generation).unwrap_or(0);
    one(source.metadata.generation.map(|generation| (generation - seen).max(0)))
}

#[cfg(test)]
mod tests {
    use docmill_crds::ingest_source::{FailureCount, IngestSourceStatus, UnitCounts, WorkerStatus};
    use k8s_openapi::jiff::Timestamp;
    use kube::core::DeserializeGuard;
    use kube::runtime::reflector;
    use kube::runtime::watcher::Event;

    use crate::conditions::{Statement, kind, state};
    use crate::ingest_source::tests::source;
    use crate::metrics::Metrics;

    #[test]
    fn a_source_has_its_series_for_as_long_as_it_is_there() {
        let mut source = source();
        let said = vec![Statement::new(kind::THROTTLED, true, "Elasticsearch", "429")];
        source.status = Some(IngestSourceStatus {
            observed_generation: Some(2),
            conditions: state(&[], said, None, Timestamp::UNIX_EPOCH),
            units: Some(UnitCounts { pending: 5, indexed: 7, converted: 0, failed: 1, skipped: 0 }),
            top_failures: vec![FailureCount { reason: "MissingField".into(), count: 1 }],
            workers: Some(WorkerStatus { active: 1, desired: 2, because: String::new() }),
            lag_seconds: Some(4),
            ..IngestSourceStatus::default()
        });
        let (view, mut writer) = reflector::store();
        let metrics = Metrics::default();
        metrics.show_sources(view);
        writer.apply_watcher_event(&Event::Apply(DeserializeGuard(Ok(source.clone()))));
        let text = metrics.encode().unwrap();
        for line in [
            r#"docmill_source_backlog{namespace="news",source="wire"} 5"#,
            r#"docmill_source_lag_seconds{namespace="news",source="wire"} 4"#,
            r#"docmill_source_units{namespace="news",source="wire",state="Indexed"} 7"#,
            r#"docmill_source_failures{namespace="news",source="wire",reason="MissingField"} 1"#,
            r#"docmill_source_workers_active{namespace="news",source="wire"} 1"#,
            r#"docmill_source_workers_desired{namespace="news",source="wire"} 2"#,
            r#"docmill_source_condition{namespace="news",source="wire",type="Throttled",reason="Elasticsearch"} 1"#,
            r#"docmill_source_suspended{namespace="news",source="wire"} 0"#,
            r#"docmill_source_generations_behind{namespace="news",source="wire"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in:\n{text}");
        }
        writer.apply_watcher_event(&Event::Delete(DeserializeGuard(Ok(source))));
        assert!(!metrics.encode().unwrap().contains("wire"), "it is gone");
    }
}
