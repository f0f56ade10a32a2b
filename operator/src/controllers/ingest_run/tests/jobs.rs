//! The Jobs, and what is read back from them.

use docmill_crds::contract::{RunStep, WorkOrder};
use k8s_openapi::api::batch::v1::Job;
use serde_json::json;

use super::{at, order, part, plan_record, run, source};
use crate::controllers::ingest_run::job::{plan_job, work_job, work_name};
use crate::controllers::ingest_run::observation::step;
use crate::controllers::ingest_run::records::{query, read};
use crate::controllers::ingest_run::start;
use crate::workers::worker_pod::{WorkerImage, decode_order};

fn image() -> WorkerImage {
    WorkerImage { image: "docmill:1".into(), pull_policy: "Never".into(), env: vec![], user: None }
}

fn written(job: &Job) -> WorkOrder {
    decode_order(job.spec.as_ref().unwrap().template.spec.as_ref().unwrap()).unwrap()
}

#[test]
fn one_pod_selects_with_the_source_as_it_is_now() {
    let job = plan_job(&run(), &order(), &image()).unwrap();
    assert_eq!(job.metadata.name.as_deref(), Some("backfill-plan"));
    assert_eq!(job.metadata.labels.as_ref().unwrap()["docmill.io/ingest-run"], "backfill");
    let spec = job.spec.as_ref().unwrap();
    assert_eq!((spec.backoff_limit, spec.completions), (Some(6), None));
    assert_eq!(written(&job), WorkOrder::Run(Box::new(order())));
    assert_eq!(step(&job, &[], at(0)).order, Some(order()));
    assert_eq!(order().ingest.spec, source().spec);
}

#[test]
fn parts_are_worked_side_by_side_and_fail_by_themselves() {
    let mut order = order();
    order.step = RunStep::Work { files: 3, parts: 3 };
    let job = work_job(&run(), &order, 3, &image()).unwrap();
    assert_eq!(job.metadata.name.as_deref(), Some("backfill-work"));
    assert_eq!(job.metadata.owner_references.as_ref().unwrap()[0].uid, "run-1", "it ends with the run");
    let spec = job.spec.as_ref().unwrap();
    assert_eq!((spec.completions, spec.parallelism), (Some(3), Some(2)));
    assert_eq!((spec.backoff_limit_per_index, spec.backoff_limit), (Some(6), None));
    assert_eq!(spec.completion_mode.as_deref(), Some("Indexed"));
}

/// The API server takes no Indexed Job whose name has dots; the poll trigger of a source makes runs with such names.
#[test]
fn a_run_with_dots_in_its_name_has_a_job_without_them_that_is_found_again() {
    let mut run = run();
    run.metadata.name = Some("news.wire-0a1b2c3d4e".into());
    let job = work_job(&run, &order(), 3, &image()).unwrap();
    let name = job.metadata.name.unwrap();
    assert!(name.starts_with("news-wire-0a1b2c3d4e-") && name == work_name(&run), "{name}");
    assert_eq!(job.metadata.labels.unwrap()["docmill.io/ingest-run"], "news.wire-0a1b2c3d4e");
}

#[test]
fn both_jobs_wait_in_the_queue_that_the_source_names() {
    let mut order = order();
    let labels = &mut order.ingest.spec.workers.pod_template.metadata.labels;
    labels.insert("kueue.x-k8s.io/queue-name".to_owned(), "news".to_owned());
    let plan = plan_job(&run(), &order, &image()).unwrap();
    order.step = RunStep::Work { files: 3, parts: 3 };
    let work = work_job(&run(), &order, 3, &image()).unwrap();
    for job in [plan, work] {
        assert_eq!(job.metadata.labels.unwrap()["kueue.x-k8s.io/queue-name"], "news");
        assert_eq!(job.spec.unwrap().suspend, Some(true));
    }
}

#[test]
fn only_runs_of_the_poll_trigger_follow_its_rules() {
    let mut source = source();
    source.spec.trigger = serde_json::from_value(json!({"poll": {"intervalSeconds": 60}})).unwrap();
    assert_eq!(start::order(&run(), &source, "c").unwrap().poll, None);
    let mut polled = run();
    polled.metadata.labels = Some([("docmill.io/trigger".to_owned(), "poll".to_owned())].into());
    assert_eq!(start::order(&polled, &source, "c").unwrap().poll, source.spec.trigger.poll);
}

#[test]
fn a_conversion_that_cannot_work_is_told_with_its_place() {
    let mut shadow = run();
    let broken = json!({"preset": "nitf", "fields": [{"name": "a", "path": ["a[["]}]});
    shadow.spec.conversion = serde_json::from_value(broken).ok();
    let fault = start::order(&shadow, &source(), "c").unwrap_err();
    assert_eq!(fault.reason, "InvalidConversion");
    assert!(fault.message.starts_with("spec.conversion: "), "{}", fault.message);
}

#[test]
fn records_of_parts_that_the_run_does_not_have_are_passed_over() {
    let hit = |record: serde_json::Value| json!({"_source": record});
    let answer = json!({"hits": {"hits": [
        hit(json!(part(0, 1, 0))), hit(json!(plan_record(2, 20))), hit(json!(part(2, 1, 0)))]}});
    let records = read(&answer, 2);
    assert_eq!((records.plan, records.parts.len()), (Some(plan_record(2, 20)), 1));
    assert_eq!(query("u", 8)["size"], 9);
}
