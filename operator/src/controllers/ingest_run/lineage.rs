//! What lineage tells of a run. Pure.

use docmill_crds::IngestRun;
use docmill_crds::api::ingest_run::IngestMode;
use docmill_crds::api::ingest_source::IngestSourceSpec;
use docmill_crds::contract::RunOrder;
use kube::ResourceExt as _;
use serde_json::json;

use crate::telemetry::open_lineage::{Dataset, JobRun};

/// The run as a run of the job that a mode of a source is. `None` for a probe, which reads and writes nothing.
pub fn job_run(run: &IngestRun, order: &RunOrder) -> Option<JobRun> {
    let source = &order.ingest.spec;
    let raw = Dataset::bucket(&source.raw.bucket, &source.raw.prefix);
    let (inputs, outputs) = match run.spec.mode {
        IngestMode::Process | IngestMode::Replay | IngestMode::Reconvert => (vec![raw], made(source)),
        IngestMode::Shadow => (vec![raw], Vec::new()),
        IngestMode::Audit => ([vec![raw], made(source)].concat(), Vec::new()),
        IngestMode::Manifest => (vec![raw], vec![snapshots(source)]),
        IngestMode::Forget => (Vec::new(), made(source)),
        IngestMode::Probe => return None,
    };
    let (namespace, mode) = (run.namespace().unwrap_or_default(), json!(run.spec.mode));
    let job = format!("{namespace}.{}.{}", run.spec.source_ref.name, mode.as_str().unwrap_or_default());
    Some(JobRun { kind: "IngestRun", job, inputs, outputs })
}

/// What is made of the objects of a source.
fn made(source: &IngestSourceSpec) -> Vec<Dataset> {
    let index = source.index.as_ref();
    let index = index.and_then(|index| Dataset::templated(&index.elasticsearch, &index.name));
    std::iter::once(snapshots(source)).chain(index).collect()
}

fn snapshots(source: &IngestSourceSpec) -> Dataset {
    Dataset::bucket(&source.snapshots.bucket, &source.snapshots.prefix)
}
