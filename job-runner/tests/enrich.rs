//! The enrichment of a slice against a real cluster (the one that `ES_RAW_URL` names) and a model server that fails in
//! all the ways in which model servers fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends by it")]

mod model_server;

use docmill_crds::contract::{EnrichOrder, Report};
use docmill_crds::elasticsearch::ElasticsearchCluster;
use docmill_crds::enrichment_ledger::SliceRecord;
use job_runner::clock;
use job_runner::elastic::{Address, BulkBody, Elastic};
use job_runner::enrich::{self, EnrichError};
use job_runner::retry::Patience;
use job_runner::secrets::Secrets;
use model_server::{Fault, ModelServer};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A cluster with articles, a model, and the names that this test alone uses.
struct Bed {
    elastic: Elastic,
    models: ModelServer,
    name: String,
    stop: CancellationToken,
}

impl Bed {
    /// Nothing (and a line that says so) without a cluster.
    async fn new(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("ES_RAW_URL") else {
            eprintln!("{test}: passed over, since ES_RAW_URL names no cluster");
            return None;
        };
        let cluster = ElasticsearchCluster { urls: vec![url], ..Default::default() };
        let elastic = Elastic::new(&cluster, &Secrets::default()).unwrap();
        let name = format!("{test}-{}", clock::now_millis());
        let stop = CancellationToken::new();
        Some(Self { elastic, models: ModelServer::start().await, name, stop })
    }

    fn articles(&self) -> String {
        format!("{}-articles", self.name)
    }

    fn enriched(&self) -> String {
        format!("{}-enriched-2026", self.name)
    }

    /// Puts articles; all of a call have the same time, so that only the tie-breaker tells them apart.
    async fn put(&self, ids: std::ops::Range<u32>, headline: &str, version: u64, at: &str) {
        let mut bulk = BulkBody::default();
        let mapping = json!({"mappings": {"properties": {
            "publishedAt": {"type": "date"}, "_docmill": {"properties": {"indexedTime": {"type": "date"}}}}}});
        self.elastic.ensure_index(&self.articles(), &mapping).await.unwrap();
        for id in ids {
            let source = json!({"headline": format!("{headline} {id}"), "publishedAt": "2026-01-02T00:00:00Z",
                "_docmill": {"indexedTime": at, "revision": "r"}});
            let id = id.to_string();
            let address = Address { index: &self.articles(), id: &id };
            bulk.push_index(address, Some(version), source.to_string().as_bytes());
        }
        let patience = Patience::lasting(Duration::from_secs(10));
        self.elastic.bulk_all(bulk, patience, &self.stop).await.unwrap();
    }

    fn order(&self, run: &str) -> EnrichOrder {
        serde_json::from_value(json!({
            "namespace": self.name, "run": run, "runUid": run,
            "from": {"urls": ["http://unused:1"]}, "fromIndex": self.articles(),
            "to": {"elasticsearch": {"urls": ["http://unused:1"]},
                   "name": format!("{}-enriched-{{publishedAt:%Y}}", self.name)},
            "select": "New",
            "enrichers": [{
                "name": "embedding",
                "openInference": {"url": self.models.url, "model": "lengths"},
                "inputs": [{"name": "text", "template": "{headline}"}],
                "outputs": [{"tensor": "vector", "field": "embedding", "type": "Vector"},
                            {"tensor": "echo", "field": "echo", "type": "String"}],
                "batchSize": 16, "timeoutSeconds": 1}],
            "slices": [{"until": "2026-06-01T00:00:00Z"}],
        }))
        .unwrap()
    }

    async fn run(&self, run: &str) -> Result<Report, EnrichError> {
        enrich::run(&self.order(run), 0, &self.elastic, &self.elastic, &self.stop).await
    }

    async fn record(&self, run: &str) -> SliceRecord {
        let index = docmill_crds::enrichment_ledger::enrichments_index(&self.name);
        let record = self.elastic.get(&index, &SliceRecord::id(run, 0)).await.unwrap().expect("a record");
        serde_json::from_value(Value::Object(record.source)).unwrap()
    }

    /// Every enriched copy, checked to hold the result for its own text.
    async fn checked_copies(&self) -> usize {
        self.elastic.refresh(&self.enriched()).await.unwrap();
        let body = json!({"size": 1000, "query": {"match_all": {}}});
        let answer = self.elastic.search(&self.enriched(), &body).await.unwrap();
        let hits = answer["hits"]["hits"].as_array().unwrap();
        for hit in hits {
            let source = &hit["_source"];
            assert_eq!(source["echo"], source["headline"], "{}", hit["_id"]);
            let length = source["headline"].as_str().unwrap().len();
            assert_eq!(source["embedding"], json!([length, 1]), "{}", hit["_id"]);
            let told = &source["_docmill"]["enrichment"]["embedding"];
            assert_eq!((&told["model"], &told["version"]), (&json!("lengths"), &json!("v1")));
        }
        hits.len()
    }
}

#[tokio::test]
async fn every_article_goes_through_the_model_once() {
    let Some(bed) = Bed::new("once").await else { return };
    bed.put(0..150, "first", 1, "2026-01-02T00:00:00.000Z").await;
    bed.put(150..250, "first", 1, "2026-01-02T00:00:00.001Z").await;
    let report = bed.run("run-1").await.unwrap();
    assert_eq!((report.done, report.failed, report.skipped), (250, 0, 0));
    assert_eq!(bed.checked_copies().await, 250);
    assert_eq!(bed.models.documents(), 250);
    let record = bed.record("run-1").await;
    assert_eq!((record.selected, record.done, record.cached, record.finished), (250, 250, 0, true));

    let report = bed.run("run-2").await.unwrap();
    assert_eq!((report.done, report.skipped, bed.models.documents()), (0, 250, 250));
    assert_eq!(bed.record("run-2").await.selected, 0);

    // 37 with another text, 5 that were indexed again unchanged.
    bed.put(0..37, "second", 2, "2026-02-02T00:00:00.000Z").await;
    bed.put(40..45, "first", 2, "2026-02-02T00:00:00.000Z").await;
    bed.run("run-3").await.unwrap();
    let record = bed.record("run-3").await;
    assert_eq!((record.selected, record.done, record.cached), (42, 42, 5));
    assert_eq!(bed.models.documents(), 287);
    assert_eq!(bed.checked_copies().await, 250);
}

#[tokio::test]
async fn a_model_that_fails_makes_no_document_a_failure_and_no_result_wrong() {
    let Some(bed) = Bed::new("faults").await else { return };
    bed.put(0..90, "text", 1, "2026-01-02T00:00:00.000Z").await;
    bed.models.fail_with([
        Fault::Status(500),
        Fault::Status(429),
        Fault::Slow,
        Fault::NotJson,
        Fault::Short,
        Fault::Null,
        Fault::OtherId,
    ]);
    let report = bed.run("run-1").await.unwrap();
    assert_eq!((report.done, report.failed), (90, 0), "{:?}", report.error);
    assert_eq!(bed.checked_copies().await, 90);
}

#[tokio::test]
async fn the_guilty_document_of_a_batch_fails_alone_and_is_tried_again_by_the_next_run() {
    let Some(bed) = Bed::new("guilty").await else { return };
    bed.put(0..20, "text", 1, "2026-01-02T00:00:00.000Z").await;
    bed.put(20..21, "poison", 1, "2026-01-02T00:00:00.000Z").await;
    let report = bed.run("run-1").await.unwrap();
    assert_eq!((report.done, report.failed), (20, 1));
    let reason = bed.record("run-1").await.first_failure.unwrap();
    assert!(reason.contains("document 20") && reason.contains("poison is refused"), "{reason}");
    assert_eq!(bed.checked_copies().await, 20);
    bed.run("run-2").await.unwrap();
    let record = bed.record("run-2").await;
    assert_eq!((record.selected, record.failed), (1, 1));
}

#[tokio::test]
async fn a_slice_that_was_cut_short_counts_as_if_it_had_not_been() {
    let Some(mut bed) = Bed::new("restart").await else { return };
    bed.put(0..250, "text", 1, "2026-01-02T00:00:00.000Z").await;
    bed.models.stop_after(9, bed.stop.clone());
    assert!(matches!(bed.run("run-1").await, Err(EnrichError::Stopped)));
    let before = bed.models.documents();
    assert!(before < 250, "{before}");
    bed.stop = CancellationToken::new();
    bed.run("run-1").await.unwrap();
    let record = bed.record("run-1").await;
    assert_eq!((record.selected, record.done, record.cached, record.failed), (250, 250, 0, 0));
    assert_eq!(bed.models.documents(), 250);
    assert_eq!(bed.checked_copies().await, 250);
}

#[tokio::test]
async fn an_unknown_model_ends_the_slice_and_says_so() {
    let Some(bed) = Bed::new("unknown").await else { return };
    bed.put(0..3, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let mut order = bed.order("run-1");
    order.enrichers[0].open_inference.model = "nope".into();
    let error = enrich::run(&order, 0, &bed.elastic, &bed.elastic, &bed.stop).await.unwrap_err();
    assert!(error.to_string().contains("Model nope not found"), "{error}");
}

#[tokio::test]
async fn a_source_without_articles_is_done_at_once() {
    let Some(bed) = Bed::new("empty").await else { return };
    let report = bed.run("run-1").await.unwrap();
    assert_eq!((report.done, report.skipped), (0, 0));
    assert!(bed.record("run-1").await.finished);
}
