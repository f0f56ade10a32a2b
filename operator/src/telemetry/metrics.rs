//! Prometheus metrics of the operator itself and of resources: `sources`, `models`, `runs`, `schedules` and
//! `connections`, all exported through `resource_collector`.

mod connections;
mod models;
mod resource_collector;
mod runs;
mod schedules;
mod sources;

use std::fmt;
use std::time::Duration;

use docmill_clients::telemetry::build_info;
use docmill_clients::telemetry::process::ProcessMetrics;
use docmill_crds::{
    ClusterConnection, Connection, ConversionModel, EnrichmentRun, EnrichmentSchedule, IngestRun,
    IngestSchedule, IngestSource,
};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
pub use resource_collector::{ResourceCollector, ResourceMetrics};

/// The kinds of resources that are reconciled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Kind {
    /// `IngestSource`.
    IngestSource,
    /// `IngestRun`.
    IngestRun,
    /// `EnrichmentRun`.
    EnrichmentRun,
    /// `EnrichmentSchedule`.
    EnrichmentSchedule,
    /// `IngestSchedule`.
    IngestSchedule,
    /// `ConversionModel`.
    ConversionModel,
    /// `Connection`.
    Connection,
    /// `ClusterConnection`.
    ClusterConnection,
}

/// How a reconcile ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum ReconcileOutcome {
    /// Successfully.
    Done,
    /// With an error of the API server.
    Failed,
}

/// The target of a request. Requests to stores are counted only for reconciles of `IngestSource`s, because
/// those continue while the sources are idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Target {
    /// The API server: gets, lists and watches.
    ApiServerRead,
    /// The API server: all writes, including the Lease.
    ApiServerWrite,
    /// Queues.
    Queue,
    /// Buckets.
    ObjectStore,
    /// Ledgers.
    Elasticsearch,
    /// Running workers.
    Worker,
}

/// What became of an `OpenLineage` event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum LineageOutcome {
    /// The receiver took it.
    Sent,
    /// The receiver refused it, or could not be reached for too long.
    Failed,
    /// Too many waited.
    Dropped,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LineageLabels {
    outcome: LineageOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReconcileLabels {
    kind: Kind,
    outcome: ReconcileOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TargetLabels {
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RecordsLabels {
    resource: String,
    code: u16,
}

#[derive(Clone, Copy)]
struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    /// From 5 ms to 40 s: a reconcile is a few requests, each with a timeout.
    fn new_metric(&self) -> Histogram {
        Histogram::new(exponential_buckets(0.005, 2.0, 14))
    }
}

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    reconciles: Family<ReconcileLabels, Counter>,
    reconcile_seconds: Family<KindLabels, Histogram, Seconds>,
    jobs_created: Family<KindLabels, Counter>,
    leader: Gauge,
    requests: Family<TargetLabels, Counter>,
    records_requests: Family<RecordsLabels, Counter>,
    lineage_events: Family<LineageLabels, Counter>,
    /// The views to export: each resource as long as it exists.
    pub resources: ResourceCollectors,
}

/// The exported resources.
#[derive(Debug, Default)]
pub struct ResourceCollectors {
    /// `IngestSource`s.
    pub sources: ResourceCollector<IngestSource>,
    /// `IngestRun`s.
    pub ingest_runs: ResourceCollector<IngestRun>,
    /// `EnrichmentRun`s.
    pub enrichment_runs: ResourceCollector<EnrichmentRun>,
    /// `EnrichmentSchedule`s.
    pub enrichment_schedules: ResourceCollector<EnrichmentSchedule>,
    /// `IngestSchedule`s.
    pub ingest_schedules: ResourceCollector<IngestSchedule>,
    /// `ConversionModel`s.
    pub models: ResourceCollector<ConversionModel>,
    /// `Connection`s.
    pub connections: ResourceCollector<Connection>,
    /// `ClusterConnection`s.
    pub cluster_connections: ResourceCollector<ClusterConnection>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut all = Registry::default();
        let resources = ResourceCollectors::default();
        all.register_collector(Box::new(resources.sources.clone()));
        all.register_collector(Box::new(resources.ingest_runs.clone()));
        all.register_collector(Box::new(resources.enrichment_runs.clone()));
        all.register_collector(Box::new(resources.enrichment_schedules.clone()));
        all.register_collector(Box::new(resources.ingest_schedules.clone()));
        all.register_collector(Box::new(resources.models.clone()));
        all.register_collector(Box::new(resources.connections.clone()));
        all.register_collector(Box::new(resources.cluster_connections.clone()));
        all.register_collector(Box::new(ProcessMetrics));
        let registry = all.sub_registry_with_prefix("docmill_operator");
        let build = [("version", build_info::number()), ("commit", build_info::commit())];
        registry.register("build", "Version and git commit of the operator", Info::new(build));
        let reconciles = Family::default();
        registry.register("reconciles", "Reconciles, by outcome", reconciles.clone());
        let reconcile_seconds = Family::new_with_constructor(Seconds);
        registry.register(
            "reconcile_seconds",
            "Duration of a reconcile in seconds",
            reconcile_seconds.clone(),
        );
        let jobs_created = Family::default();
        registry.register("jobs_created", "Worker Jobs created", jobs_created.clone());
        let leader = Gauge::default();
        registry.register("leader", "1 on the operator that is the leader, 0 on the others", leader.clone());
        let requests = Family::default();
        registry.register("requests", "Requests sent, by target", requests.clone());
        let records_requests = Family::default();
        registry.register(
            "records_requests",
            "Requests to the Records API, by resource and status",
            records_requests.clone(),
        );
        let lineage_events = Family::default();
        registry.register(
            "lineage_events",
            "OpenLineage events of runs, by what became of them",
            lineage_events.clone(),
        );
        Self {
            registry: all,
            reconciles,
            reconcile_seconds,
            jobs_created,
            leader,
            requests,
            records_requests,
            lineage_events,
            resources,
        }
    }
}

impl Metrics {
    /// Counts a reconcile.
    pub fn reconciled(&self, kind: Kind, outcome: ReconcileOutcome, duration: Duration) {
        self.reconciles.get_or_create(&ReconcileLabels { kind, outcome }).inc();
        self.reconcile_seconds.get_or_create(&KindLabels { kind }).observe(duration.as_secs_f64());
    }

    /// Counts a Job.
    pub fn job_created(&self, kind: Kind) {
        self.jobs_created.get_or_create(&KindLabels { kind }).inc();
    }

    /// Sets whether this operator leads.
    pub fn set_leader(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Counts a request.
    pub fn request(&self, target: Target) {
        self.requests.get_or_create(&TargetLabels { target }).inc();
    }

    /// Counts a request to the Records API; `resource` is one of a few, such as `units` and `documents/raw`.
    pub fn records_request(&self, resource: String, code: u16) {
        self.records_requests.get_or_create(&RecordsLabels { resource, code }).inc();
    }

    /// Counts an `OpenLineage` event.
    pub fn lineage_event(&self, outcome: LineageOutcome) {
        self.lineage_events.get_or_create(&LineageLabels { outcome }).inc();
    }

    /// Writes the metrics in the text form of `OpenMetrics`.
    pub fn encode(&self, out: &mut impl fmt::Write) -> fmt::Result {
        text::encode(out, &self.registry)
    }

    #[cfg(test)]
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.encode(&mut out).unwrap();
        out
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Kind, Metrics, ReconcileOutcome, Target};

    #[test]
    fn the_text_names_kind_and_outcome() {
        let metrics = Metrics::default();
        metrics.reconciled(Kind::IngestSource, ReconcileOutcome::Done, Duration::from_millis(7));
        metrics.job_created(Kind::EnrichmentRun);
        metrics.request(Target::Queue);
        metrics.records_request("documents/raw".to_owned(), 403);
        let text = metrics.text();
        for line in [
            r#"docmill_operator_reconciles_total{kind="IngestSource",outcome="Done"} 1"#,
            r#"docmill_operator_jobs_created_total{kind="EnrichmentRun"} 1"#,
            r#"docmill_operator_requests_total{target="Queue"} 1"#,
            r#"docmill_operator_records_requests_total{resource="documents/raw",code="403"} 1"#,
            "docmill_operator_leader 0",
            concat!(r#"docmill_operator_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#"",commit=""#),
        ] {
            assert!(text.contains(line), "{line} is missing in:\n{text}");
        }
    }
}
