//! What is selected, and how it is written down.

use docmill_clients::elastic::{Address, ItemOutcome};
use docmill_crds::records::runs::{KeyBoundRecord, PlanRecord, runs_index, runs_index_body};
use docmill_crds::records::units::UnitState::{Failed, Indexed, Skipped};
use job_runner::run::KeyRange;
use serde_json::json;

use super::bed::{Bed, articles, revision};

#[tokio::test]
async fn a_backfill_takes_what_the_ledger_does_not_know_to_be_done() {
    let Some(bed) = Bed::new("backfill").await else { return };
    let objects = bed.put(articles(1204)).await;
    bed.put([("wire/a.txt".to_owned(), "x".to_owned()), ("other/a.xml".to_owned(), "x".to_owned())]).await;
    let now = revision(&bed);
    let unit = |at: usize| (objects[at].0.as_str(), objects[at].1.as_str());
    let ends = [(0, Indexed, now.as_str()), (1, Failed, &now), (2, Indexed, "before"), (3, Skipped, &now)];
    bed.record(ends.map(|(at, state, revision)| (unit(at).0, unit(at).1, state, "", revision))).await;

    let order = bed.order("r1", &json!({"mode": "Process"}));
    let plan = bed.plan(&order).await.unwrap();
    assert_eq!((plan.files, plan.selected, plan.passed_over), (2, 1202, 2));
    assert_eq!(plan.first_key.as_deref(), Some("wire/00002.xml"));
    assert_eq!(plan.last_key.as_deref(), Some("wire/01203.xml"));
    let lines = bed.lines("r1", &plan).await;
    assert_eq!(lines.len(), 1202);
    assert_eq!((lines[0].state, lines[1].state, lines[2].state), (Some(Indexed), Some(Skipped), None));
    assert_eq!(lines[2].etag.as_deref(), Some(objects[4].1.as_str()));
    let record = bed.run_record(&PlanRecord::id("r1")).await;
    assert_eq!((&record["selected"], &record["files"]), (&json!(1202), &json!(2)));

    // Planned once: an object that lands later is not in it.
    bed.put([("wire/late.xml".to_owned(), "x".to_owned())]).await;
    assert_eq!(bed.plan(&order).await.unwrap(), plan);

    let mut polled = bed.order("r2", &json!({"mode": "Process"}));
    polled.poll = serde_json::from_value(json!({"intervalSeconds": 60})).unwrap();
    let plan = bed.plan(&polled).await.unwrap();
    assert_eq!((plan.selected, plan.passed_over), (1202, 3), "the poll trigger is after new objects");
    bed.remove().await;
}

#[tokio::test]
async fn where_keys_only_grow_a_listing_begins_behind_the_bound() {
    let Some(bed) = Bed::new("grow").await else { return };
    bed.put(articles(30)).await;
    let mut order = bed.order("r1", &json!({"mode": "Process"}));
    let grow = json!({"intervalSeconds": 60, "lexicographicalOrdering": true});
    order.poll = serde_json::from_value(grow).unwrap();
    let plan = bed.plan(&order).await.unwrap();
    assert_eq!(
        (plan.selected, plan.bound),
        (30, None),
        "objects that landed lately may have late neighbours"
    );

    let index = runs_index(&bed.name, "wire");
    let id = KeyBoundRecord::id(&format!("{}/wire", bed.name), &order.ingest.spec.raw);
    let time = "2026-01-02T00:00:00.000Z".to_owned();
    let key = "wire/00019.xml".to_owned();
    let bound = json!(KeyBoundRecord { kind: "bound".into(), run: "r0".into(), key, updated_time: time });
    bed.elastic.create_index(&index, &runs_index_body()).await.unwrap();
    let stored = bed.elastic.index_doc(Address { index: &index, id: &id }, &bound, Some(1)).await.unwrap();
    assert_eq!(stored, ItemOutcome::Done);
    order.run_uid = "r2".into();
    let plan = bed.plan(&order).await.unwrap();
    assert_eq!((plan.selected, plan.first_key.as_deref()), (10, Some("wire/00020.xml")));
    assert_eq!(plan.bound.as_deref(), Some("wire/00019.xml"), "it never goes back");
    bed.remove().await;
}

#[tokio::test]
async fn a_replay_takes_failures_by_reason_from_the_ledger() {
    let Some(bed) = Bed::new("replay").await else { return };
    let keys: Vec<String> = (0..2100).map(|n| format!("wire/{n:05}.xml")).collect();
    let reason = |n: usize| if n.is_multiple_of(2) { "MissingField" } else { "WrongType" };
    let units = keys.iter().enumerate().map(|(n, key)| (key.as_str(), "e", Failed, reason(n), "before"));
    bed.record(units.chain([("wire/ok.xml", "e", Indexed, "", "before")])).await;
    bed.record([("elsewhere/a.xml", "e", Failed, "MissingField", "before")]).await;

    let all = bed.plan(&bed.order("r1", &json!({"mode": "Replay"}))).await.unwrap();
    assert_eq!((all.files, all.selected, all.passed_over), (3, 2100, 1));
    let select = json!({"failed": {"reasons": ["MissingField"]}, "prefix": "wire/000"});
    let some = bed.plan(&bed.order("r2", &json!({"mode": "Replay", "select": select}))).await.unwrap();
    assert_eq!(some.selected, 50);
    let lines = bed.lines("r2", &some).await;
    assert!(lines.iter().all(|line| line.reason.as_deref() == Some("MissingField")));
    assert_eq!(lines[0].etag.as_deref(), Some("e"));
    let late = json!({"failed": {"since": "2026-01-03T00:00:00Z"}});
    let none = bed.plan(&bed.order("r3", &json!({"mode": "Replay", "select": late}))).await.unwrap();
    assert_eq!((none.files, none.selected), (0, 0));
    let again = json!({"mode": "Reconvert", "select": {"revisionNot": "Current"}});
    assert_eq!(bed.plan(&bed.order("r4", &again)).await.unwrap().selected, 2101);
    bed.remove().await;
}

#[tokio::test]
async fn an_audit_is_cut_into_ranges_that_leave_nothing_out() {
    let Some(bed) = Bed::new("ranges").await else { return };
    let mut order = bed.order("r1", &json!({"mode": "Audit"}));
    let plan = bed.plan(&order).await.unwrap();
    assert_eq!((plan.files, bed.lines("r1", &plan).await[0].range.clone()), (1, Some(KeyRange::default())));
    bed.put(articles(2001)).await;
    order.run_uid = "r2".into();
    let plan = bed.plan(&order).await.unwrap();
    let ranges: Vec<_> = bed.lines("r2", &plan).await.into_iter().filter_map(|line| line.range).collect();
    let edges = ["wire/00999.xml", "wire/01999.xml"].map(|key| Some(key.to_owned()));
    assert_eq!(ranges.len(), 3);
    assert_eq!((&ranges[0].after, &ranges[0].until), (&None, &edges[0]));
    assert_eq!((&ranges[1].after, &ranges[1].until), (&edges[0], &edges[1]));
    assert_eq!((&ranges[2].after, &ranges[2].until), (&edges[1], &None));
    bed.remove().await;
}

#[tokio::test]
async fn what_cannot_be_an_object_of_the_source_is_told() {
    let Some(bed) = Bed::new("outside").await else { return };
    let order = bed.order("r1", &json!({"mode": "Process", "select": {"prefix": "sport/"}}));
    let error = bed.plan(&order).await.unwrap_err().to_string();
    assert!(error.contains("\"sport/\" lies outside"), "{error}");
    bed.remove().await;
}
