mod ending;
mod gaps;
mod selecting;

use std::collections::BTreeMap;

use docmill_crds::EnrichmentRun;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::enrichment_run::Bounds;
use docmill_crds::records::enrichments::{SliceRecord, Versions};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use serde_json::json;

use super::observation::{EnrichmentJob, EnrichmentObservation, Origin, Selection};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn bounds(after: Option<i64>, until: i64) -> Bounds {
    Bounds { after: after.map(|after| Time(at(after))), until: Time(at(until)) }
}

pub fn run() -> EnrichmentRun {
    serde_json::from_value(json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "EnrichmentRun",
        "metadata": {"name": "sentiment", "namespace": "news", "uid": "run-1", "generation": 1,
                     "creationTimestamp": "1970-01-01T00:16:40Z"},
        "spec": {
            "from": {"sourceRef": {"name": "wire"}},
            "to": {"elasticsearch": {"urls": ["http://enriched:9200"], "secretRef": {"name": "es"}},
                   "index": {"name": "enriched-{publishedAt:%Y}"}},
            "enrichers": [{
                "name": "sentiment",
                "openInference": {"url": "http://models:8080", "model": "sentiment"},
                "inputs": [{"name": "text", "template": "{headline}"}],
                "outputs": [{"from": "label", "field": "sentiment", "type": "String"}],
            }],
            "parallelism": 2,
        },
    }))
    .unwrap()
}

fn selection(slices: Vec<Bounds>) -> Selection {
    let cluster = ElasticsearchCluster { urls: vec!["http://raw:9200".into()], ..Default::default() };
    let origin = Origin { cluster, index: "articles-*".into(), storage: None };
    let documents = slices.len() as u64;
    Selection {
        origin,
        target: "target-1".into(),
        pipeline_digest: "way-1".into(),
        versions: Versions::new(),
        bounds: bounds(None, 1001),
        documents,
        slices,
        has_stale_vectors: false,
        limits: BTreeMap::new(),
    }
}

fn seen(
    job: Option<EnrichmentJob>,
    selection: Option<Selection>,
    records: Option<Vec<SliceRecord>>,
) -> EnrichmentObservation {
    EnrichmentObservation {
        now: at(1100),
        ready: Ok(()),
        job,
        clearing: None,
        selection,
        records,
        limits: None,
        worker_statuses: Vec::new(),
    }
}

fn record(slice: i32, selected: i64, done: i64, failed: i64) -> SliceRecord {
    SliceRecord {
        slice,
        documents: selected,
        selected,
        done,
        failed,
        finished: done + failed == selected,
        ..SliceRecord::default()
    }
}
