//! Bounds, slices and the Job.

use docmill_crds::contract::WorkOrder;
use docmill_crds::records::enrichment_query::DocumentQuery;
use docmill_crds::{EnrichmentRun, EnrichmentRunSpec};
use k8s_openapi::jiff::Timestamp;
use proptest::prelude::proptest;
use serde_json::{Value, json};

use super::{at, bounds, run, selection};
use crate::controllers::enrichment_run::conflicts::in_the_way;
use crate::controllers::enrichment_run::job::job;
use crate::controllers::enrichment_run::observation::Origin;
use crate::controllers::enrichment_run::slices::{
    bounds as bounds_of, cut, cuts_query, read_cuts, slice_count, until,
};
use crate::controllers::run_job::Suspension;
use crate::controllers::run_status;
use crate::outcome::conditions::build;
use crate::workers::worker_pod::{WorkerImage, decode_order};

#[test]
fn whatever_was_indexed_in_the_second_of_creation_is_below_the_upper_bound() {
    assert_eq!(until(at(1000)), at(1001));
}

#[test]
fn a_source_is_read_from_its_index_and_refused_without_one() {
    let mut source = crate::controllers::ingest_source::tests::source();
    let origin = Origin::of_source(&source).expect("an origin");
    assert_eq!(origin.cluster, source.spec.index.take().expect("an index").elasticsearch);
    let fault = Origin::of_source(&source).expect_err("nothing could be read");
    assert_eq!(fault.reason, "SourceNotIndexed");
    assert!(fault.message.contains("has no spec.index") && fault.message.contains("from.elasticsearch"));
}

fn spec(change: &Value) -> EnrichmentRunSpec {
    let mut spec = json!(run().spec);
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

#[test]
fn new_documents_begin_an_overlap_before_what_was_completed() {
    let of = |state: &str, completed| {
        bounds_of(&spec(&json!({"select": {"state": state}})), at(10_000), completed)
    };
    assert_eq!(of("New", Some(at(9000))), bounds(Some(8400), 10_001));
    assert_eq!(of("New", None), bounds(None, 10_001));
    assert_eq!(of("All", Some(at(9000))), bounds(None, 10_001));
    assert_eq!(of("Failed", Some(at(9000))), bounds(None, 10_001));
}

#[test]
fn a_time_range_has_its_start_and_not_its_end_and_never_goes_beyond_the_creation() {
    let range = json!({"from": "1970-01-01T00:00:10Z", "until": "2970-01-01T00:00:00Z"});
    let spec = spec(&json!({"select": {"state": "All", "indexedTime": range}}));
    let whole = bounds_of(&spec, at(10_000), Some(at(9000)));
    assert_eq!(whole, bounds(None, 10_001));
    let query = DocumentQuery::articles("articles-*", &spec.from.time_field, None, &spec.select);
    let filter = query.within(&whole)["bool"]["filter"].clone();
    let times = |at: usize| filter[at]["range"]["_docmill.indexedTime"].clone();
    assert_eq!(times(0), json!({"lte": "1970-01-01T02:46:41Z"}));
    assert_eq!(times(1), json!({"gte": "1970-01-01T00:00:10Z", "lt": "2970-01-01T00:00:00Z"}));
}

#[test]
fn one_run_a_target_works_at_a_time_and_the_oldest_of_those_that_wait_is_next() {
    let run_of = |name: &str, created: &str, change: &Value| {
        let mut run = json!(run());
        run["metadata"] = json!({"name": name, "uid": name, "creationTimestamp": created});
        run.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value::<EnrichmentRun>(run).unwrap()
    };
    let (early, late) = ("1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z");
    let name = |run: &EnrichmentRun, other: &EnrichmentRun| {
        in_the_way(run, &[run.clone(), other.clone()]).and_then(|other| other.metadata.name.clone())
    };
    let (first, second) = (run_of("a", early, &json!({})), run_of("b", late, &json!({})));
    assert_eq!((name(&first, &second), name(&second, &first)), (None, Some("a".into())));
    let phase = |name, created, phase: &str| run_of(name, created, &json!({"status": {"phase": phase}}));
    assert_eq!(name(&first, &phase("b", late, "Running")), Some("b".into()));
    let suspended = phase("a", early, "Suspended");
    assert_eq!(name(&second, &suspended), None);
    let mut queued = suspended;
    queued.status.as_mut().unwrap().conditions =
        build(&[], run_status::suspended(&[], Some(Suspension::ByOther)).into_iter().collect(), None, at(3));
    assert_eq!(name(&second, &queued), Some("a".into()), "another controller may resume its Job");
    let ended = json!({"status": {"phase": "Complete", "conditions": [
        {"type": "Complete", "status": "True", "reason": "r", "message": "", "lastTransitionTime": early}]}});
    assert_eq!(name(&second, &run_of("a", early, &ended)), None);
    let mut dry = first.clone();
    dry.spec.dry_run = true;
    let mut elsewhere = first.clone();
    elsewhere.spec.to.index.name = "other-{publishedAt:%Y}".into();
    assert_eq!((name(&second, &dry), name(&second, &elsewhere)), (None, None));
}

#[test]
fn slices_grow_with_the_documents_up_to_four_for_each_pod() {
    assert_eq!(slice_count(1, 2), 1);
    assert_eq!(slice_count(500, 2), 1);
    assert_eq!(slice_count(501, 2), 2);
    assert_eq!(slice_count(1_000_000, 2), 8);
}

#[test]
fn the_query_takes_the_upper_bound_and_leaves_the_lower_one() {
    let spec = spec(&json!({"from": {"sourceRef": {"name": "wire"}, "query": {"term": {"language": "en"}}}}));
    let document_query =
        DocumentQuery::articles("articles-*", &spec.from.time_field, spec.from.query.as_ref(), &spec.select);
    let filter = document_query.within(&bounds(Some(0), 60))["bool"]["filter"].clone();
    let range = &filter[0]["range"]["_docmill.indexedTime"];
    assert_eq!(*range, json!({"gt": "1970-01-01T00:00:00Z", "lte": "1970-01-01T00:01:00Z"}));
    assert_eq!(filter[1], json!({"term": {"language": "en"}}));
    let query = cuts_query(&document_query, &bounds(None, 60), 4);
    assert_eq!(query["aggs"]["cuts"]["percentiles"]["percents"], json!([25.0, 50.0, 75.0]));
    let failures = DocumentQuery::failures("docmill-enrichments-news", "target-1").within(&bounds(None, 60));
    assert_eq!(failures["bool"]["filter"][2], json!({"term": {"target": "target-1"}}));
}

#[test]
fn cuts_are_read_and_missing_ones_passed_over() {
    let answer = json!({"aggregations": {"cuts": {"values": [
        {"key": 25.0, "value": 10_500.0}, {"key": 50.0, "value": null}, {"key": 75.0, "value": 30_000.0}]}}});
    let cuts = read_cuts(&answer);
    assert_eq!(cuts.iter().map(|cut| cut.as_millisecond()).collect::<Vec<_>>(), [10_500, 30_000]);
    assert_eq!(cut(&bounds(None, 60), &cuts), [bounds(None, 10), bounds(Some(10), 30), bounds(Some(30), 60)]);
    assert!(read_cuts(&json!({})).is_empty());
}

proptest! {
    #[test]
    fn every_time_within_the_bounds_is_in_exactly_one_slice(
        start in proptest::option::of(0_i64..1000),
        length in 1_i64..1000,
        cuts in proptest::collection::vec(-100_000_i64..2_100_000, 0..20),
        times in proptest::collection::vec(-100_000_i64..2_100_000, 0..50),
    ) {
        let whole = bounds(start, start.unwrap_or(0) + length);
        let cuts: Vec<_> = cuts.into_iter().map(|ms| Timestamp::from_millisecond(ms).unwrap()).collect();
        // As the workers get them: through JSON, where times have whole seconds.
        let slices = serde_json::to_string(&cut(&whole, &cuts)).unwrap();
        let slices: Vec<docmill_crds::api::enrichment_run::Bounds> = serde_json::from_str(&slices).unwrap();
        for time in times {
            let time = Timestamp::from_millisecond(time).unwrap();
            let contains = |slice: &docmill_crds::api::enrichment_run::Bounds| {
                slice.after.as_ref().is_none_or(|after| time > after.0) && time <= slice.until.0
            };
            let found = slices.iter().filter(|slice| contains(slice)).count();
            assert_eq!(found, usize::from(contains(&whole)), "{time} in {slices:?}");
        }
    }
}

#[test]
fn one_pod_a_slice_and_no_more_at_a_time_than_there_are() {
    let image =
        WorkerImage { image: "docmill:1".into(), pull_policy: "Never".into(), env: vec![], user: None };
    let slices = vec![bounds(None, 1001)];
    let job = job(&run(), &selection(slices.clone()), "cluster-1", &image).unwrap();
    assert_eq!(
        job.metadata.name.as_deref(),
        Some("sentiment-enrich"),
        "named after the run, so that there is one"
    );
    assert_eq!(job.metadata.labels.as_ref().unwrap()["docmill.io/run"], "sentiment");
    let spec = job.spec.unwrap();
    assert_eq!((spec.completions, spec.parallelism), (Some(1), Some(1)));
    assert_eq!(spec.completion_mode.as_deref(), Some("Indexed"));
    assert_eq!(spec.backoff_limit, Some(6));
    let actions: Vec<_> =
        spec.pod_failure_policy.unwrap().rules.into_iter().map(|rule| rule.action).collect();
    assert_eq!(actions, ["FailJob", "Ignore", "Ignore"]);
    let pod = spec.template.spec.unwrap();
    let mounts = pod.containers[0].volume_mounts.as_ref().unwrap();
    assert_eq!(mounts[0].mount_path, "/etc/docmill/secrets/to");
    match decode_order(&pod) {
        Some(WorkOrder::Enrich(order)) => {
            assert_eq!(order.slices, slices);
            assert_eq!((order.run_uid.as_str(), order.from_index.as_str()), ("run-1", "articles-*"));
        }
        other => panic!("no order of an enrichment: {other:?}"),
    }
}

#[test]
fn a_job_waits_in_the_queue_that_the_run_names() {
    let image =
        WorkerImage { image: "docmill:1".into(), pull_policy: "Never".into(), env: vec![], user: None };
    let mut run = run();
    let labels = &mut run.spec.pod_template.metadata.labels;
    labels.insert("kueue.x-k8s.io/queue-name".to_owned(), "news".to_owned());
    let job = job(&run, &selection(vec![bounds(None, 1001)]), "cluster-1", &image).unwrap();
    assert_eq!(job.metadata.labels.unwrap()["kueue.x-k8s.io/queue-name"], "news");
    assert_eq!(job.spec.unwrap().suspend, Some(true));
}
