//! The Elasticsearch client against a real cluster, Elasticsearch or OpenSearch: the one that `ES_RAW_URL` names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends by it")]

use std::time::Duration;

use docmill_clients::elastic::{Address, BulkBody, Elastic, ItemOutcome, OwnershipError};
use docmill_clients::retry::RetryPolicy;
use docmill_clients::secrets::Secrets;
use docmill_crds::api::elasticsearch::ElasticsearchCluster;
use docmill_crds::error_class::{Classify, ErrorClass};
use docmill_crds::records::own_index::{FORMAT, Layout, OwnIndex, Owner, Ownership, meta};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const PATIENCE: RetryPolicy = RetryPolicy::lasting(Duration::from_secs(20));

/// The cluster, and a name that no other test and no earlier run uses; nothing (and a line that says so) without one.
fn cluster(test: &str) -> Option<(Elastic, String)> {
    let Ok(url) = std::env::var("ES_RAW_URL") else {
        eprintln!("{test}: passed over, since ES_RAW_URL names no cluster");
        return None;
    };
    let settings = ElasticsearchCluster { urls: vec![url], ..Default::default() };
    let elastic = Elastic::new(&settings, &Secrets::default()).expect("a client");
    Some((elastic, format!("{test}-{}", docmill_clients::clock::now_millis())))
}

#[tokio::test]
async fn a_version_never_goes_back() {
    let Some((elastic, index)) = cluster("versions") else { return };
    let body = json!({"mappings": {"properties": {"n": {"type": "long"}}}});
    elastic.create_index(&index, &body).await.unwrap();
    elastic.create_index(&index, &body).await.unwrap();
    let address = Address { index: &index, id: "a/b ü?#%2F.." };
    for (version, expected) in [(7, ItemOutcome::Done), (7, ItemOutcome::Done), (6, ItemOutcome::Superseded)]
    {
        let outcome = elastic.index_doc(address, &json!({"n": version}), Some(version)).await.unwrap();
        assert_eq!(outcome, expected);
    }
    let stored = elastic.get(&index, address.id).await.unwrap().expect("a document");
    assert_eq!((stored.version, &stored.source["n"]), (7, &json!(7)));
    assert!(elastic.get("no-such-index", "a").await.unwrap().is_none());
    assert!(elastic.get(&index, "other").await.unwrap().is_none());
}

#[tokio::test]
async fn an_index_of_a_known_kind_that_a_record_makes_has_the_mapping_of_its_kind() {
    let Some((elastic, kind)) = cluster("kind") else { return };
    let body = json!({"mappings": {"dynamic": false, "properties": {"key": {"type": "keyword"}}}});
    // A kind of its own for each run of the tests.
    let pattern: &'static str = format!("{kind}-*").leak();
    let layout = Layout { shards: Some(2), replicas: Some(0) };
    let index = OwnIndex { name: format!("{kind}-a"), pattern, body, layout };
    elastic.claim(&index, &owner("one"), false).await.unwrap();
    let made = format!("{kind}-b");
    let record = json!({"key": "k", "more": "of a text"});
    elastic.index_doc(Address { index: &made, id: "1" }, &record, None).await.unwrap();
    let fields = Value::Object(elastic.fields(&made).await.unwrap());
    assert_eq!(fields, json!({"key": {"type": "keyword"}}));
}

#[tokio::test]
async fn searches_that_arrive_together_share_a_request_and_each_has_its_own_answer() {
    let Some((elastic, index)) = cluster("joined") else { return };
    elastic.create_index(&index, &json!({})).await.unwrap();
    elastic.index_doc(Address { index: &index, id: "a" }, &json!({"n": 7}), None).await.unwrap();
    elastic.refresh(&index).await.unwrap();
    let (all, wrong) = (json!({"size": 1}), json!({"query": {"no_such_query": {}}}));
    let clone = elastic.clone();
    let (found, none, refused) = tokio::join!(
        elastic.search_joined(&index, &all),
        clone.search_joined("no-such-index", &all),
        elastic.search_joined(&index, &wrong),
    );
    let (found, none) = (found.unwrap(), none.unwrap());
    assert_eq!(found.answer.pointer("/hits/hits/0/_source/n"), Some(&json!(7)));
    assert_eq!(none.answer.pointer("/hits/hits"), Some(&json!([])));
    assert!(refused.is_err());
    let alone = elastic.search_joined(&index, &all).await.unwrap();
    assert!(alone.is_first && alone.answer["hits"] == found.answer["hits"]);
}

#[tokio::test]
async fn of_searches_that_share_a_request_one_is_the_first() {
    let Some((elastic, _)) = cluster("first") else { return };
    let body = json!({"size": 0});
    let (one, other) =
        tokio::join!(elastic.search_joined("no-such-a", &body), elastic.search_joined("no-such-b", &body));
    assert!(one.unwrap().is_first && !other.unwrap().is_first);
}

fn owner(cluster: &str) -> Owner {
    Owner { cluster: cluster.into(), namespace: "news".into(), source: None }
}

#[tokio::test]
async fn an_index_belongs_to_who_made_it_until_somebody_takes_it_over() {
    let Some((elastic, name)) = cluster("owned") else { return };
    let body = json!({"mappings": {"_meta": meta(None), "dynamic": false}});
    let layout = Layout::default();
    let index = OwnIndex { pattern: format!("{name}*").leak(), name, body, layout };
    let (one, other) = (owner("one"), owner("other"));
    elastic.claim(&index, &one, false).await.unwrap();
    elastic.claim(&index, &one, false).await.unwrap();
    let refused = elastic.claim(&index, &other, false).await.unwrap_err();
    assert!(matches!(&refused, OwnershipError::Barred(words) if words.contains("cluster one")), "{refused}");
    assert_eq!(refused.class(), ErrorClass::Permanent);
    assert!(elastic.check_owner(std::slice::from_ref(&index), &other).await.is_err());
    elastic.claim(&index, &other, true).await.unwrap();
    assert!(elastic.check_owner(std::slice::from_ref(&index), &other).await.is_ok());
    assert!(elastic.claim(&index, &one, false).await.is_err());
    assert_eq!(elastic.ownership("no-such-index", &one).await.unwrap(), None);
    assert_eq!(FORMAT, 2, "another form needs an answer to what is there");
}

#[tokio::test]
async fn of_two_that_claim_an_index_of_nobody_one_has_it() {
    let Some((elastic, name)) = cluster("claimed") else { return };
    let body = json!({"mappings": {"_meta": meta(None), "dynamic": false}});
    let layout = Layout::default();
    let index = OwnIndex { pattern: format!("{name}*").leak(), name, body, layout };
    elastic.create_index(&index.name, &index.body).await.unwrap();
    let owners = [owner("one"), owner("other")];
    assert_eq!(elastic.ownership(&index.name, &owners[0]).await.unwrap(), Some(Ownership::Unclaimed));
    let (one, other) =
        tokio::join!(elastic.claim(&index, &owners[0], false), elastic.claim(&index, &owners[1], false));
    assert_ne!(one.is_ok(), other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test]
async fn each_item_of_a_bulk_has_its_own_outcome_whatever_the_cluster_takes_at_once() {
    let Some((elastic, index)) = cluster("bulk") else { return };
    let body = json!({"mappings": {"properties": {"n": {"type": "long"}}}});
    elastic.create_index(&index, &body).await.unwrap();
    let mut bulk = BulkBody::default();
    let text = "x".repeat(20_000);
    // Two megabytes: more than a cluster with a low limit takes in one request.
    for n in 0..100 {
        let n = if n == 42 { json!("no number") } else { json!(n) };
        let source = json!({"n": n, "text": text}).to_string();
        bulk.push_index(Address { index: &index, id: &n.to_string() }, Some(1), source.as_bytes());
    }
    bulk.push_index(Address { index: &index, id: &"i".repeat(513) }, Some(1), b"{}");
    bulk.push_delete(Address { index: &index, id: "never there" }, Some(1));
    let outcomes = elastic.bulk_all(bulk, PATIENCE, &CancellationToken::new()).await.unwrap();
    for (position, outcome) in outcomes.iter().enumerate() {
        let rejected = matches!(outcome, ItemOutcome::Rejected(fault) if fault.status == 400);
        assert_eq!(rejected, position == 42 || position == 100, "{position}: {outcome:?}");
    }
    elastic.refresh(&index).await.unwrap();
    assert_eq!(elastic.count(&index, &json!({"match_all": {}})).await.unwrap(), 99);
}

#[tokio::test]
async fn a_view_gives_every_document_once_though_times_are_equal() {
    let Some((elastic, base)) = cluster("views") else { return };
    let mut bulk = BulkBody::default();
    let indices = [format!("{base}-a"), format!("{base}-b")];
    for index in &indices {
        let body = json!({"mappings": {"properties": {"at": {"type": "date"}}}});
        elastic.create_index(index, &body).await.unwrap();
        for n in 0..25 {
            let id = format!("{index}-{n}");
            bulk.push_index(Address { index, id: &id }, None, br#"{"at": "2026-01-02T03:04:05.678Z"}"#);
        }
    }
    elastic.bulk_all(bulk, PATIENCE, &CancellationToken::new()).await.unwrap();
    let pattern = format!("{base}-*");
    elastic.refresh(&pattern).await.unwrap();

    let mut pit = elastic.open_pit(&pattern).await.unwrap();
    let (mut ids, mut last) = (Vec::new(), None::<Value>);
    loop {
        let mut body = json!({"size": 7, "sort": pit.sort_by_date("at")});
        if let Some(last) = last {
            body["search_after"] = last;
        }
        let page = elastic.search_pit(&mut pit, body).await.unwrap();
        let hits = page["hits"]["hits"].as_array().unwrap();
        let Some(end) = hits.last() else { break };
        last = Some(end["sort"].clone());
        ids.extend(hits.iter().map(|hit| hit["_id"].as_str().unwrap().to_owned()));
    }
    elastic.close_pit(pit).await.unwrap();
    assert_eq!(ids.len(), 50);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}

#[tokio::test]
async fn a_pattern_that_matches_nothing_finds_nothing() {
    let Some((elastic, index)) = cluster("nothing") else { return };
    assert_eq!(elastic.count(&format!("{index}-*"), &json!({"match_all": {}})).await.unwrap(), 0);
    assert!(elastic.fields(&format!("{index}-*")).await.unwrap().is_empty());
    elastic.refresh(&index).await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_a_transient_fault() {
    let settings = ElasticsearchCluster { urls: vec!["http://127.0.0.1:1".into()], ..Default::default() };
    let elastic = Elastic::new(&settings, &Secrets::default()).unwrap();
    let error = elastic.info().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Transient);
    assert!(error.to_string().contains("refused"), "{error}");
}
