//! The enrichment of a slice against a real cluster (the one that `ES_RAW_URL` names) and a model server that fails in
//! all the ways in which model servers fail.

use std::time::Duration;

use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody, Elastic};
use docmill_clients::retry::RetryPolicy;
use docmill_clients::secrets::Secrets;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::enrichment_run::DocumentState;
use docmill_crds::contract::{EnrichOrder, EnrichStep, Report};
use docmill_crds::records::enrichments::{FailureRecord, SliceRecord, enrichments_index, limits_id};
use job_runner::enrich::{self, EnrichError};
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::model_server::{Fault, ModelServer};

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
        self.elastic.create_index(&self.articles(), &mapping).await.unwrap();
        for id in ids {
            let source = json!({"headline": format!("{headline} {id}"), "publishedAt": "2026-01-02T00:00:00Z",
                "_docmill": {"indexedTime": at, "revision": "r"}});
            let id = id.to_string();
            let address = Address { index: &self.articles(), id: &id };
            bulk.push_index(address, Some(version), source.to_string().as_bytes());
        }
        let patience = RetryPolicy::lasting(Duration::from_secs(10));
        self.elastic.bulk_all(bulk, patience, &self.stop).await.unwrap();
    }

    fn order(&self, run: &str) -> EnrichOrder {
        serde_json::from_value(json!({
            "namespace": self.name, "run": run, "runUid": run, "cluster": "test",
            "from": {"urls": ["http://unused:1"]}, "fromIndex": self.articles(),
            "to": {"elasticsearch": {"urls": ["http://unused:1"]},
                   "index": {"name": format!("{}-enriched-{{publishedAt:%Y}}", self.name)}},
            "select": {"state": "New"}, "step": "enrich", "timeField": "_docmill.indexedTime", "target": self.name,
            "onModelChange": "Stop", "pods": 1,
            "enrichers": [{
                "name": "embedding",
                "openInference": {"url": self.models.url, "model": "lengths"},
                "inputs": [{"name": "text", "template": "{headline}"}],
                "outputs": [{"from": "vector", "field": "embedding", "type": "Vector"},
                            {"from": "echo", "field": "echo", "type": "String"}],
                "batchSize": 16, "timeoutSeconds": 1}],
            "slices": [{"until": "2026-06-01T00:00:00Z"}],
        }))
        .unwrap()
    }

    async fn run(&self, run: &str) -> Result<Report, EnrichError> {
        self.run_order(&self.order(run)).await
    }

    async fn run_order(&self, order: &EnrichOrder) -> Result<Report, EnrichError> {
        self.run_order_until(order, &self.stop).await
    }

    async fn run_order_until(
        &self,
        order: &EnrichOrder,
        stop: &CancellationToken,
    ) -> Result<Report, EnrichError> {
        // On the heap, since it is large.
        Box::pin(enrich::run(order, 0, &self.elastic, &self.elastic, stop)).await
    }

    fn records(&self) -> String {
        enrichments_index(&self.name)
    }

    async fn record(&self, run: &str) -> SliceRecord {
        self.try_record(run).await.expect("a record")
    }

    async fn try_record(&self, run: &str) -> Option<SliceRecord> {
        let record = self.elastic.get(&self.records(), &SliceRecord::id(run, 0)).await.unwrap()?;
        serde_json::from_value(Value::Object(record.source)).unwrap()
    }

    /// The records of failures, by document.
    async fn failures(&self) -> Vec<FailureRecord> {
        self.elastic.refresh(&self.records()).await.unwrap();
        let body = json!({"size": 1000, "query": {"term": {"kind": "failure"}}, "sort": ["document"]});
        let answer = self.elastic.search(&self.records(), &body).await.unwrap();
        let hits = answer["hits"]["hits"].as_array().unwrap();
        hits.iter().map(|hit| serde_json::from_value(hit["_source"].clone()).unwrap()).collect()
    }

    /// What the run may spend, as the operator writes it.
    async fn limit(&self, run: &str, budget: &Value) {
        let (index, id) = (self.records(), limits_id(run));
        let address = Address { index: &index, id: &id };
        let record = json!({"kind": "limits", "run": run, "budget": budget});
        self.elastic.index_doc(address, &record, None).await.unwrap();
    }

    async fn delete(&self, id: u32) {
        let mut bulk = BulkBody::default();
        bulk.push_delete(Address { index: &self.articles(), id: &id.to_string() }, None);
        self.elastic.bulk_all(bulk, RetryPolicy::once(), &self.stop).await.unwrap();
    }

    /// How many copies were made by each version of the model.
    async fn versions_stored(&self) -> Vec<(String, u64)> {
        self.elastic.refresh(&self.enriched()).await.unwrap();
        let field = "_docmill.enrichment.embedding.version";
        let body =
            json!({"size": 0, "aggs": {"versions": {"terms": {"field": field, "order": {"_key": "asc"}}}}});
        let answer = self.elastic.search(&self.enriched(), &body).await.unwrap();
        let buckets = answer["aggregations"]["versions"]["buckets"].as_array().unwrap();
        let count = |bucket: &Value| {
            (bucket["key"].as_str().unwrap().to_owned(), bucket["doc_count"].as_u64().unwrap())
        };
        buckets.iter().map(count).collect()
    }

    /// How many copies have a vector.
    async fn vectors_stored(&self) -> usize {
        self.elastic.refresh(&self.enriched()).await.unwrap();
        let body = json!({"size": 1000, "query": {"match_all": {}}});
        let answer = self.elastic.search(&self.enriched(), &body).await.unwrap();
        let hits = answer["hits"]["hits"].as_array().unwrap();
        hits.iter().filter(|hit| hit["_source"].get("embedding").is_some()).count()
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
            assert_eq!(told["model"], "lengths");
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
    let failure = bed.failures().await.remove(0);
    assert_eq!((failure.document.as_str(), failure.reason.as_str()), ("20", "ModelRefused"));
    assert_eq!((failure.run.as_str(), failure.attempts, failure.stage.as_str()), ("run-2", 2, "Enrich"));
}

#[tokio::test]
async fn failures_are_taken_up_by_themselves_and_forgotten_when_they_are_none_any_more() {
    let Some(bed) = Bed::new("failed").await else { return };
    bed.put(0..20, "text", 1, "2026-01-02T00:00:00.000Z").await;
    bed.put(20..23, "poison", 1, "2026-01-02T00:00:00.000Z").await;
    bed.run("run-1").await.unwrap();
    assert_eq!(bed.failures().await.len(), 3);
    bed.put(20..21, "mended", 2, "2026-01-02T00:00:00.000Z").await;
    bed.elastic.refresh(&bed.articles()).await.unwrap();
    bed.delete(21).await;
    let asked = bed.models.documents();
    let mut order = bed.order("run-2");
    order.select.state = DocumentState::Failed;
    bed.run_order(&order).await.unwrap();
    let record = bed.record("run-2").await;
    assert_eq!((record.documents, record.selected, record.done, record.failed), (3, 2, 1, 1));
    assert_eq!(bed.models.documents(), asked + 1);
    let left: Vec<String> = bed.failures().await.into_iter().map(|failure| failure.document).collect();
    assert_eq!(left, ["22"], "mended and deleted ones are forgotten");
    assert_eq!(bed.checked_copies().await, 21);
}

#[tokio::test]
async fn a_document_that_the_model_cannot_bear_is_found_out_among_others() {
    let Some(bed) = Bed::new("crash").await else { return };
    bed.put(0..40, "text", 1, "2026-01-02T00:00:00.000Z").await;
    bed.put(40..41, "crash", 1, "2026-01-02T00:00:00.000Z").await;
    let report = bed.run("run-1").await.unwrap();
    assert_eq!((report.done, report.failed), (40, 1), "{:?}", report.error);
    assert_eq!(bed.failures().await[0].document, "40");
}

#[tokio::test]
async fn a_model_is_never_asked_for_more_than_is_allowed() {
    let Some(bed) = Bed::new("limits").await else { return };
    bed.put(0..200, "text", 1, "2026-01-02T00:00:00.000Z").await;
    bed.models.take(Duration::from_millis(60));
    let mut order = bed.order("run-1");
    order.pods = 2;
    order.enrichers[0].batch_size = 5;
    order.enrichers[0].max_in_flight = 7;
    bed.run_order(&order).await.unwrap();
    assert_eq!(bed.models.most_at_once(), 3, "the share of one of two pods");
    assert_eq!(bed.models.spent().0, 40, "full batches");

    let Some(bed) = Bed::new("rate").await else { return };
    bed.put(0..60, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let mut order = bed.order("run-1");
    order.enrichers[0].batch_size = 5;
    order.enrichers[0].requests_per_second = Some(20);
    bed.run_order(&order).await.unwrap();
    // A request may be a little late, and the next one in time.
    assert!(bed.models.closest() > Duration::from_millis(30), "{:?}", bed.models.closest());
}

#[tokio::test]
async fn a_run_stops_before_its_budget_is_exceeded_and_goes_on_with_more() {
    let Some(bed) = Bed::new("budget").await else { return };
    bed.put(0..100, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let mut order = bed.order("run-1");
    order.has_budget = true;
    order.enrichers[0].batch_size = 5;
    for (budget, calls, done) in
        [(json!({"calls": 7}), 7, 35), (json!({"calls": 100, "inputCharacters": 560}), 16, 80)]
    {
        bed.limit(&order.run_uid, &budget).await;
        let stop = CancellationToken::new();
        let rested = async {
            let run = bed.run_order_until(&order, &stop);
            let watch = async {
                while bed.try_record("run-1").await.and_then(|record| record.exhausted).map(|b| json!(b))
                    != Some(budget.clone())
                {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                stop.cancel();
            };
            tokio::join!(run, watch).0
        };
        let rested =
            Box::pin(tokio::time::timeout(Duration::from_secs(30), rested)).await.expect("it rests in time");
        assert!(matches!(rested, Err(EnrichError::Stopped)), "{rested:?}");
        assert_eq!((bed.models.spent().0, bed.checked_copies().await), (calls, done), "{budget}");
    }
    bed.limit(&order.run_uid, &json!({"calls": 1000})).await;
    bed.run_order(&order).await.unwrap();
    let record = bed.record("run-1").await;
    assert_eq!((record.selected, record.done, record.calls, record.finished), (100, 100, 20, true));
    assert_eq!(record.exhausted, None);
    assert_eq!(bed.models.spent().0, 20);
}

#[tokio::test]
async fn requests_that_nobody_takes_are_no_calls_and_cost_no_budget() {
    let Some(bed) = Bed::new("nobody").await else { return };
    bed.put(0..96, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = bed.models.url.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        // Several attempts later the server is there.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let listener = TcpListener::bind(port).await.unwrap();
        while let Ok((mut from, _)) = listener.accept().await {
            let mut to = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut from, &mut to).await });
        }
    });
    let mut order = bed.order("run-1");
    order.has_budget = true;
    if let Some(model) = &mut order.enrichers[0].open_inference {
        model.url = format!("http://{port}");
    }
    bed.limit(&order.run_uid, &json!({"calls": 6})).await;
    let run = Box::pin(tokio::time::timeout(Duration::from_secs(30), bed.run_order(&order)));
    run.await.expect("its budget is enough").unwrap();
    let record = bed.record("run-1").await;
    assert_eq!((record.done, record.calls, record.exhausted), (96, 6, None));
    assert_eq!(bed.models.spent().0, 6);
}

#[tokio::test]
async fn no_more_documents_are_worked_on_than_the_run_may() {
    let Some(bed) = Bed::new("most").await else { return };
    bed.put(0..150, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let mut order = bed.order("run-1");
    order.max_documents = Some(40);
    bed.run_order(&order).await.unwrap();
    let record = bed.record("run-1").await;
    assert_eq!((record.selected, record.done, record.cut_short, record.finished), (40, 40, true, true));
    assert_eq!((bed.models.documents(), bed.checked_copies().await), (40, 40));
    bed.run("run-2").await.unwrap();
    let record = bed.record("run-2").await;
    assert_eq!((record.selected, record.passed_over, record.cut_short), (110, 40, false));
}

#[tokio::test]
async fn a_model_that_changes_meanwhile_stops_the_run_or_is_told_of() {
    for (policy, stops) in [("Stop", true), ("Continue", false)] {
        let Some(bed) = Bed::new(&format!("changed-{}", policy.to_lowercase())).await else { return };
        bed.put(0..60, "text", 1, "2026-01-02T00:00:00.000Z").await;
        bed.models.change_version(3, "v2");
        let mut order = bed.order("run-1");
        order.versions.insert("embedding".into(), "v1".into());
        order.enrichers[0].max_in_flight = 1;
        order.on_model_change = serde_json::from_value(json!(policy)).unwrap();
        let result = bed.run_order(&order).await;
        let record = bed.record("run-1").await;
        assert!(record.model_changed.unwrap().contains("from version \"v1\" to \"v2\""));
        let stored = bed.versions_stored().await;
        if stops {
            assert!(matches!(result, Err(EnrichError::ModelChanged { .. })), "{result:?}");
            assert_eq!(stored, [("v1".to_owned(), 32)], "nothing of the other version is stored");
        } else {
            result.unwrap();
            assert_eq!(stored, [("v1".to_owned(), 32), ("v2".to_owned(), 28)]);
        }
    }
}

#[tokio::test]
async fn a_rehearsal_tells_what_a_run_will_take_and_does_nothing() {
    let Some(bed) = Bed::new("rehearsal").await else { return };
    bed.put(0..90, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let mut order = bed.order("run-1");
    order.step = EnrichStep::DryRun;
    bed.run_order(&order).await.unwrap();
    let told = bed.record("run-1").await;
    assert_eq!((told.selected, told.cached, told.calls, told.done), (90, 0, 6, 0));
    assert_eq!((bed.models.spent().0, bed.elastic.exists(&bed.enriched()).await.unwrap()), (0, false));
    bed.run("run-2").await.unwrap();
    let spent = bed.models.spent();
    assert_eq!((spent.0, spent.1), (6, usize::try_from(told.input_characters).unwrap()));
    // Ten anew, five of them unchanged.
    bed.put(0..5, "other", 2, "2026-02-02T00:00:00.000Z").await;
    bed.put(5..10, "text", 2, "2026-02-02T00:00:00.000Z").await;
    order.run_uid = "run-3".into();
    bed.run_order(&order).await.unwrap();
    let told = bed.record("run-3").await;
    assert_eq!((told.selected, told.cached, told.calls), (10, 5, 1));
    assert_eq!(bed.models.spent().0, 6);
}

#[tokio::test]
async fn a_document_that_moves_to_another_index_is_there_once_and_keeps_its_result() {
    let Some(bed) = Bed::new("moved").await else { return };
    bed.put(0..3, "text", 1, "2026-01-02T00:00:00.000Z").await;
    bed.run("run-1").await.unwrap();
    bed.elastic.refresh(&bed.enriched()).await.unwrap();
    let source = json!({"headline": "text 0", "publishedAt": "2025-01-02T00:00:00Z",
        "_docmill": {"indexedTime": "2026-02-02T00:00:00.000Z"}});
    let mut bulk = BulkBody::default();
    let address = Address { index: &bed.articles(), id: "0" };
    bulk.push_index(address, Some(2), source.to_string().as_bytes());
    bed.elastic.bulk_all(bulk, RetryPolicy::once(), &bed.stop).await.unwrap();
    bed.run("run-2").await.unwrap();
    let record = bed.record("run-2").await;
    assert_eq!((record.done, record.cached, bed.models.documents()), (1, 1, 3));
    assert_eq!(bed.checked_copies().await, 2, "the one of the old index is gone");
    let moved = bed.elastic.get(&bed.enriched().replace("2026", "2025"), "0").await.unwrap().unwrap();
    assert_eq!(moved.source["echo"], "text 0");
}

#[tokio::test]
async fn new_indices_are_made_as_the_run_says_and_no_more_than_it_allows() {
    let Some(bed) = Bed::new("guarded").await else { return };
    bed.put(0..3, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let mut bulk = BulkBody::default();
    for (id, published) in [("3", "2025-01-02T00:00:00Z"), ("4", "9999-01-02T00:00:00Z")] {
        let source = json!({"headline": format!("text {id}"), "publishedAt": published,
            "_docmill": {"indexedTime": "2026-02-02T00:00:00.000Z"}});
        bulk.push_index(Address { index: &bed.articles(), id }, Some(1), source.to_string().as_bytes());
    }
    bed.elastic.bulk_all(bulk, RetryPolicy::once(), &bed.stop).await.unwrap();
    let alias = format!("alias-{}", bed.name);
    let mut order = bed.order("run-1");
    order.to.index = serde_json::from_value(json!({
        "name": order.to.index.name, "maxNewIndicesPerHour": 1, "aliases": [alias],
        "settings": {"numberOfShards": 2, "numberOfReplicas": 0, "refreshIntervalSeconds": 7}}))
    .unwrap();
    let report = bed.run_order(&order).await.unwrap();
    assert_eq!((report.done, report.failed, bed.models.documents()), (3, 2, 3), "{:?}", report.error);
    let failed: Vec<_> =
        bed.failures().await.into_iter().map(|failure| (failure.document, failure.reason)).collect();
    let expected = [("3", "TooManyIndices"), ("4", "DateOutOfWindow")];
    assert_eq!(failed, expected.map(|(id, reason)| (id.to_owned(), reason.to_owned())));
    assert_eq!(bed.checked_copies().await, 3);
    let found = bed.elastic.search(&alias, &json!({"query": {"match_all": {}}})).await.unwrap();
    assert_eq!(found["hits"]["hits"].as_array().unwrap().len(), 3, "the alias is that of the new index");

    order.run_uid = "run-2".into();
    order.select.state = DocumentState::Failed;
    order.to.index.max_new_indices_per_hour = 2;
    let report = bed.run_order(&order).await.unwrap();
    assert_eq!((report.done, report.failed), (1, 1), "{:?}", report.error);
    assert_eq!(bed.failures().await.remove(0).document, "4");
}

#[tokio::test]
async fn two_enrichers_or_raw_and_enriched_are_compared_and_nothing_is_stored() {
    let Some(bed) = Bed::new("compare").await else { return };
    bed.put(0..30, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let mut order = bed.order("run-1");
    let mut other = order.enrichers[0].clone();
    other.name = "other".into();
    other.inputs[0].template = Some("{headline}!".into());
    order.enrichers.push(other);
    let step = |compare: Value| EnrichStep::Compare(serde_json::from_value(compare).unwrap());
    order.step = step(json!({"left": "embedding", "right": "other", "toleranceMilli": 500}));
    bed.run_order(&order).await.unwrap();
    let record = bed.record("run-1").await;
    let found: Vec<_> =
        record.comparison.iter().map(|field| (field.field.as_str(), field.agreed, field.differing)).collect();
    assert_eq!(found, [("echo", 0, 30), ("embedding", 30, 0)]);
    assert!(!bed.elastic.exists(&bed.enriched()).await.unwrap());
    let report = bed.elastic.get(&bed.records(), "comparison-run-1-0").await.unwrap().unwrap().source;
    let example = &report["fields"][0]["examples"][0];
    assert_eq!(example["right"].as_str().unwrap(), format!("{}!", example["left"].as_str().unwrap()));

    bed.run("run-2").await.unwrap();
    bed.put(0..10, "changed", 2, "2026-01-02T00:00:00.000Z").await;
    bed.put(30..31, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let mut order = bed.order("run-3");
    order.step = step(json!({}));
    let asked = bed.models.spent().0;
    bed.run_order(&order).await.unwrap();
    let record = bed.record("run-3").await;
    assert_eq!((record.done, record.failed, bed.models.spent().0), (30, 1, asked));
    let headline = record.comparison.iter().find(|field| field.field == "headline").unwrap();
    assert_eq!((headline.agreed, headline.differing), (20, 10));
}

#[tokio::test]
async fn another_version_makes_everything_new_and_the_same_one_nothing() {
    let Some(bed) = Bed::new("version").await else { return };
    bed.put(0..50, "text", 1, "2026-01-02T00:00:00.000Z").await;
    let with = |run: &str, version: &str| {
        let mut order = bed.order(run);
        order.versions.insert("embedding".into(), version.to_owned());
        order
    };
    bed.run_order(&with("run-1", "v1")).await.unwrap();
    bed.run_order(&with("run-2", "v1")).await.unwrap();
    assert_eq!((bed.record("run-2").await.selected, bed.models.documents()), (0, 50));
    bed.models.change_version(0, "v2");
    let mut clear = with("run-3", "v2");
    clear.step = EnrichStep::Clear;
    assert_eq!(bed.run_order(&clear).await.unwrap().done, 50, "vectors of another model go first");
    assert_eq!(bed.vectors_stored().await, 0);
    assert_eq!(bed.run_order(&clear).await.unwrap().done, 0);
    bed.run_order(&with("run-3", "v2")).await.unwrap();
    assert_eq!((bed.record("run-3").await.done, bed.models.documents()), (50, 100));
    assert_eq!(bed.versions_stored().await, [("v2".to_owned(), 50)]);
    assert_eq!(bed.vectors_stored().await, 50);
}

#[tokio::test]
async fn a_slice_that_was_cut_short_counts_as_if_it_had_not_been() {
    let Some(mut bed) = Bed::new("restart").await else { return };
    bed.put(0..250, "text", 1, "2026-01-02T00:00:00.000Z").await;
    bed.models.stop_after(9, bed.stop.clone());
    assert!(matches!(bed.run("run-1").await, Err(EnrichError::Stopped)));
    let before = bed.models.documents();
    assert!(before < 250, "{before}");
    assert_eq!(bed.checked_copies().await, before, "all that was answered is stored");
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
    order.enrichers[0].open_inference.as_mut().unwrap().model = "nope".into();
    let error = enrich::run(&order, 0, &bed.elastic, &bed.elastic, &bed.stop).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("status 404") && !text.contains("not found"), "the server's words: {text}");
}

#[tokio::test]
async fn a_source_without_articles_is_done_at_once() {
    let Some(bed) = Bed::new("empty").await else { return };
    let report = bed.run("run-1").await.unwrap();
    assert_eq!((report.done, report.skipped), (0, 0));
    assert!(bed.record("run-1").await.finished);
}
