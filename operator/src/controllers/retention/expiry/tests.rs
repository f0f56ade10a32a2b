//! Against a real cluster: the one that `ES_RAW_URL` names.

#![allow(clippy::large_futures, reason = "a test has a stack of its own")]

use docmill_clients::elastic::{Address, Elastic};
use docmill_clients::secrets::Secrets;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::api::ingest_source::LedgerRetention;
use docmill_crds::contract::IngestOrder;
use docmill_crds::records::heads::KeyHead;
use docmill_crds::records::units::{EXPIRED_ID, ExpiredRecords, UnitId};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::{Bounds, Expiry};
use crate::controllers::ingest_source::tests::source;
use crate::testing::CLUSTER;
use crate::workers::order::ingest_order;

const LONG_AGO: &str = "2026-01-01T00:00:00.000Z";
/// The version of records of a unit that was replaced.
const RECORDED: u64 = 15;

/// Indices of this test's own.
struct Bed {
    elastic: Elastic,
    order: IngestOrder,
    units: String,
    heads: String,
}

impl Bed {
    async fn make(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("ES_RAW_URL") else {
            eprintln!("{test}: passed over, since ES_RAW_URL names no store");
            return None;
        };
        let mut source = source();
        source.metadata.namespace = Some(format!("{test}-{}", Timestamp::now().as_millisecond()));
        let cluster: ElasticsearchCluster = serde_json::from_value(json!({"urls": [url]})).unwrap();
        let elastic = Elastic::new(&cluster, &Secrets::default()).unwrap();
        let order = ingest_order(&source, CLUSTER);
        let [units, heads] = order.unit_indices();
        for index in [&units, &heads] {
            elastic.claim(index, &order.owner(), false).await.unwrap();
        }
        Some(Self { elastic, order, units: units.name, heads: heads.name })
    }

    /// A record of a version of a key, visible to searches. Returns its id.
    async fn record(&self, key: &str, version: &str, reason: Option<&str>, recorded: &str) -> String {
        let unit = unit(key, version);
        let state = if reason.is_some() { "Skipped" } else { "Indexed" };
        let record = json!({"source": self.order.source, "unit": unit, "state": state, "reason": reason,
            "attempts": 1, "revision": "r", "recordedTime": recorded, "runner": "w"});
        self.put(&self.units, &unit.digest(), &record, RECORDED).await;
        self.elastic.refresh(&self.units).await.unwrap();
        unit.digest()
    }

    /// The head of a key, whose current version this is, or was before its removal.
    async fn head(&self, key: &str, version: &str, gone: bool, earlier: &[&str]) {
        let earlier = earlier.iter().map(|version| (*version).to_owned()).collect();
        let head = KeyHead {
            unit: unit(key, version),
            last_modified: 7,
            version: 8,
            gone,
            forgotten: false,
            earlier,
        };
        self.put(&self.heads, &KeyHead::id("raw", key), &json!(head), 1).await;
    }

    async fn put(&self, index: &str, id: &str, document: &Value, version: u64) {
        self.elastic.index_doc(Address { index, id }, document, Some(version)).await.unwrap();
    }

    async fn head_of(&self, key: &str) -> KeyHead {
        let stored = self.elastic.get(&self.heads, &KeyHead::id("raw", key)).await.unwrap().unwrap();
        serde_json::from_value(stored.source.into()).unwrap()
    }

    async fn is_there(&self, id: &str) -> bool {
        self.elastic.get(&self.units, id).await.unwrap().is_some()
    }

    async fn totals(&self) -> ExpiredRecords {
        let stored = self.elastic.get(&self.units, EXPIRED_ID).await.unwrap().unwrap();
        serde_json::from_value(stored.source.into()).unwrap()
    }

    fn expiry(&self) -> Expiry<'_> {
        Expiry { elastic: &self.elastic, units: &self.units, heads: &self.heads }
    }

    async fn expire(&self) -> i64 {
        self.expiry().expire(&bounds()).await.unwrap()
    }
}

fn unit(key: &str, version: &str) -> UnitId {
    UnitId { bucket: "raw".into(), key: key.into(), version: version.into() }
}

/// An hour for either reason.
fn bounds() -> Bounds {
    let retention = LedgerRetention { superseded_seconds: Some(3600), removed_seconds: Some(3600) };
    Bounds::of(&retention, Timestamp::now())
}

#[tokio::test]
async fn what_has_expired_goes_and_is_counted_once() {
    let Some(bed) = Bed::make("expiry").await else { return };
    let now = Timestamp::now().to_string();
    let current = bed.record("a", "3", None, LONG_AGO).await;
    let new = bed.record("a", "2", Some("Superseded"), &now).await;
    let old = bed.record("a", "1", Some("Superseded"), LONG_AGO).await;
    let removed = bed.record("b", "1", Some("ObjectRemoved"), LONG_AGO).await;
    let other = bed.record("c", "1", Some("ObjectGone"), LONG_AGO).await;
    let headless = bed.record("d", "1", Some("Superseded"), LONG_AGO).await;
    bed.head("a", "3", false, &["2", "1"]).await;
    bed.head("b", "1", true, &[]).await;
    assert_eq!(bed.expire().await, 2);
    for gone in [&old, &removed] {
        assert!(!bed.is_there(gone).await);
    }
    for stays in [&current, &new, &other, &headless] {
        assert!(bed.is_there(stays).await);
    }
    let totals = ExpiredRecords { superseded: 1, removed: 1, pending: None };
    assert_eq!(bed.totals().await, totals);
    assert_eq!(bed.head_of("a").await.earlier, ["2"]);
    let tombstone = bed.head_of("b").await;
    assert!(tombstone.gone && tombstone.unit.version.is_empty() && tombstone.version == 8);
    // Searches may still find what is gone.
    assert_eq!(bed.expire().await, 0);
    assert_eq!(bed.totals().await, totals);
}

/// The operator dies after each step.
#[tokio::test]
async fn a_slice_that_was_interrupted_is_finished_and_counted_once() {
    let Some(bed) = Bed::make("interrupted").await else { return };
    let ids = [
        bed.record("a", "1", Some("Superseded"), LONG_AGO).await,
        bed.record("b", "1", Some("Superseded"), LONG_AGO).await,
        bed.record("c", "1", Some("Superseded"), LONG_AGO).await,
    ];
    let bounds = bounds();
    let mut pending = bounds.pending(Vec::new());
    pending.superseded = ids.to_vec();
    let record = ExpiredRecords { superseded: 5, removed: 1, pending: Some(pending) };
    bed.put(&bed.units, EXPIRED_ID, &json!(record), 1).await;
    // The first was deleted, the third was taken back by its unit since.
    bed.elastic.delete_docs(&bed.units, [ids[0].as_str()]).await.unwrap();
    bed.put(&bed.units, &ids[2], &json!({"state": "Indexed", "recordedTime": LONG_AGO}), 99).await;
    assert_eq!(bed.expiry().expire(&Bounds::default()).await.unwrap(), 2, "also without a retention");
    let there = [bed.is_there(&ids[0]).await, bed.is_there(&ids[1]).await, bed.is_there(&ids[2]).await];
    assert_eq!(there, [false, false, true]);
    assert_eq!(bed.totals().await, ExpiredRecords { superseded: 7, removed: 1, pending: None });
}

#[tokio::test]
async fn two_operators_do_not_count_the_same() {
    let Some(bed) = Bed::make("rivals").await else { return };
    for number in 0..20 {
        let key = number.to_string();
        bed.record(&key, "1", Some("Superseded"), LONG_AGO).await;
        bed.head(&key, "2", false, &["1"]).await;
    }
    let (bounds, expiry) = (bounds(), bed.expiry());
    let (one, other) = tokio::join!(expiry.expire(&bounds), expiry.expire(&bounds));
    one.unwrap();
    other.unwrap();
    bed.expire().await;
    assert_eq!(bed.totals().await, ExpiredRecords { superseded: 20, removed: 0, pending: None });
}
