//! What an erasure leaves: nothing that says what was in an object, and what keeps it out.

use docmill_crds::api::storage::Packing;
use docmill_crds::contract::RunOrder;
use docmill_crds::records::heads::heads_index;
use serde_json::{Value, json};

use super::bed::{Bed, article};

/// What only the objects have that are forgotten.
const SECRET: &str = "hunter2";

/// The order of a run, with snapshots in this form.
fn order(bed: &Bed, packing: Packing, uid: &str, spec: &Value) -> RunOrder {
    let mut order = bed.order(uid, spec);
    order.ingest.spec.snapshots.packing = packing;
    order
}

/// Where the secret is: keys of objects, and documents of indices.
async fn found(bed: &Bed) -> Vec<String> {
    let mut found = Vec::new();
    for bucket in [bed.snapshots(), bed.errors()] {
        let listed = bed.s3.list_objects_v2().bucket(&bucket).send().await.unwrap();
        for key in listed.contents().iter().filter_map(|object| object.key()) {
            let object = bed.s3.get_object().bucket(&bucket).key(key).send().await.unwrap();
            let mut bytes = object.body.collect().await.unwrap().to_vec();
            // Snapshots in packs are compressed.
            if let Ok(content) = zstd::decode_all(&bytes[..]) {
                bytes.extend(content);
            }
            if bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()) {
                found.push(format!("{bucket}/{key}"));
            }
        }
    }
    for index in [bed.articles(), bed.ledger(), heads_index(&bed.name, "wire")] {
        bed.elastic.refresh(&index).await.unwrap();
        let answer = bed.elastic.search(&index, &json!({"size": 100})).await.unwrap();
        let hits = answer["hits"]["hits"].as_array().unwrap();
        found.extend(hits.iter().map(Value::to_string).filter(|hit| hit.contains(SECRET)));
    }
    found
}

async fn is_forgotten(packing: Packing) {
    let Some(bed) = Bed::new("forget").await else { return };
    let id = format!("{SECRET}-1");
    bed.put([
        ("wire/a.xml".to_owned(), article(&id, &format!("about {SECRET}"))),
        ("wire/a.xml.b.xml".to_owned(), article("b", "h")),
        ("wire/bad.xml".to_owned(), format!("<a id='{SECRET}-2'>{SECRET}</a>")),
    ])
    .await;
    bed.whole(&order(&bed, packing, "r1", &json!({"mode": "Process"}))).await;
    let before = found(&bed).await;
    assert!(before.len() >= 5, "snapshot, copy, document, record and head: {before:?}");

    let forget = json!({"mode": "Forget", "forget": {"documents": [id], "keys": ["wire/bad.xml"]}});
    let report = bed.whole(&order(&bed, packing, "r2", &forget)).await;
    let counts = &report["counts"];
    assert_eq!((&counts["done"], &counts["changed"]), (&json!(2), &json!(2)), "{report}");
    let erased = &report["details"]["erased"];
    let expected =
        json!({"documents": 1, "enriched": 0, "snapshots": 1, "errors": 2, "records": 2, "raw": 0});
    assert_eq!(*erased, expected);
    assert_eq!(found(&bed).await, Vec::<String>::new());

    let again = bed.whole(&order(&bed, packing, "r3", &forget)).await;
    assert_eq!((&again["plan"]["passedOver"], &again["counts"]["unchanged"]), (&json!(1), &json!(1)));
    let nothing = json!({"documents": 0, "enriched": 0, "snapshots": 0, "errors": 0, "records": 0, "raw": 0});
    assert_eq!(again["details"]["erased"], nothing);

    let backfill = order(&bed, packing, "r4", &json!({"mode": "Process"}));
    assert_eq!(bed.plan(&backfill).await.unwrap().selected, 0, "what is forgotten is not selected again");
    bed.put([("wire/a.xml".to_owned(), article(&id, &format!("more about {SECRET}")))]).await;
    let back = bed.whole(&order(&bed, packing, "r5", &json!({"mode": "Process"}))).await;
    assert_eq!(back["details"]["passedOver"], json!({"Forgotten": 1}), "{back}");
    assert_eq!(found(&bed).await, Vec::<String>::new(), "a later version stays out");

    let raw = json!({"mode": "Forget", "forget": {"keys": ["wire/a.xml"], "raw": true}});
    let report = bed.whole(&order(&bed, packing, "r6", &raw)).await;
    assert_eq!(report["details"]["erased"]["raw"], 1, "{report}");
    let left = bed.s3.list_objects_v2().bucket(bed.raw()).send().await.unwrap();
    let left: Vec<_> = left.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(left, ["wire/a.xml.b.xml", "wire/bad.xml"]);
    bed.elastic.refresh(&bed.articles()).await.unwrap();
    assert_eq!(bed.elastic.count(&bed.articles(), &json!({"match_all": {}})).await.unwrap(), 1);
    bed.remove().await;
}

#[tokio::test]
async fn nothing_is_found_of_what_was_forgotten_and_it_stays_out() {
    Box::pin(is_forgotten(Packing::PerUnit)).await;
}

#[tokio::test]
async fn a_pack_loses_what_is_forgotten_and_keeps_the_rest() {
    Box::pin(is_forgotten(Packing::Packed)).await;
}

#[tokio::test]
async fn an_erasure_that_was_killed_is_finished_by_the_next_pod() {
    let Some(mut bed) = Bed::new("forget-again").await else { return };
    bed.put([("wire/a.xml".to_owned(), article(&format!("{SECRET}-1"), SECRET))]).await;
    bed.whole(&bed.order("r1", &json!({"mode": "Process"}))).await;
    let order = bed.order("r2", &json!({"mode": "Forget", "forget": {"keys": ["wire/a.xml"]}}));
    let plan = bed.plan(&order).await.unwrap();
    let closing = bed.stop.closing.clone();
    // Its key is closed by then, and nothing is erased yet.
    let cut = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        closing.cancel();
    });
    assert!(bed.work(&order, 0, 1, plan.files).await.is_err());
    cut.await.unwrap();
    assert!(!found(&bed).await.is_empty());
    bed.stop = job_runner::ingest::processor::ShutdownTokens {
        closing: tokio_util::sync::CancellationToken::new(),
        abort: tokio_util::sync::CancellationToken::new(),
    };
    bed.work(&order, 0, 1, plan.files).await.unwrap();
    assert_eq!(found(&bed).await, Vec::<String>::new());
    bed.remove().await;
}
