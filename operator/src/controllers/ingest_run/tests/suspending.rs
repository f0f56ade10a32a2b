//! Runs that are suspended and resumed, and whose parallelism changes.

use docmill_crds::api::ingest_run::IngestPhase;
use docmill_crds::contract::{RunStep, Store, StoreProblem, StoreProblemReason, WorkerStatus};
use docmill_crds::{IngestRun, IngestRunStatus};
use k8s_openapi::api::batch::v1::Job;

use super::{end, fresh, order, part, plan_record, run, selected, step, working};
use crate::controllers::ingest_run::job::{plan_job, work_job};
use crate::controllers::ingest_run::observation::{IngestObservation, RunJob};
use crate::controllers::ingest_run::plan::{self, IngestPlan};
use crate::controllers::ingest_run::status::{events, status};
use crate::controllers::run_job::{JobChange, JobState};
use crate::outcome::conditions::{condition_type, find, is_true};
use crate::workers::worker_pod::WorkerImage;

/// What is planned, and the status after it.
fn pass(old: &IngestRunStatus, run: &IngestRun, view: &IngestObservation) -> (IngestPlan, IngestRunStatus) {
    let plan = plan::plan(&run.spec, view);
    let status = status(old, run, view, &plan);
    (plan, status)
}

fn first_pass(run: &IngestRun, view: &IngestObservation) -> (IngestPlan, IngestRunStatus) {
    pass(&IngestRunStatus::default(), run, view)
}

fn suspended_run() -> IngestRun {
    let mut run = run();
    run.spec.suspend = true;
    run
}

/// The same Job once it is suspended.
fn suspended(job: RunJob, suspended_by_run: bool) -> RunJob {
    RunJob { state: JobState { suspended: true, suspended_by_run, ..job.state }, ..job }
}

fn at_work() -> IngestObservation {
    working(None, vec![part(0, 3, 0)])
}

/// At work, with a Job that is suspended.
fn at_rest(suspended_by_run: bool) -> IngestObservation {
    let working = at_work().working.map(|job| suspended(job, suspended_by_run));
    IngestObservation { working, ..at_work() }
}

/// Status and reason of a condition.
fn said(status: &IngestRunStatus, condition_type: &str) -> Option<(String, String)> {
    find(&status.conditions, condition_type)
        .map(|condition| (condition.status.clone(), condition.reason.clone()))
}

fn says(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

#[test]
fn a_run_that_is_suspended_before_its_start_has_no_job_until_it_is_resumed() {
    let (plan, waiting) = first_pass(&suspended_run(), &fresh());
    assert_eq!(plan, IngestPlan::Wait);
    assert_eq!((waiting.phase, waiting.start_time.clone()), (Some(IngestPhase::Suspended), None));
    assert_eq!(said(&waiting, condition_type::SUSPENDED), Some(says("True", "Suspended")));
    assert_eq!(said(&waiting, condition_type::PROGRESSING), Some(says("False", "Suspended")));
    assert!(is_true(&waiting.conditions, condition_type::READY), "it could start");
    let told = events(&IngestRunStatus::default(), &waiting, &plan);
    assert_eq!((told.len(), told[0].reason.as_str(), told[0].action), (1, "Suspended", "SuspendJob"));

    let (plan, started) = pass(&waiting, &run(), &fresh());
    assert_eq!(plan, IngestPlan::Select(Box::new(order())));
    assert_eq!(started.phase, Some(IngestPhase::Planning));
    assert_eq!(said(&started, condition_type::SUSPENDED), Some(says("False", "Resumed")));
}

#[test]
fn a_run_that_was_never_suspended_says_nothing_of_it() {
    let (plan, status) = first_pass(&run(), &at_work());
    assert_eq!((plan, said(&status, condition_type::SUSPENDED)), (IngestPlan::Watch, None));
}

#[test]
fn a_selection_is_suspended_and_goes_on_when_it_is_resumed() {
    let selecting = |job: RunJob| IngestObservation { start: None, selecting: Some(job), ..fresh() };
    let job = || step(RunStep::Plan, None);
    let (plan, status) = first_pass(&suspended_run(), &selecting(job()));
    assert_eq!(plan, IngestPlan::Change(JobChange::Suspend));
    assert_eq!(status.phase, Some(IngestPhase::Suspended));

    let resting = selecting(suspended(job(), true));
    let (plan, status) = pass(&status, &suspended_run(), &resting);
    assert_eq!((plan, status.phase), (IngestPlan::Watch, Some(IngestPhase::Suspended)));
    let (plan, status) = pass(&status, &run(), &resting);
    assert_eq!(plan, IngestPlan::Change(JobChange::Resume));
    assert_eq!(status.phase, Some(IngestPhase::Planning));
    assert_eq!(said(&status, condition_type::PROGRESSING), Some(says("True", "Selecting")));
}

#[test]
fn a_run_at_work_is_suspended_and_resumed() {
    let (plan, resting) = first_pass(&suspended_run(), &at_work());
    assert_eq!(plan, IngestPlan::Change(JobChange::Suspend));
    assert_eq!((resting.phase, resting.done), (Some(IngestPhase::Suspended), Some(3)));
    assert_eq!(said(&resting, condition_type::SUSPENDED), Some(says("True", "Suspended")));
    assert_eq!(said(&resting, condition_type::PROGRESSING), Some(says("False", "Suspended")));
    assert_eq!(events(&IngestRunStatus::default(), &resting, &plan)[0].reason, "Suspended");

    let (plan, still_resting) = pass(&resting, &suspended_run(), &at_rest(true));
    assert_eq!((plan, &still_resting.conditions), (IngestPlan::Watch, &resting.conditions));

    let (plan, resumed) = pass(&resting, &run(), &at_rest(true));
    assert_eq!(plan, IngestPlan::Change(JobChange::Resume));
    assert_eq!(resumed.phase, Some(IngestPhase::Running));
    assert_eq!(said(&resumed, condition_type::SUSPENDED), Some(says("False", "Resumed")));
    assert_eq!(said(&resumed, condition_type::PROGRESSING), Some(says("True", "Working")));
    let told = events(&resting, &resumed, &plan);
    assert_eq!((told.len(), told[0].reason.as_str(), told[0].action), (1, "Resumed", "ResumeJob"));
}

#[test]
fn a_job_that_another_controller_suspended_stays_so_and_the_run_says_it() {
    let (plan, queued) = first_pass(&run(), &at_rest(false));
    assert_eq!((plan, queued.phase), (IngestPlan::Watch, Some(IngestPhase::Suspended)));
    assert_eq!(said(&queued, condition_type::SUSPENDED), Some(says("True", "JobSuspended")));
    let (plan, both) = pass(&queued, &suspended_run(), &at_rest(false));
    assert_eq!(plan, IngestPlan::Watch);
    assert_eq!(said(&both, condition_type::SUSPENDED), Some(says("True", "Suspended")));
    assert_eq!(pass(&both, &run(), &at_rest(false)).0, IngestPlan::Watch);
    assert_eq!(pass(&both, &suspended_run(), &at_work()).0, IngestPlan::Change(JobChange::Suspend));
}

#[test]
fn a_job_is_created_in_the_state_that_is_wanted() {
    let jobs = |run: &IngestRun| {
        [plan_job(run, &order(), &image()).unwrap(), work_job(run, &order(), 3, &image()).unwrap()]
    };
    let states = |run: &IngestRun| jobs(run).map(|job: Job| JobState::of(&job));
    for state in states(&suspended_run()) {
        assert!(state.suspended && state.suspended_by_run, "{state:?}");
    }
    for state in states(&run()) {
        assert!(!state.suspended && !state.suspended_by_run, "{state:?}");
    }
}

fn image() -> WorkerImage {
    WorkerImage { image: "docmill:1".into(), pull_policy: "Never".into(), env: vec![], user: Some(65_532) }
}

#[test]
fn a_job_of_a_queue_that_begins_suspended_has_no_pods_and_no_deadline() {
    let mut order = order();
    let labels = &mut order.ingest.spec.workers.pod_template.metadata.labels;
    labels.insert("kueue.x-k8s.io/queue-name".to_owned(), "news".to_owned());
    let job = |suspend| {
        let mut run = run();
        (run.spec.suspend, run.spec.active_deadline_seconds) = (suspend, Some(60));
        work_job(&run, &order, 3, &image()).unwrap()
    };
    for (suspend, parallelism, deadline) in [(true, 0, None), (false, 2, Some(60))] {
        let job = job(suspend);
        let state = JobState::of(&job);
        assert!(state.suspended && state.queued && !state.suspended_by_run, "{state:?}");
        assert_eq!(state.parallelism, parallelism);
        assert_eq!(job.spec.unwrap().active_deadline_seconds, deadline);
        let annotations = job.metadata.annotations.unwrap_or_default();
        assert!(annotations.is_empty(), "a mark would have it resumed: {annotations:?}");
    }
}

/// At work, with a Job of a queue that has or has not admitted it.
fn of_queue(admitted: bool, parallelism: i32) -> IngestObservation {
    let working = at_work().working.map(|job| {
        let state = JobState { suspended: !admitted, queued: true, parallelism, ..job.state };
        RunJob { state, ..job }
    });
    IngestObservation { working, ..at_work() }
}

#[test]
fn a_run_with_a_queue_rests_without_pods_and_goes_back_into_its_queue() {
    let (plan, resting) = first_pass(&suspended_run(), &of_queue(true, 2));
    assert_eq!(plan, IngestPlan::Change(JobChange::Queue(0)));
    assert_eq!(resting.phase, Some(IngestPhase::Suspended));
    for admitted in [false, true] {
        let (plan, status) = pass(&resting, &suspended_run(), &of_queue(admitted, 0));
        assert_eq!((plan, status.phase), (IngestPlan::Watch, Some(IngestPhase::Suspended)));
        assert_eq!(said(&status, condition_type::SUSPENDED), Some(says("True", "Suspended")));
    }

    let (plan, back) = pass(&resting, &run(), &of_queue(true, 0));
    assert_eq!(plan, IngestPlan::Change(JobChange::Queue(2)));
    assert_eq!(said(&back, condition_type::SUSPENDED), Some(says("True", "Resuming")));
    assert_eq!(events(&resting, &back, &plan)[0].reason, "Queued");
    let (plan, waiting) = pass(&back, &run(), &of_queue(false, 2));
    assert_eq!((plan, waiting.phase), (IngestPlan::Watch, Some(IngestPhase::Suspended)));
    assert_eq!(said(&waiting, condition_type::SUSPENDED), Some(says("True", "JobSuspended")));
    let (plan, admitted) = pass(&waiting, &run(), &of_queue(true, 2));
    assert_eq!((plan, admitted.phase), (IngestPlan::Watch, Some(IngestPhase::Running)));
    assert_eq!(said(&admitted, condition_type::SUSPENDED), Some(says("False", "Resumed")));
}

#[test]
fn work_that_begins_while_the_run_is_suspended_is_told_of_when_it_is_resumed() {
    let (plan, status) = first_pass(&suspended_run(), &selected(Some(plan_record(2, 1500))));
    assert!(matches!(plan, IngestPlan::Work { parts: 2, .. }));
    assert_eq!(status.phase, Some(IngestPhase::Suspended));
    let reasons: Vec<String> =
        events(&IngestRunStatus::default(), &status, &plan).into_iter().map(|event| event.reason).collect();
    assert_eq!(reasons, ["Suspended"]);
}

#[test]
fn a_run_that_ends_is_no_longer_suspended() {
    let mut view = at_rest(true);
    view.working = view.working.map(|job| RunJob { end: Some(end(false)), ..job });
    let (_, status) = first_pass(&suspended_run(), &view);
    assert_eq!(status.phase, Some(IngestPhase::Failed));
    assert_eq!(said(&status, condition_type::SUSPENDED), None);
}

#[test]
fn a_suspended_run_waits_for_no_store() {
    let store_problem = StoreProblem {
        by: Store::Elasticsearch,
        reason: StoreProblemReason::Unreachable,
        since: "1970-01-01T00:16:30Z".into(),
        message: "connection refused".into(),
    };
    let report = WorkerStatus { store_problems: vec![store_problem], ..WorkerStatus::default() };
    let throttled = IngestObservation { worker_statuses: vec![report], ..at_work() };
    let (_, waiting) = first_pass(&run(), &throttled);
    assert!(is_true(&waiting.conditions, condition_type::THROTTLED));
    let (_, queued) = pass(&waiting, &run(), &at_rest(false));
    assert_eq!(said(&queued, condition_type::THROTTLED), None);
}

#[test]
fn parallelism_is_changed_within_the_number_of_parts_and_that_of_a_selection_stays() {
    let plan_with = |parallelism: i32, view: &IngestObservation| {
        let mut run = run();
        run.spec.parallelism = parallelism;
        first_pass(&run, view)
    };
    let (plan, status) = plan_with(1, &at_work());
    assert_eq!(plan, IngestPlan::Change(JobChange::Scale(1)));
    assert_eq!(status.phase, Some(IngestPhase::Running));
    assert_eq!(plan_with(9, &at_work()).0, IngestPlan::Watch, "there are two parts");
    let (plan, status) = plan_with(1, &at_rest(true));
    assert_eq!(plan, IngestPlan::Change(JobChange::Scale(1)), "before it resumes");
    assert_eq!(said(&status, condition_type::SUSPENDED), Some(says("True", "Resuming")));
    let mut narrow = at_work();
    narrow.working.as_mut().unwrap().state.parallelism = 1;
    assert_eq!(plan_with(9, &narrow).0, IngestPlan::Change(JobChange::Scale(2)));
    let mut limited = run();
    (limited.spec.parallelism, limited.spec.max_units_per_second) = (9, Some(5));
    narrow.working.as_mut().unwrap().order.as_mut().unwrap().spec.parallelism = 1;
    assert_eq!(first_pass(&limited, &narrow).0, IngestPlan::Watch, "one pod has the whole limit");
    let selecting = IngestObservation { start: None, selecting: Some(step(RunStep::Plan, None)), ..fresh() };
    assert_eq!(plan_with(9, &selecting).0, IngestPlan::Watch);
    let parts = |parallelism| match plan_with(parallelism, &selected(Some(plan_record(100, 1500)))).0 {
        IngestPlan::Work { parts, .. } => parts,
        other => panic!("no work: {other:?}"),
    };
    assert_eq!((parts(1), parts(9)), (4, 36), "as it is when the work begins");
}
