//! From plan to status, and how a run ends.

use docmill_crds::api::enricher::Builtin;
use docmill_crds::api::enrichment_run::{Budget, EnrichmentPhase, FieldComparison};
use docmill_crds::contract::{StopReason, Store, StoreProblem, StoreProblemReason, WorkerStatus};
use docmill_crds::records::enrichments::{SliceRecord, Versions, pipeline_digest};
use docmill_crds::{EnrichmentRunSpec, EnrichmentRunStatus};
use serde_json::json;

use super::{at, bounds, record, run, seen, selection};
use crate::controllers::enrichment_run::observation::{EnrichmentJob, EnrichmentObservation, Selection};
use crate::controllers::enrichment_run::plan::{self, EnrichmentPlan};
use crate::controllers::enrichment_run::records::{read, totals};
use crate::controllers::enrichment_run::status::{events, requeue_after, status};
use crate::controllers::run_job::{JobChange, JobState};
use crate::controllers::run_status::{has_ended, is_suspended_by_other};
use crate::outcome::conditions::{condition_type, find, is_true};
use crate::outcome::not_ready::NotReady;
use crate::workers::pod_state::JobEnd;

fn job(complete: Option<bool>) -> EnrichmentJob {
    let reason = "BackoffLimitExceeded".to_owned();
    EnrichmentJob {
        created: at(1010),
        target: "target-1".into(),
        versions: Versions::new(),
        sharing_pods: Some(2),
        state: JobState {
            suspended: false,
            suspended_by_run: false,
            queued: false,
            parallelism: 2,
            completions: 2,
        },
        slices: vec![bounds(None, 500), bounds(Some(500), 1001)],
        end: complete.map(|complete| JobEnd {
            complete,
            at: at(1090),
            reason,
            message: "too many failures".into(),
        }),
        trouble: None,
        obstacle: None,
        stop_reason: None,
    }
}

fn plan(view: &EnrichmentObservation) -> EnrichmentPlan {
    plan::plan(&run().spec, view)
}

fn after(view: &EnrichmentObservation) -> EnrichmentRunStatus {
    status(&EnrichmentRunStatus::default(), &run(), view, &plan(view))
}

#[test]
fn nothing_is_planned_before_its_time() {
    let view = EnrichmentObservation { now: at(1001), ..seen(None, None, None) };
    assert_eq!(plan(&view), EnrichmentPlan::Wait);
    let status = after(&view);
    assert_eq!((status.phase, status.selected), (Some(EnrichmentPhase::Pending), None));
    let wait = requeue_after(at(1000), "u", &view, &status).as_secs_f64();
    assert!(wait < 4.0, "{wait} s");
}

#[test]
fn a_selection_becomes_a_job() {
    let view = seen(None, Some(selection(vec![bounds(None, 500), bounds(Some(500), 1001)])), None);
    assert!(matches!(plan(&view), EnrichmentPlan::Start(_)));
    let status = after(&view);
    assert_eq!((status.phase, status.slices), (Some(EnrichmentPhase::Running), Some(2)));
    assert_eq!(status.bounds, Some(bounds(None, 1001)));
    assert_eq!(events(&EnrichmentRunStatus::default(), &status, &plan(&view))[0].reason, "Started");
}

#[test]
fn nothing_to_do_is_complete_at_once() {
    let view = seen(None, Some(selection(vec![])), None);
    let status = after(&view);
    assert_eq!(
        (status.phase, status.selected, status.done),
        (Some(EnrichmentPhase::Complete), Some(0), Some(0))
    );
    assert_eq!((status.slices, status.progress.as_deref()), (Some(0), Some("100%")));
    assert!(is_true(&status.conditions, condition_type::COMPLETE) && has_ended(&status.conditions));
}

#[test]
fn a_run_under_way_shows_what_its_pods_recorded() {
    let view = seen(Some(job(None)), None, Some(vec![record(0, 10, 10, 0), record(1, 10, 4, 1)]));
    assert_eq!(plan(&view), EnrichmentPlan::Watch);
    let status = after(&view);
    assert_eq!((status.selected, status.done, status.failed), (Some(20), Some(14), Some(1)));
    assert_eq!(status.progress.as_deref(), Some("75%"));
    assert_eq!(status.duration, None, "or every look would change the run");
    assert!(!has_ended(&status.conditions));
}

#[test]
fn a_complete_job_with_all_records_completes_the_run() {
    let records = vec![record(0, 10, 10, 0), record(1, 0, 0, 0)];
    let view = seen(Some(job(Some(true))), None, Some(records));
    let EnrichmentPlan::Complete { bounds: whole, at: ended, .. } = plan(&view) else {
        panic!("not complete")
    };
    assert_eq!((whole, ended), (bounds(None, 1001), at(1090)));
    let status = after(&view);
    assert_eq!(status.phase, Some(EnrichmentPhase::Complete));
    assert_eq!((status.progress.as_deref(), status.duration.as_deref()), (Some("100%"), Some("1m20s")));
    assert_eq!(status.completion_time.unwrap().0, at(1090));
}

#[test]
fn refused_documents_are_told_of_and_do_not_hold_up_the_bound() {
    let bad = SliceRecord { first_failure: Some("the model gave NaN".into()), ..record(1, 10, 8, 2) };
    let view = seen(Some(job(Some(true))), None, Some(vec![record(0, 10, 10, 0), bad]));
    let status = after(&view);
    assert_eq!((status.phase, status.failed), (Some(EnrichmentPhase::Complete), Some(2)));
    let failed = find(&status.conditions, condition_type::DOCUMENTS_FAILED).unwrap();
    assert_eq!(
        failed.message,
        "2 of 20 documents failed; for the reasons, see the records of kind failure next to the enriched documents"
    );
    assert!(matches!(plan(&view), EnrichmentPlan::Complete { watermark: Some(_), .. }));
    let events = events(&EnrichmentRunStatus::default(), &status, &plan(&view));
    assert!(events.iter().any(|event| event.warning && event.reason == "Refused"), "{events:?}");
}

#[test]
fn the_bound_is_kept_by_way_and_only_where_everything_before_it_was_seen_to() {
    let records = || Some(vec![record(0, 10, 10, 0), record(1, 5, 5, 0)]);
    let whole = seen(Some(job(Some(true))), None, records());
    let EnrichmentPlan::Complete { watermark: Some(watermark), .. } = plan(&whole) else {
        panic!("no watermark")
    };
    assert_eq!(
        (watermark.target.as_str(), watermark.pipeline_digest),
        ("target-1", pipeline_digest(&run().spec, &Versions::new()))
    );
    let cut = SliceRecord { cut_short: true, ..record(1, 5, 5, 0) };
    let cut = seen(Some(job(Some(true))), None, Some(vec![record(0, 10, 10, 0), cut]));
    assert!(matches!(plan(&cut), EnrichmentPlan::Complete { watermark: None, .. }));
    assert!(
        find(&after(&cut).conditions, condition_type::COMPLETE)
            .unwrap()
            .message
            .contains("maxDocuments is reached")
    );
    for change in [
        json!({"select": {"state": "Failed"}}),
        json!({"select": {"state": "All", "ids": ["a"]}}),
        json!({"select": {"state": "All", "indexedTime": {"from": "1970-01-01T00:00:00Z"}}}),
        json!({"dryRun": true}),
    ] {
        let mut spec = json!(run().spec);
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let spec = serde_json::from_value(spec).unwrap();
        assert!(matches!(plan::plan(&spec, &whole), EnrichmentPlan::Complete { watermark: None, .. }));
    }
}

#[test]
fn a_run_rests_when_it_is_asked_to_or_its_budget_is_reached_and_goes_on_with_more() {
    let budget = |calls| Some(Budget { calls: Some(calls), input_characters: None });
    let spent = SliceRecord { exhausted: budget(5), finished: false, ..record(0, 10, 4, 0) };
    let mut view = seen(Some(job(None)), None, Some(vec![spent]));
    let mut run = run();
    run.spec.budget = budget(5);
    assert_eq!(plan::plan(&run.spec, &view), EnrichmentPlan::Change(JobChange::Suspend));
    let state = &mut view.job.as_mut().unwrap().state;
    (state.suspended, state.suspended_by_run) = (true, true);
    assert_eq!(plan::plan(&run.spec, &view), EnrichmentPlan::Watch);
    let suspended = status(&EnrichmentRunStatus::default(), &run, &view, &EnrichmentPlan::Watch);
    assert_eq!(suspended.phase, Some(EnrichmentPhase::Suspended));
    assert_eq!(find(&suspended.conditions, condition_type::SUSPENDED).unwrap().reason, "BudgetReached");
    run.spec.budget = budget(9);
    let resume = EnrichmentPlan::Change(JobChange::Resume);
    assert_eq!(plan::plan(&run.spec, &view), resume);
    let goes_on = status(&suspended, &run, &view, &resume);
    assert_eq!(goes_on.phase, Some(EnrichmentPhase::Running));
    assert_eq!(find(&goes_on.conditions, condition_type::SUSPENDED).unwrap().status, "False");
    assert_eq!(events(&suspended, &goes_on, &resume)[0].reason, "Resumed");
    view.ready = Err(NotReady::user("OtherRunAtWork", "another one"));
    assert_eq!(plan::plan(&run.spec, &view), EnrichmentPlan::Watch, "not while another run is at work");
    let waits = status(&suspended, &run, &view, &EnrichmentPlan::Watch);
    assert_eq!(waits.phase, Some(EnrichmentPhase::Suspended));
    assert_eq!(find(&waits.conditions, condition_type::SUSPENDED).unwrap().reason, "Resuming");
    run.spec.suspend = true;
    let state = &mut view.job.as_mut().unwrap().state;
    (state.suspended, state.suspended_by_run) = (false, false);
    assert_eq!(plan::plan(&run.spec, &view), EnrichmentPlan::Change(JobChange::Suspend));
}

#[test]
fn a_run_with_a_queue_rests_without_pods_when_its_budget_is_reached() {
    let budget = |calls| Some(Budget { calls: Some(calls), input_characters: None });
    let spent = SliceRecord { exhausted: budget(5), finished: false, ..record(0, 10, 4, 0) };
    let mut view = seen(Some(job(None)), None, Some(vec![spent]));
    view.job.as_mut().unwrap().state.queued = true;
    let mut run = run();
    run.spec.budget = budget(5);
    assert_eq!(plan::plan(&run.spec, &view), EnrichmentPlan::Change(JobChange::Queue(0)));
    view.job.as_mut().unwrap().state.parallelism = 0;
    assert_eq!(plan::plan(&run.spec, &view), EnrichmentPlan::Watch);
    let resting = status(&EnrichmentRunStatus::default(), &run, &view, &EnrichmentPlan::Watch);
    assert_eq!(resting.phase, Some(EnrichmentPhase::Suspended));
    run.spec.budget = budget(9);
    assert_eq!(plan::plan(&run.spec, &view), EnrichmentPlan::Change(JobChange::Queue(2)));
}

#[test]
fn a_job_that_another_controller_suspended_stays_so_and_the_run_says_it() {
    let mut view = seen(Some(job(None)), None, Some(vec![]));
    view.job.as_mut().unwrap().state.suspended = true;
    assert_eq!(plan(&view), EnrichmentPlan::Watch);
    let queued = after(&view);
    assert_eq!(queued.phase, Some(EnrichmentPhase::Suspended));
    assert_eq!(find(&queued.conditions, condition_type::SUSPENDED).unwrap().reason, "JobSuspended");
    assert!(is_suspended_by_other(&queued.conditions));
    let told = events(&EnrichmentRunStatus::default(), &queued, &EnrichmentPlan::Watch);
    assert_eq!((told[0].warning, told[0].reason.as_str()), (false, "JobSuspended"));
}

#[test]
fn a_run_that_calls_models_never_has_more_pods_than_share_their_limits() {
    fn plan_with(
        parallelism: i32,
        job: EnrichmentJob,
        change: impl FnOnce(&mut EnrichmentRunSpec),
    ) -> EnrichmentPlan {
        let mut run = run();
        run.spec.parallelism = parallelism;
        change(&mut run.spec);
        plan::plan(&run.spec, &seen(Some(job), None, Some(vec![])))
    }
    let scale = |pods| EnrichmentPlan::Change(JobChange::Scale(pods));
    let sharing = |sharing_pods, parallelism| {
        let state = JobState { parallelism, ..job(None).state };
        EnrichmentJob { sharing_pods, state, ..job(None) }
    };
    assert_eq!(plan_with(1, sharing(Some(2), 2), |_| ()), scale(1));
    assert_eq!(plan_with(2, sharing(Some(2), 1), |_| ()), scale(2), "as many as at its start");
    assert_eq!(plan_with(2, sharing(Some(1), 1), |_| ()), EnrichmentPlan::Watch);
    let builtin = |spec: &mut EnrichmentRunSpec| {
        let enricher = &mut spec.enrichers[0];
        (enricher.open_inference, enricher.builtin) = (None, Some(Builtin::Language));
    };
    assert_eq!(plan_with(9, sharing(Some(1), 1), builtin), scale(2), "one for each slice");
    assert_eq!(plan_with(1, sharing(None, 2), |_| ()), EnrichmentPlan::Watch, "its order cannot be read");
}

#[test]
fn what_pods_fail_at_is_told_while_others_are_started() {
    let trouble = Some("failed to use model m: status 404".to_owned());
    let view = seen(Some(EnrichmentJob { trouble, ..job(None) }), None, Some(vec![record(0, 10, 4, 0)]));
    let status = after(&view);
    let degraded = find(&status.conditions, condition_type::DEGRADED).unwrap();
    assert!(degraded.message.contains("status 404"), "{degraded:?}");
    assert!(
        events(&EnrichmentRunStatus::default(), &status, &plan(&view))
            .iter()
            .any(|event| event.reason == "PodsFail")
    );
    let sound = seen(Some(job(None)), None, Some(vec![record(0, 10, 4, 0)]));
    assert!(find(&after(&sound).conditions, condition_type::DEGRADED).is_none());
}

#[test]
fn vectors_of_others_go_before_the_work_begins() {
    let stale = || Selection { has_stale_vectors: true, ..selection(vec![bounds(None, 1001)]) };
    let mut view = seen(None, Some(stale()), None);
    assert!(matches!(plan(&view), EnrichmentPlan::Clear(_)));
    view.clearing = Some(job(None));
    assert_eq!(plan(&view), EnrichmentPlan::Watch);
    view.clearing = Some(job(Some(false)));
    assert!(matches!(plan(&view), EnrichmentPlan::Fail { reason, .. } if reason == "BackoffLimitExceeded"));
    view.clearing = Some(job(Some(true)));
    assert!(matches!(plan(&view), EnrichmentPlan::Fail { reason, .. } if reason == "VectorsOfOthers"));
    view.selection.as_mut().unwrap().has_stale_vectors = false;
    assert!(matches!(plan(&view), EnrichmentPlan::Start(_)));
}

#[test]
fn the_job_that_removes_vectors_is_suspended_with_its_run() {
    let mut run = run();
    run.spec.suspend = true;
    let mut view = EnrichmentObservation { clearing: Some(job(None)), ..seen(None, None, None) };
    let suspend = EnrichmentPlan::Change(JobChange::Suspend);
    assert_eq!(plan::plan(&run.spec, &view), suspend);
    let resting = status(&EnrichmentRunStatus::default(), &run, &view, &suspend);
    assert_eq!(resting.phase, Some(EnrichmentPhase::Suspended));
    let state = &mut view.clearing.as_mut().unwrap().state;
    (state.suspended, state.suspended_by_run) = (true, true);
    assert_eq!(plan::plan(&run.spec, &view), EnrichmentPlan::Watch);
    run.spec.suspend = false;
    assert_eq!(plan::plan(&run.spec, &view), EnrichmentPlan::Change(JobChange::Resume));
}

#[test]
fn a_model_that_changed_is_the_reason_of_the_end_where_it_stopped_the_run() {
    let changed =
        SliceRecord { model_changed: Some("m from \"v1\" to \"v2\"".into()), ..record(0, 10, 4, 0) };
    let trouble = Some("the model m has changed: from v1 to v2".to_owned());
    let stopped = |stop_reason| {
        let job = EnrichmentJob { trouble: trouble.clone(), stop_reason, ..job(Some(false)) };
        seen(Some(job), None, Some(vec![changed.clone()]))
    };
    let other = plan(&stopped(None));
    assert!(
        matches!(other, EnrichmentPlan::Fail { reason, .. } if reason == "BackoffLimitExceeded"),
        "its words decide nothing"
    );
    let view = stopped(Some(StopReason::ModelChanged));
    assert!(matches!(plan(&view), EnrichmentPlan::Fail { reason, .. } if reason == "ModelChanged"));
    assert!(is_true(&after(&view).conditions, condition_type::MODEL_CHANGED));
    let version = |slice, version: &str| SliceRecord {
        versions: Versions::from([("e".to_owned(), version.to_owned())]),
        ..record(slice, 1, 1, 0)
    };
    assert_eq!(totals(&[version(0, "v1"), version(1, "v1")], 2).model_changed, None);
    assert!(totals(&[version(0, "v1"), version(1, "v2")], 2).model_changed.is_some());
}

#[test]
fn a_complete_job_without_its_records_is_not_believed() {
    let view = seen(Some(job(Some(true))), None, Some(vec![record(0, 10, 10, 0)]));
    assert!(matches!(plan(&view), EnrichmentPlan::Fail { reason, .. } if reason == "SlicesUnaccounted"));
    let blind = seen(Some(job(Some(true))), None, None);
    assert_eq!(
        plan(&blind),
        EnrichmentPlan::Watch,
        "as long as the records cannot be read, nothing is decided"
    );
}

#[test]
fn a_failed_job_fails_the_run_in_the_words_of_the_pod_even_if_the_clusters_are_out_of_reach() {
    let trouble = Some("the model server refuses: no such model".to_owned());
    let mut view = seen(Some(EnrichmentJob { trouble, ..job(Some(false)) }), None, None);
    view.ready = Err(NotReady::transient("IndexUnreachable", "connection refused"));
    let status = after(&view);
    let failed = find(&status.conditions, condition_type::FAILED).unwrap();
    assert_eq!(failed.reason, "BackoffLimitExceeded");
    assert_eq!(failed.message, "too many failures: the model server refuses: no such model");
}

#[test]
fn a_run_that_cannot_start_says_why_and_that_it_can_after_all() {
    let mut view = seen(None, None, None);
    view.ready = Err(NotReady::user("SecretNotFound", "there is no Secret \"es\""));
    let waiting = after(&view);
    assert_eq!(waiting.phase, Some(EnrichmentPhase::Pending));
    let first = events(&EnrichmentRunStatus::default(), &waiting, &plan(&view));
    assert_eq!((first[0].warning, first[0].reason.as_str()), (true, "SecretNotFound"));
    let mended = seen(None, Some(selection(vec![bounds(None, 1001)])), None);
    let plan = plan(&mended);
    let started = status(&waiting, &run(), &mended, &plan);
    let reasons: Vec<_> = events(&waiting, &started, &plan).into_iter().map(|event| event.reason).collect();
    assert_eq!(reasons, ["Reachable", "Started"]);
}

#[test]
fn records_of_slices_that_the_run_does_not_have_are_passed_over() {
    let hit =
        |slice: i32| serde_json::json!({"_source": serde_json::to_value(record(slice, 1, 1, 0)).unwrap()});
    let answer = serde_json::json!({"hits": {"hits": [hit(0), hit(1), hit(2)]}});
    assert_eq!(read(&answer, 2).len(), 2);
    assert_eq!(totals(&read(&answer, 2), 2).selected, 2);
}

#[test]
fn a_slice_that_has_not_ended_is_never_whole() {
    let late = SliceRecord { finished: false, documents: 10, ..record(0, 10, 10, 0) };
    assert_eq!(totals(&[late], 1).percent, 99);
}

/// The operator serves all namespaces: what somebody writes into a cluster must not end it.
#[test]
fn numbers_of_records_may_be_of_any_size() {
    let most = i64::MAX;
    let comparison = vec![FieldComparison { field: "tone".into(), agreed: most, differing: most }];
    let boastful = |slice, documents| SliceRecord {
        documents,
        selected: most,
        done: most,
        failed: most,
        cached: most,
        empty: most,
        calls: most,
        input_characters: most,
        passed_over: most,
        comparison: comparison.clone(),
        finished: false,
        ..record(slice, 0, 0, 0)
    };
    let sums = totals(&[boastful(0, 1), boastful(1, 0)], 3);
    assert_eq!((sums.done, sums.calls, sums.comparison[0].agreed, sums.percent), (most, most, most, 99));
}

#[test]
fn what_pods_wait_for_is_told_while_they_do_and_not_of_a_run_that_has_ended() {
    let store_problem = StoreProblem {
        by: Store::Model,
        reason: StoreProblemReason::Unreachable,
        since: "1970-01-01T00:16:30Z".into(),
        message: "tone: connection refused".into(),
    };
    let reports = |store_problems| WorkerStatus { done: 1, store_problems, ..WorkerStatus::default() };
    let after = |old: &EnrichmentRunStatus, ended, worker_statuses| {
        let view = EnrichmentObservation { worker_statuses, ..seen(Some(job(ended)), None, Some(vec![])) };
        status(old, &run(), &view, &plan(&view))
    };
    let first =
        after(&EnrichmentRunStatus::default(), None, vec![reports(vec![]), reports(vec![store_problem])]);
    let throttled = find(&first.conditions, condition_type::THROTTLED).unwrap();
    assert_eq!((throttled.status.as_str(), throttled.reason.as_str()), ("True", "Model"));
    assert!(
        throttled.message.contains("Unreachable") && throttled.message.contains("tone: connection refused")
    );
    let event = events(&EnrichmentRunStatus::default(), &first, &EnrichmentPlan::Watch).pop().unwrap();
    assert_eq!((event.warning, event.reason.as_str()), (true, "Model"));

    let unreported = after(&first, None, vec![]);
    assert!(is_true(&unreported.conditions, condition_type::THROTTLED), "nobody has said that it is over");
    let begun = after(&first, None, vec![WorkerStatus::default()]);
    assert!(is_true(&begun.conditions, condition_type::THROTTLED), "nor can a pod that has only begun");
    let over = after(&first, None, vec![reports(vec![])]);
    assert_eq!(find(&over.conditions, condition_type::THROTTLED).unwrap().status, "False");
    let never = after(&EnrichmentRunStatus::default(), None, vec![reports(vec![])]);
    assert_eq!(find(&never.conditions, condition_type::THROTTLED), None);
    assert_eq!(find(&after(&first, Some(false), vec![]).conditions, condition_type::THROTTLED), None);
}
