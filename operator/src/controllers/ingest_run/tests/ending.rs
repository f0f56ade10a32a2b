//! From plan to status, and how a run ends.

use docmill_crds::IngestRunStatus;
use docmill_crds::api::ingest_run::IngestPhase;
use docmill_crds::contract::{RunOrder, RunStep};
use docmill_crds::records::runs::Tally;

use super::{fresh, order, part, plan_record, run, selected, working};
use crate::controllers::ingest_run::observation::{IngestObservation, RunJob};
use crate::controllers::ingest_run::plan::{self, IngestPlan};
use crate::controllers::ingest_run::status::{events, remaining, status};
use crate::controllers::run_status::has_ended;
use crate::outcome::conditions::{condition_type, find, is_true};
use crate::outcome::not_ready::NotReady;

fn plan(view: &IngestObservation) -> IngestPlan {
    plan::plan(&run().spec, view)
}

fn after(view: &IngestObservation) -> IngestRunStatus {
    status(&IngestRunStatus::default(), &run(), view, &plan(view))
}

#[test]
fn a_run_of_a_missing_source_says_so_and_waits() {
    let ready = Err(NotReady::user("SourceNotFound", "there is no IngestSource \"wire\""));
    let view = IngestObservation { ready, start: None, ..fresh() };
    assert_eq!(plan(&view), IngestPlan::Wait);
    let status = after(&view);
    assert_eq!((status.phase, status.start_time.clone()), (Some(IngestPhase::Pending), None));
    assert_eq!(find(&status.conditions, condition_type::READY).unwrap().reason, "SourceNotFound");
    assert_eq!(events(&IngestRunStatus::default(), &status, &plan(&view))[0].reason, "SourceNotFound");
}

#[test]
fn a_run_that_can_start_selects_first() {
    assert_eq!(plan(&fresh()), IngestPlan::Select(Box::new(order())));
    let status = after(&fresh());
    assert_eq!(status.phase, Some(IngestPhase::Planning));
    assert_eq!(status.revision, order().ingest.spec.conversion.revision().ok());
    assert!(is_true(&status.conditions, condition_type::PROGRESSING) && !has_ended(&status.conditions));
}

#[test]
fn the_work_is_cut_into_parts_with_the_source_as_it_was() {
    let parts = |files| match plan(&selected(Some(plan_record(files, files * 1000)))) {
        IngestPlan::Work { order: made, parts, .. } => {
            assert_eq!(*made, RunOrder { step: RunStep::Work { files, parts }, ..order() });
            parts
        }
        other => panic!("no work: {other:?}"),
    };
    assert_eq!((parts(1), parts(7), parts(10_000)), (1, 7, 8));
    let status = after(&selected(Some(plan_record(2, 1500))));
    assert_eq!(
        (status.phase, status.selected, status.done),
        (Some(IngestPhase::Running), Some(1500), Some(0))
    );
    assert_eq!(status.progress.as_deref(), Some("0%"));
}

#[test]
fn nothing_selected_is_complete_at_once() {
    let status = after(&selected(Some(plan_record(0, 0))));
    assert_eq!((status.phase, status.selected, status.done), (Some(IngestPhase::Complete), Some(0), Some(0)));
    assert_eq!(
        find(&status.conditions, condition_type::COMPLETE).unwrap().message,
        "0 selected; 7 others needed nothing"
    );
    assert_eq!(status.progress.as_deref(), Some("100%"));
}

#[test]
fn a_dry_run_ends_with_the_selection() {
    let mut view = selected(Some(plan_record(2, 1500)));
    let dry = |order: &mut RunOrder| order.spec.dry_run = true;
    view.selecting.as_mut().and_then(|step| step.order.as_mut()).map(dry).unwrap();
    let status = after(&view);
    assert_eq!(
        (status.phase, status.selected, status.done),
        (Some(IngestPhase::Complete), Some(1500), Some(0))
    );
    assert_eq!(status.report.as_deref(), Some("s3://json-bucket/.docmill/runs/run-1/plan.json"));
}

#[test]
fn a_selection_without_a_record_is_not_believed() {
    assert!(matches!(plan(&selected(None)), IngestPlan::Fail { reason, .. } if reason == "PlanUnaccounted"));
    let blind = IngestObservation { records: None, ..selected(None) };
    assert_eq!(plan(&blind), IngestPlan::Watch, "as long as the records cannot be read, nothing is decided");
}

#[test]
fn a_run_under_way_shows_what_its_pods_recorded() {
    let view = working(None, vec![part(0, 9, 1), part(1, 4, 1)]);
    assert_eq!(plan(&view), IngestPlan::Watch);
    let status = after(&view);
    assert_eq!((status.selected, status.done, status.failed), (Some(20), Some(13), Some(2)));
    assert_eq!(status.progress.as_deref(), Some("75%"));
    assert_eq!(status.duration, None, "or every look would change the run");
    assert_eq!((status.phase, status.differences), (Some(IngestPhase::Running), None));
    assert_eq!(remaining(&status), Some(5));
    let boastful = IngestRunStatus { done: Some(i64::MAX), failed: Some(i64::MAX), ..status };
    assert_eq!(remaining(&boastful), Some(0));
}

#[test]
fn an_audit_that_would_delete_too_much_says_so_and_what_to_do() {
    let mut parts = vec![part(0, 10, 0), part(1, 10, 0)];
    for part in &mut parts {
        part.tally = Tally { differences: 70, repaired: 10, withheld: 60, ..part.tally };
    }
    let view = working(Some(true), parts);
    let status = after(&view);
    assert_eq!(status.phase, Some(IngestPhase::Complete));
    let complete = find(&status.conditions, condition_type::COMPLETE).unwrap();
    assert_eq!(complete.reason, "DeletionsWithheld");
    assert!(complete.message.starts_with("140 differences, 20 repaired; documents"), "{complete:?}");
    assert!(complete.message.contains("of 120 units were not deleted"), "{complete:?}");
    assert!(complete.message.ends_with("spec.maxDeletedUnits: 120 or more"), "{complete:?}");
    let told_of = events(&IngestRunStatus::default(), &status, &plan(&view));
    assert!(told_of.iter().any(|event| event.warning && event.reason == "DeletionsWithheld"), "{told_of:?}");
}

#[test]
fn a_run_is_complete_when_every_unit_has_its_end_also_if_some_are_refused() {
    let view = working(Some(true), vec![part(0, 9, 1), part(1, 10, 0)]);
    let status = after(&view);
    assert_eq!(status.phase, Some(IngestPhase::Complete));
    assert!(
        is_true(&status.conditions, condition_type::COMPLETE)
            && !is_true(&status.conditions, condition_type::PROGRESSING)
    );
    let message = &find(&status.conditions, condition_type::COMPLETE).unwrap().message;
    assert_eq!(message, "20 selected: 19 done (19 changed), 1 failed, 0 skipped; 7 others needed nothing");
    assert_eq!(status.report.as_deref(), Some("s3://json-bucket/.docmill/runs/run-1/report.json"));
    assert_eq!(status.duration.as_deref(), Some("1m20s"));
}

#[test]
fn a_complete_job_without_its_records_is_not_believed() {
    let view = working(Some(true), vec![part(0, 10, 0)]);
    assert!(matches!(plan(&view), IngestPlan::Fail { reason, .. } if reason == "PartsUnaccounted"));
}

#[test]
fn a_failed_job_fails_the_run_in_the_words_of_the_pod() {
    let mut view = working(Some(false), vec![part(0, 10, 0)]);
    let trouble = Some("failed to finish 3 of 1000 units".to_owned());
    view.working = view.working.map(|step| RunJob { trouble, ..step });
    let status = after(&view);
    let failed = find(&status.conditions, condition_type::FAILED).unwrap();
    assert_eq!(failed.reason, "FailedIndexes");
    assert_eq!(failed.message, "Job has failed indexes: failed to finish 3 of 1000 units");
    assert_eq!((status.phase, status.done), (Some(IngestPhase::Failed), Some(10)));
}

#[test]
fn what_keeps_pods_from_their_work_is_told_as_long_as_it_does() {
    let told = |obstacle: Option<&str>, trouble: Option<&str>| {
        let mut view = working(None, vec![part(0, 9, 1)]);
        let working = view.working.as_mut().unwrap();
        (working.obstacle, working.trouble) = (obstacle.map(str::to_owned), trouble.map(str::to_owned));
        after(&view)
    };
    let status = told(Some("Unschedulable: 0/3 nodes are available"), None);
    let degraded = find(&status.conditions, condition_type::DEGRADED).unwrap();
    assert_eq!((degraded.reason.as_str(), status.phase), ("PodsDoNotStart", Some(IngestPhase::Running)));
    let told_of = events(&IngestRunStatus::default(), &status, &IngestPlan::Watch);
    assert!(told_of.iter().any(|event| event.warning && event.reason == "PodsDoNotStart"), "{told_of:?}");
    let status = told(None, Some("it exceeded its memory limit"));
    assert_eq!(find(&status.conditions, condition_type::DEGRADED).unwrap().reason, "PodsFail");
    assert_eq!(find(&told(None, None).conditions, condition_type::DEGRADED), None);
}

#[test]
fn what_cannot_be_seen_stays() {
    let first = after(&working(None, vec![part(0, 9, 1)]));
    let mut blind = working(None, vec![]);
    blind.records = None;
    blind.ready = Err(NotReady::transient("IndexUnreachable", "connection refused"));
    let second = status(&first, &run(), &blind, &plan(&blind));
    assert_eq!((second.selected, second.done, second.progress), (Some(20), Some(9), Some("50%".into())));
    assert!(!is_true(&second.conditions, condition_type::READY));
}
