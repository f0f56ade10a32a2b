//! From plan to status, and how a run ends.

use docmill_crds::EnrichmentRunStatus;
use docmill_crds::enrichment_ledger::SliceRecord;
use docmill_crds::enrichment_run::Phase;

use super::super::observation::{Observation, Work};
use super::super::plan::{Plan, plan};
use super::super::records::{read, totals};
use super::super::status::{look_again, notes, status};
use super::{at, bounds, record, seen, selection};
use crate::conditions::{find, holds, kind};
use crate::not_ready::NotReady;
use crate::pod_view::JobEnd;
use crate::run_view::has_ended;

fn work(complete: Option<bool>) -> Work {
    let reason = "BackoffLimitExceeded".to_owned();
    Work {
        created: at(1010),
        from_index: "articles-*".into(),
        slices: vec![bounds(None, 500), bounds(Some(500), 1001)],
        end: complete.map(|complete| JobEnd {
            complete,
            at: at(1090),
            reason,
            message: "too many failures".into(),
        }),
        trouble: None,
    }
}

fn after(view: &Observation) -> EnrichmentRunStatus {
    status(&EnrichmentRunStatus::default(), Some(1), view, &plan(view))
}

#[test]
fn nothing_is_planned_before_its_time() {
    let view = Observation { now: at(1001), ..seen(None, None, None) };
    assert_eq!(plan(&view), Plan::Wait);
    let status = after(&view);
    assert_eq!((status.phase, status.selected), (Some(Phase::Pending), None));
    let wait = look_again(at(1000), "u", &view, &status).as_secs_f64();
    assert!(wait < 4.0, "{wait} s");
}

#[test]
fn a_selection_becomes_a_job() {
    let view = seen(None, Some(selection(vec![bounds(None, 500), bounds(Some(500), 1001)])), None);
    assert!(matches!(plan(&view), Plan::Start(_)));
    let status = after(&view);
    assert_eq!((status.phase, status.slices), (Some(Phase::Running), Some(2)));
    assert_eq!(status.bounds, Some(bounds(None, 1001)));
    assert_eq!(notes(&EnrichmentRunStatus::default(), &status, &plan(&view))[0].reason, "Started");
}

#[test]
fn nothing_to_do_is_complete_at_once() {
    let view = seen(None, Some(selection(vec![])), None);
    let status = after(&view);
    assert_eq!((status.phase, status.selected, status.done), (Some(Phase::Complete), Some(0), Some(0)));
    assert_eq!((status.slices, status.progress.as_deref()), (Some(0), Some("100%")));
    assert!(holds(&status.conditions, kind::COMPLETE) && has_ended(&status.conditions));
}

#[test]
fn a_run_under_way_shows_what_its_pods_recorded() {
    let view = seen(Some(work(None)), None, Some(vec![record(0, 10, 10, 0), record(1, 10, 4, 1)]));
    assert_eq!(plan(&view), Plan::Watch);
    let status = after(&view);
    assert_eq!((status.selected, status.done, status.failed), (Some(20), Some(14), Some(1)));
    assert_eq!(status.progress.as_deref(), Some("75%"));
    assert_eq!(status.duration.as_deref(), Some("1m30s"));
    assert!(!has_ended(&status.conditions));
}

#[test]
fn a_complete_job_with_all_records_completes_the_run() {
    let records = vec![record(0, 10, 10, 0), record(1, 0, 0, 0)];
    let view = seen(Some(work(Some(true))), None, Some(records));
    assert_eq!(
        plan(&view),
        Plan::Complete { from_index: "articles-*".into(), bounds: bounds(None, 1001), at: at(1090) }
    );
    let status = after(&view);
    assert_eq!(status.phase, Some(Phase::Complete));
    assert_eq!((status.progress.as_deref(), status.duration.as_deref()), (Some("100%"), Some("1m20s")));
    assert_eq!(status.completion_time.unwrap().0, at(1090));
}

#[test]
fn refused_documents_fail_the_run_with_the_first_reason() {
    let bad = SliceRecord { first_failure: Some("the model gave NaN".into()), ..record(1, 10, 8, 2) };
    let view = seen(Some(work(Some(true))), None, Some(vec![record(0, 10, 10, 0), bad]));
    let status = after(&view);
    assert_eq!(status.phase, Some(Phase::Failed));
    let failed = find(&status.conditions, kind::FAILED).unwrap();
    assert_eq!(failed.reason, "DocumentsFailed");
    assert_eq!(failed.message, "2 of 20 documents were refused; the first one: the model gave NaN");
}

#[test]
fn a_complete_job_without_its_records_is_not_believed() {
    let view = seen(Some(work(Some(true))), None, Some(vec![record(0, 10, 10, 0)]));
    assert!(matches!(plan(&view), Plan::Fail { reason, .. } if reason == "SlicesUnaccounted"));
    let blind = seen(Some(work(Some(true))), None, None);
    assert_eq!(plan(&blind), Plan::Watch, "as long as the records cannot be read, nothing is decided");
}

#[test]
fn a_failed_job_fails_the_run_in_the_words_of_the_pod_even_if_the_clusters_are_out_of_reach() {
    let trouble = Some("the model server refuses: no such model".to_owned());
    let mut view = seen(Some(Work { trouble, ..work(Some(false)) }), None, None);
    view.ready = Err(NotReady::transient("IndexUnreachable", "connection refused"));
    let status = after(&view);
    let failed = find(&status.conditions, kind::FAILED).unwrap();
    assert_eq!(failed.reason, "BackoffLimitExceeded");
    assert_eq!(failed.message, "too many failures: the model server refuses: no such model");
}

#[test]
fn a_run_that_cannot_start_says_why_and_that_it_can_after_all() {
    let mut view = seen(None, None, None);
    view.ready = Err(NotReady::user("SecretNotFound", "there is no Secret \"es\""));
    let waiting = after(&view);
    assert_eq!(waiting.phase, Some(Phase::Pending));
    let told = notes(&EnrichmentRunStatus::default(), &waiting, &plan(&view));
    assert_eq!((told[0].warning, told[0].reason.as_str()), (true, "SecretNotFound"));
    let mended = seen(None, Some(selection(vec![bounds(None, 1001)])), None);
    let plan = plan(&mended);
    let started = status(&waiting, Some(1), &mended, &plan);
    let told: Vec<_> = notes(&waiting, &started, &plan).into_iter().map(|note| note.reason).collect();
    assert_eq!(told, ["Reachable", "Started"]);
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
    let late = SliceRecord { finished: false, ..record(0, 10, 10, 0) };
    assert_eq!(totals(&[late], 1).percent, 99);
}
