//! An audit of real stores (those that `S3_ENDPOINT` and `ES_RAW_URL` name) in which one thing of each kind is broken.

use std::collections::BTreeMap;

use docmill_clients::clock;
use docmill_clients::elastic::{Address, BulkBody};
use docmill_clients::retry::RetryPolicy;
use docmill_crds::audit::DifferenceKind;
use docmill_crds::contract::RunOrder;
use docmill_crds::records::units::{UnitId, UnitRecord, UnitState, units_index};
use job_runner::ingest::processor::ShutdownTokens;
use job_runner::ingest::unit::object_ref::ObjectRef;
use job_runner::ingest::unit::task::{Reprocess, UnitOutcome, UnitTask};
use job_runner::run::{KeyRange, ManifestLine, RunContext, audit, shadow};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

mod packs;

const PATIENCE: RetryPolicy = RetryPolicy::lasting(std::time::Duration::from_secs(20));

/// Keys and objects: the last one lacks what it needs.
const OBJECTS: [(&str, &str); 10] = [
    ("in/0.json", r#"{"id": "0", "day": "2026-01-01"}"#),
    ("in/1.json", r#"{"id": "1", "day": "2026-01-01"}"#),
    ("in/2.json", r#"{"id": "2", "day": "2026-01-01"}"#),
    ("in/3.json", r#"{"id": "3", "day": "2026-01-02"}"#),
    ("in/4.json", r#"{"id": "4", "day": "2026-01-02"}"#),
    ("in/5 ü+%.json", r#"{"id": "5", "day": "2026-01-02"}"#),
    ("in/6.json", r#"{"id": "6", "day": "2026-01-02"}"#),
    ("in/6.json.7.json", r#"{"id": "7", "day": "2026-01-02"}"#),
    ("in/8.json", r#"{"id": "8", "day": "2026-01-02"}"#),
    ("in/bad.json", r#"{"day": "2026-01-02"}"#),
];

/// Units that would lose something if ledger and raw objects were lost: all, and those at the ends of ranges twice, as their
/// snapshots are looked at with the next range.
const WITHHELD: i64 = 12;

struct Place {
    name: String,
    s3: aws_sdk_s3::Client,
    order: Value,
}

impl Place {
    /// Stores of this test's own; nothing (and a line that says so) without any.
    async fn make(test: &str) -> Option<Self> {
        Self::packing(test, "PerUnit").await
    }

    /// The same with snapshots in this form.
    async fn packing(test: &str, packing: &str) -> Option<Self> {
        let (Ok(s3), Ok(elastic)) = (std::env::var("S3_ENDPOINT"), std::env::var("ES_RAW_URL")) else {
            eprintln!("{test}: passed over, since S3_ENDPOINT and ES_RAW_URL name no stores");
            return None;
        };
        let name = format!("{test}-{}", clock::now_millis());
        let bucket = |prefix: &str| json!({"bucket": name, "prefix": prefix});
        let raw = json!({"bucket": name, "prefix": "in/", "suffixes": [".json"], "onDelete": "Delete"});
        let fields = json!([
            {"name": "id", "path": ["id"], "required": true},
            {"name": "day", "path": ["day"], "type": "date"},
        ]);
        let source = json!({
            "storage": {"region": "us-east-1", "endpoint": s3, "forcePathStyle": true},
            "raw": raw, "errors": bucket("errors/"),
            "snapshots": {"bucket": name, "prefix": "json/", "packing": packing},
            "trigger": {"sqs": {"queueURL": "http://nobody/queue"}},
            "conversion": {"format": "Json", "record": "$", "fields": fields},
            "index": {"elasticsearch": {"urls": [elastic]}, "name": format!("{name}-{{day}}"), "id": "{id}"},
        });
        let order = json!({
            "ingest": {"namespace": "audit", "source": name, "uid": "u", "cluster": "test",
                "spec": source},
            "run": "run", "runUid": "uid", "createdMillis": 0, "step": {"work": {"files": 1, "parts": 1}},
        });
        let storage = serde_json::from_value(order["ingest"]["spec"]["storage"].clone()).unwrap();
        let s3 = docmill_clients::aws::s3_client(&storage, &docmill_clients::secrets::Secrets::default())
            .await
            .unwrap();
        s3.create_bucket().bucket(&name).send().await.unwrap();
        Some(Self { name, s3, order })
    }

    async fn context(&self, spec: Value) -> RunContext {
        let mut order = self.order.clone();
        order["createdMillis"] = json!(clock::now_millis() + 2000);
        order["spec"] = json!({"sourceRef": {"name": self.name}});
        order["spec"].as_object_mut().unwrap().extend(spec.as_object().cloned().unwrap());
        let order: RunOrder = serde_json::from_value(order).unwrap();
        let stop = ShutdownTokens { closing: CancellationToken::new(), abort: CancellationToken::new() };
        RunContext::connect(order, "test".into(), stop).await.unwrap()
    }

    async fn put(&self, key: &str, text: &str) {
        let body = aws_sdk_s3::primitives::ByteStream::from(text.as_bytes().to_vec());
        self.s3.put_object().bucket(&self.name).key(key).body(body).send().await.unwrap();
    }

    async fn remove(&self, key: &str) {
        self.s3.delete_object().bucket(&self.name).key(key).send().await.unwrap();
    }

    async fn ingest(&self, context: &RunContext) {
        for (key, text) in OBJECTS {
            self.put(key, text).await;
        }
        self.process(context, Reprocess::No).await;
    }

    /// Sees all objects to their end, side by side.
    async fn process(&self, context: &RunContext, reprocess: Reprocess) {
        let processor = context.processor().await.unwrap();
        let ends = OBJECTS.map(async |(key, _)| {
            let (bucket, key) = (self.name.clone(), key.to_owned());
            let object = self.s3.head_object().bucket(&bucket).key(&key).send().await.unwrap();
            let etag = object.e_tag().map(|etag| etag.trim_matches('"').to_owned());
            let landed = ObjectRef { bucket, key, version_id: None, etag };
            processor
                .process(UnitTask {
                    landed,
                    attempts: 1,
                    redelivered_for: std::time::Duration::ZERO,
                    reprocess,
                })
                .await
        });
        let ends = futures::future::join_all(ends).await;
        assert!(ends.iter().all(UnitOutcome::is_final), "{ends:?}");
    }

    /// Takes the bucket and the indices away.
    async fn clean_up(self) {
        let listed = self.s3.list_objects_v2().bucket(&self.name).send().await.unwrap();
        for object in listed.contents() {
            self.remove(object.key().unwrap()).await;
        }
        self.s3.delete_bucket().bucket(&self.name).send().await.unwrap();
        let url = std::env::var("ES_RAW_URL").unwrap();
        let http = reqwest::Client::new();
        for index in [
            format!("{}-2026-01-01", self.name),
            format!("{}-2026-01-02", self.name),
            units_index("audit", &self.name),
            docmill_crds::records::heads::heads_index("audit", &self.name),
        ] {
            http.delete(format!("{url}/{index}?ignore_unavailable=true")).send().await.unwrap();
        }
        http.delete(format!("{url}/_index_template/docmill-{}-+", self.name)).send().await.unwrap();
    }
}

/// Ranges that cut between a key and one that begins with it, whose snapshots lie elsewhere in the order.
fn ranges() -> Vec<ManifestLine> {
    let range = |after: Option<&str>, until: Option<&str>| KeyRange {
        after: after.map(str::to_owned),
        until: until.map(str::to_owned),
    };
    [
        range(None, Some("in/3.json")),
        range(Some("in/3.json"), Some("in/6.json")),
        range(Some("in/6.json"), None),
    ]
    .map(|range| ManifestLine { range: Some(range), ..ManifestLine::default() })
    .to_vec()
}

async fn audit(context: &RunContext) -> Value {
    let mut results = [audit::work_file(context, &ranges()).await.unwrap()];
    if context.order.spec.repair {
        Box::pin(audit::delete_held_back(context, &mut results, &mut 100)).await.unwrap();
    }
    let [result] = results;
    result.report
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_wait_until_all_are_counted_and_stay_undone_beyond_the_limit() {
    if let Some(place) = Place::make("audit-guard").await {
        Box::pin(deleted_within_the_limit(place)).await;
    }
}

/// Ledger and raw objects are gone: documents, snapshots and evidence stay until the limit says otherwise.
async fn deleted_within_the_limit(place: Place) {
    let context = place.context(json!({"mode": "Audit"})).await;
    place.ingest(&context).await;
    let before = documents(&context, &place.name).await;
    let ledger = units_index("audit", &place.name);
    let mut bulk = BulkBody::default();
    for record in records(&context, &ledger).await.values() {
        bulk.push_delete(Address { index: &ledger, id: &record.unit.digest() }, None);
    }
    context.clusters.ledger.bulk_all(bulk, PATIENCE, &CancellationToken::new()).await.unwrap();
    for (key, _) in OBJECTS {
        place.remove(key).await;
    }
    let repairing = place.context(json!({"mode": "Audit", "repair": true})).await;
    let mut results = [audit::work_file(&repairing, &ranges()).await.unwrap()];
    let tally = results[0].tally;
    assert_eq!(
        (tally.differences, tally.repaired, tally.withheld),
        (19, 0, WITHHELD),
        "{:#}",
        results[0].report
    );
    assert_eq!(documents(&context, &place.name).await, before);
    Box::pin(audit::delete_held_back(&repairing, &mut results, &mut 0)).await.unwrap();
    let tally = results[0].tally;
    assert_eq!((tally.repaired, tally.withheld), (0, WITHHELD), "{:#}", results[0].report);
    assert_eq!(documents(&context, &place.name).await, before);
    Box::pin(audit::delete_held_back(&repairing, &mut results, &mut { WITHHELD })).await.unwrap();
    let tally = results[0].tally;
    assert_eq!((tally.repaired, tally.withheld), (19, 0), "{:#}", results[0].report);
    assert_eq!(documents(&context, &place.name).await.len(), 0);
    place.clean_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_thing_of_each_kind_is_found_once_and_mended() {
    let Some(place) = Place::make("audit").await else { return };
    let context = place.context(json!({"mode": "Audit"})).await;
    place.ingest(&context).await;
    let sound = audit(&context).await;
    assert_eq!(sound["kinds"], json!({}), "{sound:#}");
    let sums = json!({"raw": 10, "indexed": 9, "converted": 0, "failed": 1, "skipped": 0, "pending": 0, "former": 0});
    assert_eq!(sound["sums"], sums);

    Breaker { place: &place, context: &context }.break_everything().await;
    let found = audit(&context).await;
    each_kind_once(&found, 0);
    let repairing = place.context(json!({"mode": "Audit", "repair": true})).await;
    let mended = audit(&repairing).await;
    each_kind_once(&mended, 1);
    assert_eq!(mended["sums"], sums);
    let after = audit(&context).await;
    assert_eq!((&after["kinds"], &after["sums"]), (&json!({}), &sums), "{after:#}");
    place.clean_up().await;
}

fn each_kind_once(report: &Value, repaired: i64) {
    let expected: BTreeMap<_, _> = DifferenceKind::ALL
        .into_iter()
        .map(|kind| (kind.as_str().to_owned(), json!({"found": 1, "repaired": repaired})))
        .collect();
    assert_eq!(report["kinds"], json!(expected), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_indices_are_rebuilt_out_of_the_snapshots_though_the_conversion_is_another_one() {
    if let Some(place) = Place::make("audit-rebuild").await {
        Box::pin(rebuilt_out_of_snapshots(place)).await;
    }
}

/// The indices are deleted, and filled again by a repair under another conversion: the documents are what they were.
async fn rebuilt_out_of_snapshots(mut place: Place) {
    let context = place.context(json!({"mode": "Audit"})).await;
    place.ingest(&context).await;
    let before = documents(&context, &place.name).await;
    assert_eq!(before.len(), 9);
    let http = reqwest::Client::new();
    let url = std::env::var("ES_RAW_URL").unwrap();
    for day in ["01", "02"] {
        http.delete(format!("{url}/{}-2026-01-{day}", place.name)).send().await.unwrap();
    }
    let fields = place.order["ingest"]["spec"]["conversion"]["fields"].as_array_mut().unwrap();
    fields.push(json!({"name": "more", "path": ["day"]}));
    let repairing = place.context(json!({"mode": "Audit", "repair": true})).await;
    let mended = audit(&repairing).await;
    assert_eq!(mended["kinds"], json!({"DocumentMissing": {"found": 9, "repaired": 9}}), "{mended:#}");
    assert_eq!(documents(&context, &place.name).await, before);
    place.clean_up().await;
}

/// All documents but for the times when they were indexed, by index and id.
async fn documents(context: &RunContext, name: &str) -> BTreeMap<String, Value> {
    let pattern = format!("{name}-*");
    context.clusters.ledger.refresh(&pattern).await.unwrap();
    let mut answer = context.clusters.ledger.search(&pattern, &json!({"size": 100})).await.unwrap();
    let hits = answer["hits"]["hits"].as_array_mut().unwrap();
    hits.iter_mut()
        .map(|hit| {
            hit["_source"]["_docmill"].as_object_mut().unwrap().remove("indexedTime");
            (format!("{} {}", hit["_index"], hit["_id"]), hit["_source"].take())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_of_the_same_conversion_changes_nothing_and_of_another_one_what_it_says() {
    if let Some(place) = Place::make("shadow").await {
        Box::pin(rehearsed(place)).await;
    }
}

/// The source's own conversion is rehearsed, and another one.
async fn rehearsed(place: Place) {
    let same = place.order["ingest"]["spec"]["conversion"].clone();
    let context = place.context(json!({"mode": "Shadow", "conversion": same})).await;
    place.ingest(&context).await;
    let lines = OBJECTS.map(|(key, _)| ManifestLine { key: key.to_owned(), ..ManifestLine::default() });
    let result = shadow::work_file(&context, &lines).await.unwrap();
    let tally = result.tally;
    assert_eq!(
        (tally.lines, tally.done, tally.unchanged, tally.failed),
        (10, 9, 9, 1),
        "{:#}",
        result.report
    );
    assert_eq!((&result.report["fields"], &result.report["documents"]["unchanged"]), (&json!({}), &json!(9)));

    let mut other = same;
    other["fields"] = json!([
        {"name": "id", "path": ["id"], "required": true, "pattern": "^[0-7]$"},
        {"name": "day", "path": ["day"], "type": "date"},
        {"name": "copy", "path": ["id"]},
    ]);
    let context = place.context(json!({"mode": "Shadow", "conversion": other})).await;
    let result = shadow::work_file(&context, &lines).await.unwrap();
    let (tally, report) = (result.tally, result.report);
    assert_eq!((tally.done, tally.changed, tally.failed), (8, 8, 2), "{report:#}");
    assert_eq!(report["fields"]["copy"]["added"], 8);
    assert_eq!(report["newlyFailing"]["PatternMismatch"]["examples"][0]["key"], "in/8.json");
    place.clean_up().await;
}

/// Breaks things of different units.
struct Breaker<'a> {
    place: &'a Place,
    context: &'a RunContext,
}

impl Breaker<'_> {
    async fn break_everything(&self) {
        let ledger = units_index("audit", &self.place.name);
        let records = records(self.context, &ledger).await;
        let of = |number: usize| &records[OBJECTS[number].0];
        let mut bulk = BulkBody::default();
        bulk.push_delete(Address { index: &ledger, id: &of(0).unit.digest() }, None);
        bulk.push_index(Address { index: &ledger, id: "another" }, Some(1), &json(of(1)));
        let ghost = UnitRecord {
            unit: UnitId { key: "in/ghost.json".into(), ..of(2).unit.clone() },
            documents: Vec::new(),
            document_count: 0,
            documents_digest: None,
            snapshot: None,
            ..of(2).clone()
        };
        bulk.push_index(Address { index: &ledger, id: &ghost.unit.digest() }, Some(1), &json(&ghost));
        self.place.remove(of(7).snapshot.as_deref().unwrap()).await;
        self.orphan_snapshot(of(3)).await;
        let document = |number: usize| {
            let document = &of(number).documents[0];
            Address { index: &document.index, id: &document.id }
        };
        bulk.push_delete(document(4), None);
        let mut older =
            self.context.clusters.ledger.get(document(5).index, document(5).id).await.unwrap().unwrap();
        older.source["_docmill"]["unit"]["version"] = json!("older");
        older.source["_docmill"]["unit"]["lastModified"] = json!("2001-01-01T00:00:00.000Z");
        bulk.push_index(document(5), Some(older.version), &json(&older.source));
        let stored =
            self.context.clusters.ledger.get(document(6).index, document(6).id).await.unwrap().unwrap();
        let nobodys = Address { index: document(6).index, id: "nobodys" };
        bulk.push_index(nobodys, Some(1), &json(&stored.source));
        self.place.remove(&self.error_record(of(9))).await;
        let source = json!({"source": format!("audit/{}", self.place.name)});
        self.place.put(&self.error_record(of(8)), &source.to_string()).await;
        let outcomes =
            self.context.clusters.ledger.bulk_all(bulk, PATIENCE, &CancellationToken::new()).await.unwrap();
        assert!(
            outcomes.iter().all(|outcome| *outcome == docmill_clients::elastic::ItemOutcome::Done),
            "{outcomes:?}"
        );
    }

    fn error_record(&self, record: &UnitRecord) -> String {
        let UnitRecord { unit, .. } = record;
        format!("errors/audit/{}/objects/{}/{}.error.json", self.place.name, unit.key, unit.digest())
    }

    async fn orphan_snapshot(&self, record: &UnitRecord) {
        let bucket = &self.place.name;
        let from = record.snapshot.as_deref().unwrap();
        let digest = "0123456789abcdef".repeat(2);
        let to = format!("json/audit/{bucket}/in/nobody.json/{digest}/5f.json");
        let copy = self.place.s3.copy_object().bucket(bucket).copy_source(format!("{bucket}/{from}")).key(to);
        copy.send().await.unwrap();
    }
}

/// All records, by the keys of their objects.
async fn records(context: &RunContext, ledger: &str) -> BTreeMap<String, UnitRecord> {
    context.clusters.ledger.refresh(ledger).await.unwrap();
    let mut answer = context.clusters.ledger.search(ledger, &json!({"size": 100})).await.unwrap();
    let hits = answer["hits"]["hits"].as_array_mut().unwrap();
    let records = hits.iter_mut().map(|hit| serde_json::from_value(hit["_source"].take()).unwrap());
    let records: Vec<UnitRecord> = records.collect();
    assert!(records.iter().filter(|record| record.state == UnitState::Indexed).count() == 9);
    records.into_iter().map(|record| (record.unit.key.clone(), record)).collect()
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}
