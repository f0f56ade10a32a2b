//! What a worker counts, for Prometheus.
//!
//! To add a metric: a field of [`Metrics`], its line in `Metrics::register`, and its row in
//! `docs/reference/metrics.md`.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use docmill_clients::store_health::problems::ProblemKey;
use docmill_clients::telemetry::process::ProcessMetrics;
use docmill_crds::contract::{IndexTrouble, Store, StoreProblemReason};
use docmill_crds::conversion::RepairCounts;
use docmill_crds::reason::Reason;
use docmill_crds::records::units::UnitState;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnitLabels {
    state: &'static str,
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RetryLabels {
    step: &'static str,
    by: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct IgnoredLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ForeignLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RepairLabels {
    repair: &'static str,
}

/// What became of a notification about another bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// Its message was released, for another reader of the queue.
    LetGo,
    /// It was kept in the errors bucket.
    SetAside,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HeldLabels {
    trouble: &'static str,
}

#[derive(Clone, Copy, Debug)]
struct StepSeconds;

impl MetricConstructor<Histogram> for StepSeconds {
    /// From 1 ms to 65 s; a step that waits for an outage to end takes longer.
    fn new_metric(&self) -> Histogram {
        Histogram::new(exponential_buckets(0.001, 2.0, 17))
    }
}

/// What a worker counts. Each series has the labels `namespace` and `source`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    units: Family<UnitLabels, Counter>,
    units_known: Counter,
    units_unfinished: Counter,
    notifications_ignored: Family<IgnoredLabels, Counter>,
    notifications_foreign: Family<ForeignLabels, Counter>,
    units_held: Family<HeldLabels, Counter>,
    documents: Counter,
    documents_overwritten: Counter,
    values_dropped: Family<DroppedLabels, Counter>,
    repairs: Family<RepairLabels, Counter>,
    bytes_read: Counter,
    retries: Family<RetryLabels, Counter>,
    step_seconds: Family<StepLabels, Histogram, StepSeconds>,
    put_to_searchable: Histogram,
    bulk_bytes: Histogram,
    bulk_items: Histogram,
}

impl Metrics {
    /// Nothing is counted yet.
    pub fn new(namespace: &str, source: &str) -> Self {
        let labels = [("namespace", namespace), ("source", source)];
        let labels = labels.map(|(name, value)| (name.into(), value.to_owned().into()));
        let mut metrics = Self {
            registry: Registry::default(),
            units: Family::default(),
            units_known: Counter::default(),
            units_unfinished: Counter::default(),
            notifications_ignored: Family::default(),
            notifications_foreign: Family::default(),
            units_held: Family::default(),
            documents: Counter::default(),
            documents_overwritten: Counter::default(),
            values_dropped: Family::default(),
            repairs: Family::default(),
            bytes_read: Counter::default(),
            retries: Family::default(),
            step_seconds: Family::new_with_constructor(StepSeconds),
            put_to_searchable: Histogram::new([
                0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0,
            ]),
            bulk_bytes: Histogram::new(exponential_buckets(1024.0, 4.0, 9)),
            bulk_items: Histogram::new([1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0]),
        };
        metrics.register(labels.into_iter());
        metrics
    }

    fn register(&mut self, labels: impl Iterator<Item = (Cow<'static, str>, Cow<'static, str>)>) {
        self.registry.register_collector(Box::new(ProcessMetrics));
        let registry =
            self.registry.sub_registry_with_prefix("docmill_worker").sub_registry_with_labels(labels);
        registry.register("units", "Units brought to their end, by state and reason", self.units.clone());
        registry.register(
            "units_known",
            "Units that were done before, and delivered again",
            self.units_known.clone(),
        );
        registry.register(
            "units_unfinished",
            "Units that were released for a later retry",
            self.units_unfinished.clone(),
        );
        registry.register(
            "notifications_ignored",
            "Notifications of no interest, by their events, or NotCovered where a prefix or suffixes leave the key out",
            self.notifications_ignored.clone(),
        );
        registry.register(
            "notifications_foreign",
            "Notifications of another bucket, by what became of them: LetGo or SetAside",
            self.notifications_foreign.clone(),
        );
        registry.register(
            "units_held",
            "How often units were let go because an index takes no writes or is slow, by what the index has",
            self.units_held.clone(),
        );
        registry.register("documents", "Documents that were written to the index", self.documents.clone());
        registry.register(
            "documents_overwritten",
            "Documents that a later one of the same object with the same id replaced",
            self.documents_overwritten.clone(),
        );
        registry.register(
            "values_dropped",
            "Values that are wrong and were left out of their documents, by what is wrong",
            self.values_dropped.clone(),
        );
        registry.register("repairs", "What was mended in objects, by repair", self.repairs.clone());
        registry.register_with_unit(
            "read",
            "Bytes of raw objects that were read",
            Unit::Bytes,
            self.bytes_read.clone(),
        );
        registry.register("retries", "Attempts that a store kept from succeeding", self.retries.clone());
        registry.register_with_unit(
            "step",
            "How long a step took until it succeeded",
            Unit::Seconds,
            self.step_seconds.clone(),
        );
        registry.register_with_unit(
            "put_to_searchable",
            "From the landing of an object, which S3 tells by the second, until the index had confirmed its documents",
            Unit::Seconds,
            self.put_to_searchable.clone(),
        );
        registry.register_with_unit("bulk", "Sizes of bulk requests", Unit::Bytes, self.bulk_bytes.clone());
        registry.register("bulk_items", "Items of bulk requests", self.bulk_items.clone());
    }

    /// Counts a unit that was completed.
    pub fn unit(&self, state: UnitState, reason: Option<&str>) {
        let state = state.as_str();
        let reason = reason.unwrap_or_default().to_owned();
        self.units.get_or_create(&UnitLabels { state, reason }).inc();
    }

    /// Counts a unit that was done before.
    pub fn unit_known(&self) {
        self.units_known.inc();
    }

    /// Counts a unit that was released.
    pub fn unit_unfinished(&self) {
        self.units_unfinished.inc();
    }

    /// Counts notifications of no interest.
    pub fn ignored(&self, reason: &'static str, count: u64) {
        self.notifications_ignored.get_or_create(&IgnoredLabels { reason }).inc_by(count);
    }

    /// Counts a notification about another bucket.
    pub fn foreign(&self, outcome: Foreign) {
        let outcome = match outcome {
            Foreign::LetGo => "LetGo",
            Foreign::SetAside => "SetAside",
        };
        self.notifications_foreign.get_or_create(&ForeignLabels { outcome }).inc();
    }

    /// Counts a unit that was released because of an index.
    pub fn unit_held(&self, trouble: IndexTrouble) {
        self.units_held.get_or_create(&HeldLabels { trouble: trouble.as_str() }).inc();
    }

    /// Counts documents that were written to the index, and the time since their object landed.
    pub fn searchable(&self, documents: i64, lag_millis: Option<i64>) {
        self.documents.inc_by(u64::try_from(documents).unwrap_or(0));
        if let Some(lag) = lag_millis.and_then(|lag| u64::try_from(lag).ok()) {
            self.put_to_searchable.observe(Duration::from_millis(lag).as_secs_f64());
        }
    }

    /// Counts documents that were overwritten by a later one of the same object and id.
    pub fn overwritten(&self, documents: i64) {
        self.documents_overwritten.inc_by(u64::try_from(documents).unwrap_or(0));
    }

    /// Counts a value that is wrong and was left out of its document.
    pub fn value_dropped(&self, reason: Reason) {
        self.values_dropped.get_or_create(&DroppedLabels { reason: reason.as_str() }).inc();
    }

    /// Counts what was mended in an object.
    pub fn repairs(&self, counts: &RepairCounts) {
        for (repair, times) in counts.iter() {
            self.repairs.get_or_create(&RepairLabels { repair: repair.as_str() }).inc_by(times);
        }
    }

    /// Counts bytes of raw objects.
    pub fn read(&self, bytes: usize) {
        self.bytes_read.inc_by(u64::try_from(bytes).unwrap_or(0));
    }

    /// Records the sizes of a bulk request.
    pub fn bulk(&self, bytes: usize, items: usize) {
        self.bulk_bytes.observe(float(bytes));
        self.bulk_items.observe(float(items));
    }

    /// Counts an attempt that failed because of a store.
    pub fn retry(&self, step: &'static str, kind: Option<ProblemKey>) {
        let (by, reason) =
            kind.map_or(("", ""), |(by, reason): (Store, StoreProblemReason)| (by.as_str(), reason.as_str()));
        self.retries.get_or_create(&RetryLabels { step, by, reason }).inc();
    }

    /// Records the duration of a step that began at `started_at` and succeeded now.
    pub fn step(&self, step: &'static str, started_at: Instant) {
        self.step_seconds.get_or_create(&StepLabels { step }).observe(started_at.elapsed().as_secs_f64());
    }

    /// The metrics in the text form of `OpenMetrics`.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

#[allow(clippy::cast_precision_loss, reason = "sizes of requests are far below 2^53")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use docmill_crds::contract::{IndexTrouble, Store, StoreProblemReason};
    use docmill_crds::conversion::{Repair, RepairCounts};
    use docmill_crds::reason::Reason;
    use docmill_crds::records::units::UnitState;

    use super::{Foreign, Metrics};

    #[test]
    fn the_text_names_source_state_reason_and_step() {
        let metrics = Metrics::new("news", "wire");
        metrics.unit(UnitState::Failed, Some("MissingField"));
        metrics.unit(UnitState::Indexed, None);
        metrics.unit_held(IndexTrouble::Blocked);
        metrics.searchable(3, Some(1_500));
        metrics.overwritten(2);
        metrics.value_dropped(Reason::WrongType);
        let mut repairs = RepairCounts::default();
        repairs.add(Repair::BareAmpersand, 4);
        metrics.repairs(&repairs);
        metrics.read(10);
        metrics.bulk(2_000, 7);
        metrics.retry("index", Some((Store::Elasticsearch, StoreProblemReason::Throttled)));
        metrics.step("fetch", Instant::now());
        metrics.ignored("ObjectTagging:*", 2);
        metrics.foreign(Foreign::LetGo);
        let text = metrics.encode().unwrap();
        for line in [
            r#"docmill_worker_units_total{namespace="news",source="wire",state="Failed",reason="MissingField"} 1"#,
            r#"docmill_worker_units_held_total{namespace="news",source="wire",trouble="Blocked"} 1"#,
            r#"docmill_worker_documents_total{namespace="news",source="wire"} 3"#,
            r#"docmill_worker_documents_overwritten_total{namespace="news",source="wire"} 2"#,
            r#"docmill_worker_values_dropped_total{namespace="news",source="wire",reason="WrongType"} 1"#,
            r#"docmill_worker_repairs_total{namespace="news",source="wire",repair="BareAmpersand"} 4"#,
            r#"docmill_worker_read_bytes_total{namespace="news",source="wire"} 10"#,
            r#"docmill_worker_put_to_searchable_seconds_bucket{namespace="news",source="wire",le="2.0"} 1"#,
            r#"docmill_worker_put_to_searchable_seconds_bucket{namespace="news",source="wire",le="1.0"} 0"#,
            r#"docmill_worker_bulk_bytes_sum{namespace="news",source="wire"} 2000"#,
            r#"docmill_worker_bulk_items_sum{namespace="news",source="wire"} 7"#,
            r#"docmill_worker_retries_total{namespace="news",source="wire",step="index",by="Elasticsearch",reason="Throttled"} 1"#,
            r#"docmill_worker_notifications_ignored_total{namespace="news",source="wire",reason="ObjectTagging:*"} 2"#,
            r#"docmill_worker_notifications_foreign_total{namespace="news",source="wire",outcome="LetGo"} 1"#,
            r#"docmill_worker_step_seconds_count{namespace="news",source="wire",step="fetch"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in:\n{text}");
        }
    }
}
