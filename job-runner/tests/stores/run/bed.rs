//! What one test has for itself: buckets, a ledger, and the order of a run.

use std::time::Duration;

use docmill_clients::aws::s3_client;
use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody, Elastic};
use docmill_clients::retry::RetryPolicy;
use docmill_clients::secrets::Secrets;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::storage::Storage;
use docmill_crds::contract::{Report, RunOrder};
use docmill_crds::records::heads::heads_index;
use docmill_crds::records::runs::runs_index;
use docmill_crds::records::units::{UnitId, UnitState, units_index, units_index_body};
use futures::{StreamExt as _, stream};
use job_runner::ingest::processor::ShutdownTokens;
use job_runner::run::manifest::{self, ManifestLine, RunPlan};
use job_runner::run::{self, RunError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Revision of the conversion of a bed's source.
pub fn revision(bed: &Bed) -> String {
    bed.order("any", &json!({"mode": "Process"})).ingest.spec.conversion.revision().unwrap()
}

/// What one test has for itself.
pub struct Bed {
    pub s3: aws_sdk_s3::Client,
    pub elastic: Elastic,
    /// Namespace of the source, and what the names of buckets and indices contain.
    pub name: String,
    endpoint: String,
    cluster: String,
    pub stop: ShutdownTokens,
}

impl Bed {
    /// Nothing (and a line that says so) without the stores.
    pub async fn new(test: &str) -> Option<Self> {
        let (Ok(endpoint), Ok(cluster)) = (std::env::var("S3_ENDPOINT"), std::env::var("ES_RAW_URL")) else {
            eprintln!("{test}: passed over, since S3_ENDPOINT and ES_RAW_URL name no stores");
            return None;
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        let name = format!("run-{test}-{}", clock::now_millis());
        let settings = ElasticsearchCluster { urls: vec![cluster.clone()], ..Default::default() };
        let bed = Self {
            s3: s3_client(&storage(&endpoint), &Secrets::default()).await.unwrap(),
            elastic: Elastic::new(&settings, &Secrets::default()).unwrap(),
            name,
            endpoint,
            cluster,
            stop: ShutdownTokens { closing: CancellationToken::new(), abort: CancellationToken::new() },
        };
        for bucket in [bed.raw(), bed.snapshots(), bed.errors()] {
            bed.s3.create_bucket().bucket(bucket).send().await.unwrap();
        }
        Some(bed)
    }

    /// Takes everything away. What a test that failed leaves behind has a name that no other test uses.
    pub async fn remove(&self) {
        for bucket in [self.raw(), self.snapshots(), self.errors()] {
            let mut pages = self.s3.list_objects_v2().bucket(&bucket).into_paginator().send();
            while let Some(page) = pages.next().await {
                let objects = page.unwrap().contents.unwrap_or_default();
                let delete = |key: String| self.s3.delete_object().bucket(&bucket).key(key).send();
                stream::iter(objects.into_iter().filter_map(|object| object.key))
                    .for_each_concurrent(16, |key| async { drop(delete(key).await.unwrap()) })
                    .await;
            }
            self.s3.delete_bucket().bucket(&bucket).send().await.unwrap();
        }
        let indices =
            [self.articles(), self.ledger(), runs_index(&self.name, "wire"), heads_index(&self.name, "wire")];
        let url = format!("{}/{}?ignore_unavailable=true", self.cluster, indices.join(","));
        reqwest::Client::new().delete(url).send().await.unwrap();
    }

    pub fn raw(&self) -> String {
        format!("{}-raw", self.name)
    }

    pub fn snapshots(&self) -> String {
        format!("{}-json", self.name)
    }

    pub fn errors(&self) -> String {
        format!("{}-errors", self.name)
    }

    pub fn articles(&self) -> String {
        format!("{}-articles", self.name)
    }

    pub fn ledger(&self) -> String {
        units_index(&self.name, "wire")
    }

    /// The order of the planner of a run with this UID. `spec` is that of the run, without its source.
    pub fn order(&self, uid: &str, spec: &Value) -> RunOrder {
        let mut order = json!({
            "ingest": {"namespace": self.name, "source": "wire", "uid": "u", "cluster": "test", "spec": {
                "storage": {"region": "us-east-1", "endpoint": self.endpoint, "forcePathStyle": true},
                "raw": {"bucket": self.raw(), "prefix": "wire/", "suffixes": [".xml"]},
                "trigger": {"poll": {"intervalSeconds": 60}},
                "conversion": {"record": "/a", "fields": [
                    {"name": "guid", "path": ["@id"], "required": true},
                    {"name": "headline", "path": ["h"], "required": true}]},
                "snapshots": {"bucket": self.snapshots(), "prefix": "json/"},
                "errors": {"bucket": self.errors()},
                "index": {"elasticsearch": {"urls": [self.cluster]}, "name": self.articles(), "id": "{guid}"}}},
            "run": uid, "runUid": uid, "createdMillis": clock::now_millis(),
            "spec": {"sourceRef": {"name": "wire"}},
            "step": "plan",
        });
        order["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        serde_json::from_value(order).unwrap()
    }

    /// Plans a run.
    pub async fn plan(&self, order: &RunOrder) -> Result<RunPlan, RunError> {
        run::run(order.clone(), None, "test".into(), self.stop.clone()).await?;
        Ok(self.file(&order.run_uid, manifest::PLAN_NAME).await)
    }

    /// Works a part of a run that is planned.
    pub async fn work(
        &self,
        order: &RunOrder,
        part: i32,
        parts: i32,
        files: i64,
    ) -> Result<Report, RunError> {
        let step = docmill_crds::contract::RunStep::Work { files, parts };
        let order = RunOrder { step, ..order.clone() };
        run::run(order, Some(part), "test".into(), self.stop.clone()).await
    }

    /// Plans a run and works it in as many parts as there are files; the counts of its report.
    pub async fn whole(&self, order: &RunOrder) -> Value {
        let plan = self.plan(order).await.unwrap();
        let parts = i32::try_from(plan.files).unwrap();
        for part in 0..parts {
            self.work(order, part, parts, plan.files).await.unwrap();
        }
        self.file::<Value>(&order.run_uid, "report.json").await
    }

    pub async fn bytes(&self, uid: &str, name: &str) -> Vec<u8> {
        let key = format!("json/.docmill/runs/{uid}/{name}");
        let object = self.s3.get_object().bucket(self.snapshots()).key(&key).send().await;
        object.unwrap_or_else(|error| panic!("{key}: {error:?}")).body.collect().await.unwrap().to_vec()
    }

    /// A file of a run.
    pub async fn file<T: DeserializeOwned>(&self, uid: &str, name: &str) -> T {
        serde_json::from_slice(&self.bytes(uid, name).await).unwrap()
    }

    /// All lines of a run.
    pub async fn lines(&self, uid: &str, plan: &RunPlan) -> Vec<ManifestLine> {
        let mut lines = Vec::new();
        for file in 0..plan.files {
            let bytes = self.bytes(uid, &manifest::units_name(file)).await;
            lines.extend(manifest::read_lines(&bytes).unwrap());
        }
        lines
    }

    /// Puts raw objects; gives their `ETag`s.
    pub async fn put(&self, objects: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
        let put = |(key, text): (String, String)| async move {
            let request = self.s3.put_object().bucket(self.raw()).key(&key).body(text.into_bytes().into());
            let etag = request.send().await.unwrap().e_tag.unwrap();
            (key, etag.trim_matches('"').to_owned())
        };
        stream::iter(objects).map(put).buffered(16).collect().await
    }

    /// Records units in the ledger as they would have been: key, version, state, reason, revision.
    pub async fn record<'a>(
        &self,
        units: impl IntoIterator<Item = (&'a str, &'a str, UnitState, &'a str, &'a str)>,
    ) {
        let index = self.ledger();
        self.elastic.create_index(&index, &units_index_body()).await.unwrap();
        let mut bulk = BulkBody::default();
        for (key, version, state, reason, revision) in units {
            let unit = UnitId { bucket: self.raw(), key: key.into(), version: version.into() };
            let record = json!({"source": format!("{}/wire", self.name), "unit": unit, "state": state,
                "reason": reason, "revision": revision, "attempts": 1, "runner": "test",
                "recordedTime": "2026-01-02T00:00:00.000Z", "lastModified": "2026-01-01T00:00:00.000Z"});
            let id = unit.digest();
            bulk.push_index(Address { index: &index, id: &id }, None, record.to_string().as_bytes());
        }
        let patience = RetryPolicy::lasting(Duration::from_secs(20));
        self.elastic.bulk_all(bulk, patience, &CancellationToken::new()).await.unwrap();
    }

    /// A record of the run's index.
    pub async fn run_record(&self, id: &str) -> Value {
        let index = runs_index(&self.name, "wire");
        let stored = self.elastic.get(&index, id).await.unwrap();
        Value::Object(stored.unwrap_or_else(|| panic!("no record {id}")).source)
    }
}

fn storage(endpoint: &str) -> Storage {
    Storage {
        region: "us-east-1".into(),
        connection_ref: None,
        tls: None,
        endpoint: Some(endpoint.into()),
        force_path_style: true,
        credentials_secret_ref: None,
        bucket: None,
        prefix: String::new(),
    }
}

/// An article as an object's text.
pub fn article(id: &str, headline: &str) -> String {
    format!("<a id='{id}'><h>{headline}</h></a>")
}

/// Keys and texts of so many articles.
pub fn articles(count: usize) -> Vec<(String, String)> {
    (0..count).map(|n| (format!("wire/{n:05}.xml"), article(&format!("g{n}"), "h"))).collect()
}
