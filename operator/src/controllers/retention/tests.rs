//! Against a real cluster and a real object store: those that `ES_RAW_URL` and `S3_ENDPOINT` name.

#![allow(clippy::large_futures, reason = "a test has a stack of its own")]

use std::collections::HashSet;
use std::sync::Arc;

use docmill_clients::elastic::{Address, Elastic};
use docmill_clients::secrets::Secrets;
use docmill_crds::records::enrichments;
use docmill_crds::records::runs::{KeyBoundRecord, PartRecord, PlanRecord, RUN_KINDS, RunRecord, run_folder};
use docmill_crds::{IngestRun, IngestSource};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::records::IndexRecords;
use super::sweep::{RUNS_AT_A_TIME, is_uid, of_deleted};
use super::{SOURCES_AT_A_TIME, alone, ingest, of_turn};
use crate::controllers::ingest_source::client_cache::ClientCache;
use crate::controllers::ingest_source::context::SourceContext;
use crate::testing::{self, Asked, CLUSTER, api, view_of};
use crate::workers::order::ingest_order;

const LONG_AGO: &str = "2026-01-01T00:00:00.000Z";

/// Stores of this test's own, and a source that has been reached.
struct Bed {
    source: IngestSource,
    elastic: Elastic,
    s3: aws_sdk_s3::Client,
    index: String,
}

impl Bed {
    async fn make(test: &str) -> Option<Self> {
        let (Ok(s3), Ok(es)) = (std::env::var("S3_ENDPOINT"), std::env::var("ES_RAW_URL")) else {
            eprintln!("{test}: passed over, since S3_ENDPOINT and ES_RAW_URL name no stores");
            return None;
        };
        let name = format!("{test}-{}", Timestamp::now().as_millisecond());
        let mut source = crate::controllers::ingest_source::tests::source();
        source.metadata.namespace = Some(name.clone());
        source.spec.snapshots.bucket.clone_from(&name);
        source.spec.snapshots.prefix = "json/".into();
        let index = source.spec.index.as_mut().unwrap();
        index.elasticsearch.urls = vec![es];
        let storage = json!({"region": "us-east-1", "endpoint": s3, "forcePathStyle": true});
        source.spec.storage = serde_json::from_value(storage).unwrap();
        let s3 = docmill_clients::aws::s3_client(&source.spec.storage, &Secrets::default()).await.unwrap();
        s3.create_bucket().bucket(&name).send().await.unwrap();
        let elastic =
            Elastic::new(&source.spec.index.as_ref().unwrap().elasticsearch, &Secrets::default()).unwrap();
        let order = ingest_order(&source, CLUSTER);
        let [_, _, runs] = order.own_indices();
        elastic.claim(&runs, &order.owner(), false).await.unwrap();
        Some(Self { source, elastic, s3, index: runs.name })
    }

    /// What a run leaves: four records, and three files.
    async fn leave(&self, run: &str, updated: &str) {
        let bucket = self.source.spec.snapshots.bucket.clone();
        let record = |kind: &str| json!({"kind": kind, "run": run, "updatedTime": updated, "bucket": bucket, "prefix": "json/"});
        self.record(&RunRecord::id(run), record("run")).await;
        self.record(&PlanRecord::id(run), record("plan")).await;
        for part in 0..2 {
            self.record(&PartRecord::id(run, part), record("part")).await;
        }
        for file in ["plan.json", "units-000000.ndjson", "report.json"] {
            let key = format!("{}{file}", run_folder("json/", run));
            self.s3.put_object().bucket(&bucket).key(key).body(b"{}".to_vec().into()).send().await.unwrap();
        }
    }

    async fn record(&self, id: &str, record: Value) {
        self.elastic.index_doc(Address { index: &self.index, id }, &record, Some(7)).await.unwrap();
    }

    /// How many records and files there are of a run.
    async fn left(&self, run: &str) -> (u64, usize) {
        self.elastic.refresh(&self.index).await.unwrap();
        let records = self.elastic.count(&self.index, &json!({"term": {"run": run}})).await.unwrap();
        let bucket = &self.source.spec.snapshots.bucket;
        let listed =
            self.s3.list_objects_v2().bucket(bucket).prefix(run_folder("json/", run)).send().await.unwrap();
        (records, listed.contents().len())
    }

    /// A context whose API server lists these runs, and whose view has the first of them.
    fn context(&self, existing: &[&str]) -> SourceContext {
        let list: Vec<Value> = existing
            .iter()
            .map(|uid| json!({"metadata": {"name": uid, "uid": uid, "namespace": "any"}}))
            .collect();
        let answer = move |_: &Asked| {
            let list = list.clone();
            (
                200,
                json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "items": list}),
            )
        };
        let (client, _) = api(answer);
        let common = testing::context(&client, true);
        if let Some(uid) = existing.first() {
            let mut run: IngestRun = serde_json::from_value(json!({
                "apiVersion": "docmill.io/v1beta1", "kind": "IngestRun", "metadata": {"name": uid, "uid": uid},
                "spec": {"sourceRef": {"name": "wire"}, "mode": "Process"},
            }))
            .unwrap();
            run.metadata.namespace = self.source.namespace();
            common.metrics.resources.ingest_runs.add_view(view_of(run));
        }
        let clients = ClientCache::holding(&self.source, self.s3.clone(), self.elastic.clone());
        SourceContext { clients, ..SourceContext::new(Arc::new(common), 4) }
    }

    async fn sweep(&self, existing: &[&str]) -> usize {
        self.elastic.refresh(&self.index).await.unwrap();
        let before = Timestamp::now() - std::time::Duration::from_mins(10);
        ingest::sweep(&self.source, &self.context(existing), before).await.unwrap()
    }
}

#[tokio::test]
async fn what_deleted_runs_left_goes_and_what_existing_ones_have_stays() {
    let Some(bed) = Bed::make("sweep").await else { return };
    let now = Timestamp::now().to_string();
    for (run, updated) in
        [("exists", LONG_AGO), ("exists-unseen", LONG_AGO), ("gone", LONG_AGO), ("ending", now.as_str())]
    {
        bed.leave(run, updated).await;
    }
    let bound = json!({"kind": "bound", "run": "gone", "key": "wire/9", "updatedTime": LONG_AGO});
    bed.record(&KeyBoundRecord::id("news/wire", &bed.source.spec.raw), bound).await;
    assert_eq!(bed.sweep(&["exists", "exists-unseen"]).await, 1);
    for stays in ["exists", "exists-unseen", "ending"] {
        assert_eq!(bed.left(stays).await, (4, 3), "{stays}");
    }
    assert_eq!(bed.left("gone").await, (1, 0), "the bound of a source outlives the run that wrote it");
    assert_eq!(bed.sweep(&["exists", "exists-unseen"]).await, 0, "there is nothing left to do");
    assert_eq!(bed.sweep(&[]).await, 2);
}

#[tokio::test]
async fn records_of_another_owner_are_left_alone() {
    let Some(bed) = Bed::make("foreign").await else { return };
    bed.leave("gone", LONG_AGO).await;
    let mut other = ingest_order(&bed.source, "cluster-2");
    other.uid = "another".into();
    let [_, _, runs] = other.own_indices();
    bed.elastic.claim(&runs, &other.owner(), true).await.unwrap();
    assert_eq!(bed.sweep(&[]).await, 0);
    assert_eq!(bed.left("gone").await, (4, 3));
}

#[tokio::test]
async fn a_record_never_leads_to_other_files_than_those_of_a_run() {
    let Some(bed) = Bed::make("hostile").await else { return };
    bed.leave("victim", LONG_AGO).await;
    for (id, run) in [("a", ""), ("b", "../runs/victim"), ("c", "victim/../x")] {
        bed.record(
            id,
            json!({"kind": "run", "run": run, "updatedTime": LONG_AGO, "bucket": "b", "prefix": ""}),
        )
        .await;
    }
    assert_eq!(bed.sweep(&["victim"]).await, 0);
    assert_eq!(bed.left("victim").await, (4, 3));
}

#[tokio::test]
async fn of_an_enrichment_stays_what_the_next_run_needs() {
    let Some(bed) = Bed::make("enriched").await else { return };
    let records = IndexRecords { elastic: &bed.elastic, index: &bed.index, kinds: enrichments::RUN_KINDS };
    for kind in ["slice", "limits", "grants", "comparison", "bound", "failure"] {
        bed.record(kind, json!({"kind": kind, "run": "gone"})).await;
    }
    bed.elastic.refresh(&bed.index).await.unwrap();
    assert_eq!(records.runs(&[], Timestamp::now()).await.unwrap(), ["gone"]);
    records.remove("gone").await.unwrap();
    assert_eq!(bed.left("gone").await.0, 2, "bound and failure");
    assert_eq!(records.runs(&[], Timestamp::now()).await.unwrap(), Vec::<String>::new());
    assert!(RUN_KINDS.iter().all(|kind| *kind != "bound"));
}

#[tokio::test]
async fn a_place_that_panics_ends_no_other() {
    let swept = std::sync::Mutex::new(Vec::new());
    let sweep = async |place: &'static str| {
        assert_ne!(place, "bad", "a fault of the operator");
        swept.lock().unwrap().push(place);
    };
    for place in ["bad", "good"] {
        alone(place, sweep(place)).await;
    }
    assert_eq!(swept.into_inner().unwrap(), ["good"]);
}

#[test]
fn each_sweep_takes_a_part_of_many_sources_and_in_turns_all_of_them() {
    let taken = |count: usize, turn| of_turn((0..count).collect(), turn).collect::<Vec<usize>>();
    assert_eq!(taken(100, 7), (0..100).collect::<Vec<_>>());
    assert!(taken(0, 3).is_empty());
    let mut all: Vec<usize> = (0..3).flat_map(|turn| taken(250, turn)).collect();
    assert!((0..3).all(|turn| taken(250, turn).len() <= SOURCES_AT_A_TIME));
    all.sort_unstable();
    assert_eq!(all, (0..250).collect::<Vec<_>>());
}

#[test]
fn what_exists_stays_whatever_the_records_say() {
    let existing: HashSet<String> = ["a", "b"].map(str::to_owned).into();
    let recorded = ["a", "c", "b", "", "../d", "e/f"].map(str::to_owned).to_vec();
    assert_eq!(of_deleted(recorded, &existing), ["c"]);
    let many: Vec<String> = (0..500).map(|n| format!("run-{n}")).collect();
    let all: HashSet<String> = many.iter().cloned().collect();
    assert!(of_deleted(many.clone(), &all).is_empty());
    assert_eq!(of_deleted(many, &existing).len(), RUNS_AT_A_TIME);
}

#[test]
fn only_a_uid_becomes_part_of_a_key() {
    assert!(is_uid("0b7d9a3e-3f0e-4a55-9d1c-3d6c4d5f6a7b"));
    for strange in ["", "..", "a/b", "a b", "*", &"a".repeat(65)] {
        assert!(!is_uid(strange), "{strange}");
    }
}
