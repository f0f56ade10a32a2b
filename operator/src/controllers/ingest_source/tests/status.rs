use docmill_crds::IngestSourceStatus;
use docmill_crds::api::ingest_source::UnitCounts;
use docmill_crds::contract::{
    HeldUnits, IndexTrouble, Report, Store, StoreProblem, StoreProblemReason, WorkerStatus,
};

use super::{active, at, failed, running, seen, source, store_problem};
use crate::controllers::ingest_source::observation::{
    LedgerCounts, NewestRecord, RecentUnits, SourceObservation, read_count,
};
use crate::controllers::ingest_source::plan::plan;
use crate::controllers::ingest_source::rest::pace::Pace;
use crate::controllers::ingest_source::status::{events, requeue_after, started, status};
use crate::controllers::ingest_source::worker::{Worker, WorkerOutcome, WorkerState};
use crate::outcome::conditions::{condition_type, find, is_true};
use crate::outcome::not_ready::NotReady;

fn after(old: &IngestSourceStatus, view: &SourceObservation) -> IngestSourceStatus {
    let source = source();
    let plan = plan(source.spec.suspend, &source.spec.workers, view);
    status(old, source.spec.suspend, source.metadata.generation, view, &plan, None)
}

fn later(view: &SourceObservation, second: i64) -> SourceObservation {
    SourceObservation { now: at(second), ..view.clone() }
}

#[test]
fn at_rest_the_status_stays_the_same_to_the_letter() {
    let first = after(&IngestSourceStatus::default(), &seen(0, 0, vec![]));
    let second = after(&first, &later(&seen(0, 0, vec![]), 5000));
    assert_eq!(first, second);
    assert!(events(&first, &second).is_empty());
}

#[test]
fn the_numbers_are_those_of_queue_and_ledger() {
    let status = after(&IngestSourceStatus::default(), &seen(5, 2, vec![active(0)]));
    assert_eq!(status.observed_generation, Some(3));
    assert_eq!(status.revision.as_deref(), Some("abc"));
    assert_eq!(status.units, Some(UnitCounts { pending: 7, indexed: 7, ..UnitCounts::default() }));
    let workers = status.workers.unwrap();
    assert_eq!((workers.active, workers.desired), (1, 1));
    assert!(
        is_true(&status.conditions, condition_type::READY)
            && is_true(&status.conditions, condition_type::PROGRESSING)
    );
    assert!(!is_true(&status.conditions, condition_type::DEGRADED));
}

#[test]
fn without_a_backlog_the_lag_is_zero() {
    assert_eq!(after(&IngestSourceStatus::default(), &seen(0, 0, vec![active(0)])).lag_seconds, Some(0));
}

#[test]
fn the_lag_is_that_of_the_newest_record_of_this_backlog_and_grows_when_nothing_is_recorded() {
    let mut before_any_record = later(&seen(5, 0, vec![]), 980);
    before_any_record.ledger.as_mut().unwrap().newest = None;
    let began = after(&IngestSourceStatus::default(), &before_any_record);
    assert_eq!(began.lag_seconds, Some(0));
    let recorded = after(&began, &seen(5, 0, vec![active(0)]));
    assert_eq!(recorded.lag_seconds, Some(2 + 10), "2.5 s when it was recorded, 10 s ago");
    let stalled = after(&recorded, &later(&seen(5, 0, vec![active(0)]), 1100));
    assert_eq!(stalled.lag_seconds, Some(2 + 110));
}

#[test]
fn a_record_from_before_the_backlog_is_no_lag_of_it() {
    let old = LedgerCounts {
        newest: Some(NewestRecord { recorded: at(10), lag_millis: Some(90_000) }),
        ..LedgerCounts::default()
    };
    let view = SourceObservation { ledger: Some(old), ..seen(1, 0, vec![]) };
    let first = after(&IngestSourceStatus::default(), &view);
    assert_eq!(first.lag_seconds, Some(0));
    assert_eq!(after(&first, &later(&view, 1007)).lag_seconds, Some(7));
}

#[test]
fn what_cannot_be_seen_stays_and_the_reason_is_told() {
    let first = after(&IngestSourceStatus::default(), &seen(5, 0, vec![]));
    let mut blind = later(&seen(0, 0, vec![]), 1010);
    (blind.queue, blind.ledger) = (None, None);
    blind.ready = Err(NotReady::transient("IndexUnreachable", "http://es:9200: connection refused"));
    let second = after(&first, &blind);
    assert_eq!(second.units, first.units);
    assert_eq!(second.last_ingest_time, first.last_ingest_time);
    let ready = find(&second.conditions, condition_type::READY).unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "IndexUnreachable"));
    let events = events(&first, &second);
    assert_eq!((events[0].warning, events[0].reason.as_str()), (true, "IndexUnreachable"));
}

#[test]
fn a_new_source_that_works_is_told_of_once() {
    let status = after(&IngestSourceStatus::default(), &seen(0, 0, vec![]));
    let events = events(&IngestSourceStatus::default(), &status);
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].warning, events[0].reason.as_str()), (false, "Reachable"));
}

#[test]
fn failing_workers_degrade_a_source_in_the_words_of_the_worker() {
    let status = after(&IngestSourceStatus::default(), &seen(5, 0, vec![failed(0, (980, 999))]));
    let degraded = find(&status.conditions, condition_type::DEGRADED).unwrap();
    assert_eq!((degraded.status.as_str(), degraded.reason.as_str()), ("True", "WorkersFail"));
    assert!(degraded.message.contains("index is read-only"));
}

fn status_with(store_problems: Vec<StoreProblem>) -> IngestSourceStatus {
    after(&IngestSourceStatus::default(), &seen(5, 0, vec![running(0, (0, 0), store_problems)]))
}

#[test]
fn a_store_that_takes_no_more_throttles_a_source_by_name_and_in_its_words() {
    let status = status_with(vec![
        store_problem(Store::ObjectStore, StoreProblemReason::Throttled, 995),
        store_problem(Store::Elasticsearch, StoreProblemReason::Throttled, 990),
    ]);
    let throttled = find(&status.conditions, condition_type::THROTTLED).unwrap();
    assert_eq!((throttled.status.as_str(), throttled.reason.as_str()), ("True", "Elasticsearch"));
    assert!(throttled.message.contains("1970-01-01T00:16:30Z: 429, rejected"), "{}", throttled.message);
    assert!(!is_true(&status.conditions, condition_type::DEGRADED), "it passes");
    let event = events(&status_with(vec![]), &status).pop().unwrap();
    assert_eq!((event.warning, event.reason.as_str()), (true, "Elasticsearch"));
}

#[test]
fn throttled_ends_with_a_workers_word_or_with_the_work_and_not_with_silence() {
    let first = status_with(vec![store_problem(Store::Elasticsearch, StoreProblemReason::Unreachable, 990)]);
    let unreported = after(&first, &later(&seen(5, 0, vec![active(0)]), 1010));
    assert_eq!(
        find(&unreported.conditions, condition_type::THROTTLED),
        find(&first.conditions, condition_type::THROTTLED)
    );
    let none = after(&first, &later(&seen(5, 0, vec![]), 1010));
    assert!(is_true(&none.conditions, condition_type::THROTTLED));
    let over = after(&first, &later(&seen(5, 0, vec![running(0, (1, 1), vec![])]), 1010));
    assert!(!is_true(&over.conditions, condition_type::THROTTLED));
    let done = after(&first, &later(&seen(0, 0, vec![]), 1010));
    assert!(!is_true(&done.conditions, condition_type::THROTTLED));
}

#[test]
fn what_a_person_has_to_mend_degrades_a_source_with_what_to_do() {
    let denied = status_with(vec![store_problem(Store::ObjectStore, StoreProblemReason::AccessDenied, 999)]);
    let degraded = find(&denied.conditions, condition_type::DEGRADED).unwrap();
    assert_eq!((degraded.status.as_str(), degraded.reason.as_str()), ("True", "ObjectStoreAccessDenied"));
    assert!(degraded.message.ends_with("check the credentials and their permissions"));
    assert!(!is_true(&denied.conditions, condition_type::THROTTLED), "it does not pass");
}

#[test]
fn a_read_only_index_throttles_at_first_and_degrades_after_minutes() {
    let since =
        |since| status_with(vec![store_problem(Store::Elasticsearch, StoreProblemReason::ReadOnly, since)]);
    assert!(
        is_true(&since(900).conditions, condition_type::THROTTLED)
            && !is_true(&since(900).conditions, condition_type::DEGRADED)
    );
    let long = since(600);
    assert!(is_true(&long.conditions, condition_type::THROTTLED));
    assert_eq!(find(&long.conditions, condition_type::DEGRADED).unwrap().reason, "ElasticsearchReadOnly");
}

#[test]
fn workers_that_do_not_start_degrade_a_source() {
    let state = WorkerState::Active { obstacle: Some("ImagePullBackOff: no such image".into()) };
    let status = after(&IngestSourceStatus::default(), &seen(5, 0, vec![Worker { state, ..active(0) }]));
    let degraded = find(&status.conditions, condition_type::DEGRADED).unwrap();
    assert_eq!(degraded.reason, "WorkersDoNotStart");
    assert!(degraded.message.contains("no such image"));
}

#[test]
fn notifications_of_another_bucket_degrade_a_source_when_they_are_many_or_nothing_else_comes() {
    let with = |recorded, foreign| {
        let mut view = seen(0, 0, vec![]);
        let reason = Some("ForeignNotification".into());
        view.ledger.as_mut().unwrap().recent = RecentUnits { recorded, failed: foreign, foreign, reason };
        let status = after(&IngestSourceStatus::default(), &view);
        find(&status.conditions, condition_type::DEGRADED).unwrap().clone()
    };
    for (recorded, foreign) in [(0, 0), (100, 9), (2, 1)] {
        assert_eq!(with(recorded, foreign).status, "False", "{foreign} of {recorded}");
    }
    for (recorded, foreign) in [(1, 1), (100, 10), (12, 12)] {
        let degraded = with(recorded, foreign);
        assert_eq!((degraded.status.as_str(), degraded.reason.as_str()), ("True", "ForeignNotifications"));
        assert!(degraded.message.contains("correct spec.raw.bucket"), "{}", degraded.message);
    }
}

#[test]
fn fields_that_existing_indices_map_in_another_way_are_named_until_it_is_known_that_there_are_none() {
    let with = |conflicts: Option<Vec<String>>, old: &IngestSourceStatus| {
        after(old, &SourceObservation { mapping_conflicts: conflicts, ..seen(0, 0, vec![]) })
    };
    let degraded = |status: &IngestSourceStatus| {
        let found = find(&status.conditions, condition_type::DEGRADED).unwrap();
        (found.status.clone(), found.reason.clone(), found.message.contains(": title, body;"))
    };
    let conflict = with(Some(vec!["title".into(), "body".into()]), &IngestSourceStatus::default());
    assert_eq!(degraded(&conflict), ("True".into(), "MappingConflict".into(), true));
    let unknown = with(None, &conflict);
    assert_eq!(degraded(&unknown), degraded(&conflict));
    let solved = with(Some(Vec::new()), &unknown);
    assert_eq!(degraded(&solved), ("False".into(), "AsExpected".into(), false));
    assert_eq!(degraded(&with(None, &solved)).1, "AsExpected");
}

#[test]
fn a_source_of_which_most_units_fail_is_degraded_by_their_reason() {
    let with = |recorded, failed| {
        let mut view = seen(0, 0, vec![]);
        let recent = RecentUnits { recorded, failed, foreign: 0, reason: Some("MissingField".into()) };
        view.ledger.as_mut().unwrap().recent = recent;
        let status = after(&IngestSourceStatus::default(), &view);
        find(&status.conditions, condition_type::DEGRADED).unwrap().clone()
    };
    for (recorded, failed) in [(9, 9), (10, 5), (0, 0)] {
        assert_eq!(with(recorded, failed).status, "False", "{failed} of {recorded}");
    }
    let degraded = with(10, 6);
    assert_eq!((degraded.status.as_str(), degraded.reason.as_str()), ("True", "MostUnitsFail"));
    assert!(
        degraded.message.contains("MissingField") && degraded.message.contains("Replay"),
        "{}",
        degraded.message
    );
}

#[test]
fn a_refused_job_is_told() {
    let view = seen(5, 0, vec![]);
    let plan = plan(false, &source().spec.workers, &view);
    let refused = status(&IngestSourceStatus::default(), false, None, &view, &plan, Some("exceeded quota"));
    assert_eq!(find(&refused.conditions, condition_type::DEGRADED).unwrap().reason, "JobsRefused");
}

#[test]
fn started_workers_are_one_note() {
    let plan = plan(false, &source().spec.workers, &seen(9000, 0, vec![]));
    assert!(started(0, &plan).is_none());
    let event = started(plan.start.len(), &plan).unwrap();
    assert!(event.text.starts_with("started 4 workers: backlog 9000"), "{}", event.text);
}

#[test]
fn work_and_quiet_decide_when_to_look_again() {
    const QUIET: i64 = 900;
    let seconds = |view: &SourceObservation| {
        let status = after(&IngestSourceStatus::default(), &later(view, 1000 - QUIET));
        requeue_after(false, "u", view, &after(&status, view), &Pace::default()).as_secs_f64()
    };
    assert!(seconds(&seen(1, 0, vec![])) < 2.5);
    assert!(seconds(&seen(0, 0, vec![active(0)])) < 2.5);
    let mut quiet = seen(0, 0, vec![]);
    quiet.ledger.as_mut().unwrap().last_success = Some(at(50));
    assert!((4.0..6.0).contains(&seconds(&quiet)));
    quiet.ledger.as_mut().unwrap().last_success = Some(at(990));
    assert!((1.5..2.5).contains(&seconds(&quiet)), "the next article is likely to come soon");
}

#[test]
fn units_that_wait_for_an_index_are_counted_and_nothing_else_is_kept_from_its_work() {
    let held = vec![
        HeldUnits { trouble: IndexTrouble::Blocked, units: 3 },
        HeldUnits { trouble: IndexTrouble::Slow, units: 1 },
    ];
    let worker_status = WorkerStatus { held, ..WorkerStatus::default() };
    let worker = Worker { status: Some(worker_status), ..active(0) };
    let view = seen(500_000, 4, vec![worker]);
    let first = after(&IngestSourceStatus::default(), &view);
    let degraded = find(&first.conditions, condition_type::DEGRADED).unwrap();
    assert_eq!((degraded.status.as_str(), degraded.reason.as_str()), ("True", "IndexBlocked"));
    for remedy in ["open it to writes", "create the pipeline"] {
        assert!(degraded.message.contains(remedy), "{}", degraded.message);
    }
    assert!(!is_true(&first.conditions, condition_type::THROTTLED), "the others go on");
    assert_eq!(first.units.unwrap().held, 4);
    let workers = source().spec.workers;
    assert!(!plan(false, &workers, &view).start.is_empty(), "and so does the start of workers");
    let unreported = after(&first, &later(&seen(0, 4, vec![]), 1010));
    assert!(
        is_true(&unreported.conditions, condition_type::DEGRADED),
        "as long as nobody says otherwise and there is work"
    );
    let fresh = Worker { status: Some(WorkerStatus::default()), ..active(1) };
    let begun = after(&unreported, &later(&seen(0, 4, vec![fresh]), 1012));
    assert!(
        is_true(&begun.conditions, condition_type::DEGRADED),
        "a worker that has only begun knows nothing"
    );
    let at_work = Worker { status: Some(WorkerStatus { done: 1, ..WorkerStatus::default() }), ..active(1) };
    let finished = after(&begun, &later(&seen(0, 3, vec![at_work]), 1014));
    assert!(!is_true(&finished.conditions, condition_type::DEGRADED), "units are finished again");
    let over = after(&unreported, &later(&seen(0, 0, vec![]), 1020));
    assert!(!is_true(&over.conditions, condition_type::DEGRADED));
}

/// The operator serves all namespaces: what one server or pod says must not end it.
#[test]
fn numbers_of_servers_and_pods_may_be_of_any_size() {
    let units = u64::MAX;
    let held = vec![
        HeldUnits { trouble: IndexTrouble::Slow, units },
        HeldUnits { trouble: IndexTrouble::Blocked, units },
    ];
    let boastful = |slot| {
        let (held, done, busy_millis, in_hand) = (held.clone(), units, units, units);
        let worker_status = WorkerStatus { held, done, busy_millis, in_hand, ..WorkerStatus::default() };
        Worker { status: Some(worker_status), ..active(slot) }
    };
    let report =
        Report { done: units, failed: units, skipped: units, busy_millis: units, ..Report::default() };
    let state = WorkerState::Ended { at: at(950), end: WorkerOutcome::Succeeded, report: Some(report) };
    let over = Worker { state, ..active(3) };
    for (waiting, in_hand) in [(0, 0), (1, i64::MAX), (i64::MAX, i64::MAX)] {
        let mut view = seen(waiting, in_hand, vec![boastful(0), boastful(1), boastful(2), over.clone()]);
        view.queue.as_mut().unwrap().delayed = i64::MAX;
        let ledger = view.ledger.as_mut().unwrap();
        ledger.newest = Some(NewestRecord { recorded: at(990), lag_millis: Some(i64::MAX) });
        ledger.recent = RecentUnits {
            recorded: 1,
            failed: i64::MAX,
            foreign: i64::MAX,
            reason: Some("MissingField".into()),
        };
        let status = after(&IngestSourceStatus::default(), &view);
        let units = status.units.unwrap();
        assert_eq!((units.pending, units.held), (i64::MAX, i64::MAX));
    }
    let mut failing = seen(0, 0, vec![]);
    let reason = Some("MissingField".into());
    failing.ledger.as_mut().unwrap().recent =
        RecentUnits { recorded: 20, failed: i64::MAX, foreign: 0, reason };
    let status = after(&IngestSourceStatus::default(), &failing);
    assert_eq!(find(&status.conditions, condition_type::DEGRADED).unwrap().reason, "MostUnitsFail");
}

#[test]
fn a_number_of_notifications_that_is_none_counts_as_none() {
    for (text, count) in
        [("12", 12), ("9223372036854775807", i64::MAX), ("-3", 0), ("9223372036854775808", 0), ("", 0)]
    {
        assert_eq!(read_count(text), count, "{text}");
    }
}
