//! A cluster with a few articles, and one enricher over them.

use std::collections::BTreeMap;
use std::time::Duration;

use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody, Elastic};
use docmill_clients::retry::RetryPolicy;
use docmill_clients::secrets::Secrets;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::enricher::Enricher;
use docmill_crds::contract::{EnrichOrder, Report};
use docmill_crds::records::enrichments::{SliceRecord, enrichments_index};
use job_runner::enrich::{self, EnrichError};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// A cluster and the names that one test alone uses.
pub struct Bed {
    elastic: Elastic,
    name: String,
    stop: CancellationToken,
}

impl Bed {
    /// Nothing (and a line that says so) without a cluster. The articles are `<headline> 0`, `<headline> 1` and so on.
    pub async fn with(test: &str, headlines: &[&str]) -> Option<Self> {
        let Ok(url) = std::env::var("ES_RAW_URL") else {
            eprintln!("{test}: passed over, since ES_RAW_URL names no cluster");
            return None;
        };
        let cluster = ElasticsearchCluster { urls: vec![url], ..Default::default() };
        let elastic = Elastic::new(&cluster, &Secrets::default()).unwrap();
        let name = format!("proto-{test}-{}", clock::now_millis());
        let bed = Self { elastic, name, stop: CancellationToken::new() };
        bed.put(headlines).await;
        Some(bed)
    }

    async fn put(&self, headlines: &[&str]) {
        let index = format!("{}-articles", self.name);
        let mapping = json!({"mappings": {"properties": {
            "publishedAt": {"type": "date"}, "_docmill": {"properties": {"indexedTime": {"type": "date"}}}}}});
        self.elastic.create_index(&index, &mapping).await.unwrap();
        let mut bulk = BulkBody::default();
        for (id, headline) in headlines.iter().enumerate() {
            let source = json!({"headline": headline, "publishedAt": "2026-01-02T00:00:00Z",
                "_docmill": {"indexedTime": "2026-01-02T00:00:00.000Z", "revision": "r"}});
            let id = id.to_string();
            bulk.push_index(Address { index: &index, id: &id }, Some(1), source.to_string().as_bytes());
        }
        let patience = RetryPolicy::lasting(Duration::from_secs(10));
        self.elastic.bulk_all(bulk, patience, &self.stop).await.unwrap();
    }

    /// Runs one enricher, which has to be one that the operator would take. `version` is what its server told before.
    pub async fn run(
        &self,
        run: &str,
        enricher: &Value,
        version: Option<&str>,
    ) -> Result<Report, EnrichError> {
        self.run_selecting("New", run, enricher, version).await
    }

    /// The same for other documents than the new ones.
    pub async fn run_selecting(
        &self,
        select: &str,
        run: &str,
        enricher: &Value,
        version: Option<&str>,
    ) -> Result<Report, EnrichError> {
        let checked: Enricher = serde_json::from_value(enricher.clone()).unwrap();
        checked.check().unwrap();
        let versions: BTreeMap<&str, &str> =
            version.into_iter().map(|version| (checked.name.as_str(), version)).collect();
        let order: EnrichOrder = serde_json::from_value(json!({
            "namespace": self.name, "run": run, "runUid": run, "cluster": "test",
            "from": {"urls": ["http://unused:1"]}, "fromIndex": format!("{}-articles", self.name),
            "to": {"elasticsearch": {"urls": ["http://unused:1"]},
                   "index": {"name": format!("{}-enriched-{{publishedAt:%Y}}", self.name)}},
            "select": {"state": select}, "step": "enrich", "timeField": "_docmill.indexedTime", "target": self.name,
            "onModelChange": "Stop", "pods": 1, "versions": versions,
            "enrichers": [enricher],
            "slices": [{"until": "2026-06-01T00:00:00Z"}],
        }))
        .unwrap();
        Box::pin(enrich::run(&order, 0, &self.elastic, &self.elastic, &self.stop)).await
    }

    /// The enriched copies by their headlines.
    pub async fn copies(&self) -> BTreeMap<String, Value> {
        let index = format!("{}-enriched-2026", self.name);
        self.elastic.refresh(&index).await.unwrap();
        let body = json!({"size": 1000, "query": {"match_all": {}}});
        let answer = self.elastic.search(&index, &body).await.unwrap();
        let hits = answer["hits"]["hits"].as_array().unwrap();
        let copy =
            |hit: &Value| (hit["_source"]["headline"].as_str().unwrap().to_owned(), hit["_source"].clone());
        hits.iter().map(copy).collect()
    }

    /// Why the first document of a run failed.
    pub async fn first_failure(&self, run: &str) -> String {
        self.record(run).await.first_failure.expect("a failure")
    }

    /// The record of a run's only slice.
    pub async fn record(&self, run: &str) -> SliceRecord {
        let id = SliceRecord::id(run, 0);
        let record = self.elastic.get(&enrichments_index(&self.name), &id).await.unwrap().expect("a record");
        serde_json::from_value(Value::Object(record.source)).unwrap()
    }
}
