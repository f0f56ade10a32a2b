//! What becomes of the units of a run.

use docmill_crds::records::runs::PartRecord;
use job_runner::run::RunError;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::bed::{Bed, article, articles};

#[tokio::test]
async fn a_backfill_ingests_everything_once_and_a_second_one_finds_nothing_to_do() {
    let Some(bed) = Bed::new("process").await else { return };
    let mut objects = articles(1500);
    objects[7].1 = "<a id='bad'/>".into();
    bed.put(objects).await;
    let report = bed.whole(&bed.order("r1", &json!({"mode": "Process"}))).await;
    let counts = &report["counts"];
    assert_eq!(counts["lines"], 1500, "{counts}");
    assert_eq!(
        (&counts["done"], &counts["changed"], &counts["failed"]),
        (&json!(1499), &json!(1499), &json!(1))
    );
    assert_eq!(report["details"]["reasons"], json!({"MissingField": 1}));
    assert_eq!(report["details"]["failures"][0]["key"], "wire/00007.xml");
    bed.elastic.refresh(&bed.articles()).await.unwrap();
    assert_eq!(bed.elastic.count(&bed.articles(), &json!({"match_all": {}})).await.unwrap(), 1499);
    let part = bed.run_record(&PartRecord::id("r1", 0)).await;
    assert_eq!(
        (&part["finished"], &part["firstFailure"]),
        (&json!(true), &json!("wire/00007.xml: MissingField"))
    );

    let plan = bed.plan(&bed.order("r2", &json!({"mode": "Process"}))).await.unwrap();
    assert_eq!((plan.files, plan.selected, plan.passed_over), (0, 0, 1500));
    bed.remove().await;
}

#[tokio::test]
async fn a_replay_after_a_mended_model_empties_failures_and_errors() {
    let Some(bed) = Bed::new("mended").await else { return };
    let mut objects = articles(20);
    objects.iter_mut().skip(15).for_each(|(_, text)| *text = text.replace("<h>h</h>", ""));
    bed.put(objects).await;
    let strict = bed.order("r1", &json!({"mode": "Process"}));
    assert_eq!(bed.whole(&strict).await["counts"]["failed"], 5);
    let kept = bed.s3.list_objects_v2().bucket(bed.errors()).send().await.unwrap();
    assert_eq!(kept.contents().len(), 10, "each with its reason beside it");

    let mut mended = bed.order("r2", &json!({"mode": "Replay"}));
    let model = json!({"record": "/a", "fields": [{"name": "guid", "path": ["@id"], "required": true}]});
    mended.ingest.spec.conversion = serde_json::from_value(model).unwrap();
    let counts = bed.whole(&mended).await["counts"].clone();
    assert_eq!(
        (&counts["lines"], &counts["done"], &counts["failed"]),
        (&json!(5), &json!(5), &json!(0)),
        "{counts}"
    );
    let kept = bed.s3.list_objects_v2().bucket(bed.errors()).send().await.unwrap();
    assert!(kept.contents().is_empty(), "{:?}", kept.contents());
    let again = bed.plan(&bed.order("r3", &json!({"mode": "Replay"}))).await.unwrap();
    assert_eq!(again.selected, 0);
    bed.remove().await;
}

#[tokio::test]
async fn a_reconversion_writes_only_what_comes_out_otherwise() {
    let Some(bed) = Bed::new("reconvert").await else { return };
    let mut objects = articles(30);
    objects.iter_mut().take(4).for_each(|(_, text)| *text = text.replace("<h>h</h>", "<h>h</h><k>new</k>"));
    bed.put(objects).await;
    bed.whole(&bed.order("r1", &json!({"mode": "Process"}))).await;

    let mut order = bed.order("r2", &json!({"mode": "Reconvert", "select": {"revisionNot": "Current"}}));
    let model = json!({"record": "/a", "fields": [{"name": "guid", "path": ["@id"], "required": true},
        {"name": "headline", "path": ["h"], "required": true}, {"name": "keyword", "path": ["k"]}]});
    order.ingest.spec.conversion = serde_json::from_value(model).unwrap();
    let counts = bed.whole(&order).await["counts"].clone();
    assert_eq!(
        (&counts["done"], &counts["changed"], &counts["unchanged"]),
        (&json!(30), &json!(4), &json!(26))
    );
    order.run_uid = "r3".into();
    assert_eq!(bed.plan(&order).await.unwrap().selected, 0, "all have the new revision");
    bed.remove().await;
}

#[tokio::test]
async fn units_begin_no_more_often_than_the_run_allows_its_pods() {
    let Some(bed) = Bed::new("rate").await else { return };
    bed.put(articles(6)).await;
    let order = bed.order("r1", &json!({"mode": "Process", "maxUnitsPerSecond": 5}));
    let plan = bed.plan(&order).await.unwrap();
    let start = std::time::Instant::now();
    let report = bed.work(&order, 0, 1, plan.files).await.unwrap();
    assert_eq!(report.done, 6);
    assert!(start.elapsed().as_secs_f64() > 0.99, "six units begin within {:?}", start.elapsed());
    bed.remove().await;
}

#[tokio::test]
async fn named_objects_are_ingested_and_one_that_is_not_there_is_passed_over() {
    let Some(bed) = Bed::new("named").await else { return };
    bed.put([("wire/a+b %.xml".to_owned(), article("a", "h")), ("wire/c.xml".to_owned(), article("c", "h"))])
        .await;
    let select = json!({"keys": ["wire/a+b %.xml", "wire/none.xml"]});
    let counts =
        bed.whole(&bed.order("r1", &json!({"mode": "Process", "select": select}))).await["counts"].clone();
    assert_eq!((&counts["done"], &counts["skipped"]), (&json!(1), &json!(1)), "{counts}");
    bed.remove().await;
}

#[tokio::test]
async fn a_part_that_is_started_again_counts_each_unit_once() {
    let Some(mut bed) = Bed::new("again").await else { return };
    bed.put(articles(1300)).await;
    let order = bed.order("r1", &json!({"mode": "Process"}));
    let plan = bed.plan(&order).await.unwrap();
    assert_eq!(plan.files, 2);
    let closing = bed.stop.closing.clone();
    let cut = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        closing.cancel();
    });
    let stopped = bed.work(&order, 0, 1, plan.files).await;
    cut.await.unwrap();
    assert!(matches!(stopped, Err(RunError::Stopped)), "{stopped:?}");
    bed.stop = job_runner::ingest::processor::ShutdownTokens {
        closing: CancellationToken::new(),
        abort: CancellationToken::new(),
    };
    let report = bed.work(&order, 0, 1, plan.files).await.unwrap();
    assert_eq!((report.done, report.failed, report.skipped), (1300, 0, 0));
    let counts = bed.file::<serde_json::Value>("r1", "report.json").await["counts"].clone();
    assert_eq!((&counts["lines"], &counts["done"]), (&json!(1300), &json!(1300)));
    bed.elastic.refresh(&bed.articles()).await.unwrap();
    assert_eq!(bed.elastic.count(&bed.articles(), &json!({"match_all": {}})).await.unwrap(), 1300);
    bed.remove().await;
}
