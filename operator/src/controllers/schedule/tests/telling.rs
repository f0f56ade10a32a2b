//! Status, Events, and when a schedule is looked at again.

use docmill_crds::{EnrichmentRun, EnrichmentSchedule, ScheduleStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::State::{Active, Complete, Failed, Going};
use super::{after, made, schedule, seen, today};
use crate::controllers::schedule::observation::ScheduleObservation;
use crate::controllers::schedule::plan::{Due, SchedulePlan, plan};
use crate::controllers::schedule::status::{ApplyOutcome, events, requeue_after, status};
use crate::outcome::conditions;
use crate::outcome::not_ready::NotReady;

/// One pass at a time of today: what is told.
struct Pass {
    schedule: EnrichmentSchedule,
    seen: ScheduleObservation<EnrichmentRun>,
    plan: SchedulePlan<EnrichmentRun>,
    outcome: ApplyOutcome,
    new: ScheduleStatus,
}

impl Pass {
    fn at(
        now: &str,
        schedule: EnrichmentSchedule,
        runs: Vec<EnrichmentRun>,
        refused: Option<NotReady>,
    ) -> Self {
        let seen = seen(&schedule, runs, today(now));
        let plan = plan(&schedule, &seen);
        let created_for = match &plan.due {
            Due::Create { time, .. } if refused.is_none() => Some(*time),
            _ => None,
        };
        let outcome = ApplyOutcome { created_for, refused };
        let new = status(&schedule, &seen, &plan, &outcome);
        Self { schedule, seen, plan, outcome, new }
    }

    fn events(&self) -> Vec<(bool, String, String)> {
        let events = events(&self.schedule, &self.new, &self.seen, &self.plan, &self.outcome);
        events.into_iter().map(|event| (event.warning, event.reason, event.text)).collect()
    }

    fn pause(&self) -> Option<u64> {
        requeue_after("u", &self.seen, &self.new, &self.outcome).map(|pause| pause.as_secs())
    }

    fn ready(&self) -> (&str, &str) {
        let ready = conditions::find(&self.new.conditions, "Ready").unwrap();
        (&ready.status, &ready.reason)
    }
}

fn refused() -> NotReady {
    NotReady::user("FailedCreate", "exceeded quota")
}

#[test]
fn a_run_that_was_made_is_told_with_its_time_and_what_it_stands_for() {
    let pass = Pass::at("11:45:00", after(&json!({}), "2026-11-25T10:00:00Z"), vec![], None);
    assert_eq!(pass.new.last_schedule_time, Some(Time(today("11:40:00"))));
    assert_eq!(pass.new.next_schedule_time, Some(Time(today("11:50:00"))));
    assert_eq!((pass.ready(), pass.pause()), (("True", "Scheduled"), Some(300)));
    let events = pass.events();
    assert_eq!((events.len(), events[0].0, events[0].1.as_str()), (1, false, "SuccessfulCreate"));
    assert_eq!(
        events[0].2,
        "created the run daily-29926780 for 2026-11-25T11:40:00Z, which also stands for 9 missed times"
    );
    let many =
        Pass::at("20:00:00", after(&json!({"schedule": "* * * * *"}), "2026-11-25T10:00:00Z"), vec![], None);
    assert!(many.events()[0].2.ends_with("100 or more missed times"), "{:?}", many.events());
}

#[test]
fn a_run_that_could_not_be_made_is_not_taken_for_made_and_is_tried_again() {
    let pass = Pass::at("10:10:00", schedule(&json!({})), vec![], Some(refused()));
    assert_eq!((pass.new.last_schedule_time.clone(), pass.ready()), (None, ("False", "FailedCreate")));
    let events = pass.events();
    assert_eq!(
        (events.len(), events[0].0, events[0].1.as_str(), events[0].2.as_str()),
        (1, true, "FailedCreate", "exceeded quota")
    );
    assert!(pass.pause().unwrap() <= 2);
    let mut reported = pass.schedule.clone();
    reported.status = Some(pass.new);
    assert!(Pass::at("10:10:02", reported.clone(), vec![], Some(refused())).events().is_empty(), "told once");
    let mended = Pass::at("10:10:05", reported, vec![], None);
    assert_eq!(mended.ready(), ("True", "Scheduled"));
    assert_eq!(
        mended.events().iter().map(|event| event.1.as_str()).collect::<Vec<_>>(),
        ["Scheduled", "SuccessfulCreate"]
    );
}

#[test]
fn runs_at_work_are_listed_and_counted_and_those_that_end_are_told_once() {
    let schedule = after(&json!({}), "2026-11-25T10:30:00Z");
    let run = |time: &str, state| made(&schedule, today(time), state);
    let runs = vec![run("10:30:00", Active), run("10:20:00", Going), run("10:10:00", Complete)];
    let first = Pass::at("10:31:00", schedule.clone(), runs, None);
    let names: Vec<_> = first.new.active.iter().map(|active| active.name.as_str()).collect();
    assert_eq!((names, first.new.active_runs), (vec!["daily-29926700", "daily-29926710"], Some(2)));
    assert!(first.events().is_empty(), "one that had ended before it was seen at work");

    let mut next = schedule.clone();
    next.status = Some(first.new);
    let runs = vec![run("10:30:00", Failed), run("10:20:00", Complete), run("10:10:00", Complete)];
    let second = Pass::at("10:32:00", next, runs.clone(), None);
    let events: Vec<_> = second.events().into_iter().map(|event| (event.0, event.1, event.2)).collect();
    assert_eq!(
        events,
        [
            (false, "RunCompleted".into(), "the run daily-29926700 is complete".into()),
            (true, "RunFailed".into(), "the run daily-29926710 failed: the model is away".into())
        ]
    );
    assert_eq!(second.new.last_successful_time, Some(Time(today("10:20:00"))));
    let mut last = schedule.clone();
    last.status = Some(second.new);
    assert!(Pass::at("10:33:00", last, runs, None).events().is_empty());
}

#[test]
fn what_is_known_outlives_the_runs() {
    let mut schedule = after(&json!({}), "2026-11-25T10:30:00Z");
    schedule.status.as_mut().unwrap().last_successful_time = Some(Time(today("10:31:00")));
    let pass = Pass::at("10:35:00", schedule, vec![], None);
    assert_eq!(pass.new.last_schedule_time, Some(Time(today("10:30:00"))));
    assert_eq!(pass.new.last_successful_time, Some(Time(today("10:31:00"))));
    assert_eq!(pass.new.active_runs, Some(0));
}

#[test]
fn a_time_that_waits_is_replaced_or_is_missed_is_told() {
    let events_at = |spec: &Value, now: &str, state| {
        let schedule = after(spec, "2026-11-25T10:10:00Z");
        let runs = vec![made(&schedule, today("10:10:00"), state)];
        let events = Pass::at(now, schedule, runs, None).events();
        events.into_iter().map(|event| (event.0, event.1, event.2)).collect::<Vec<_>>()
    };
    let held = events_at(&json!({"concurrencyPolicy": "Forbid"}), "10:20:01", Active);
    assert_eq!((held.len(), held[0].0, held[0].1.as_str()), (1, false, "AlreadyActive"));
    assert!(
        held[0].2.starts_with("the run for 2026-11-25T10:20:00Z waits for the end of daily-29926690, since"),
        "{}",
        held[0].2
    );
    let replaced = events_at(&json!({"concurrencyPolicy": "Replace"}), "10:20:01", Active);
    assert_eq!((replaced.len(), replaced[0].1.as_str()), (1, "Replaced"));
    assert!(replaced[0].2.contains("deleting daily-29926690"), "{}", replaced[0].2);
    assert!(events_at(&json!({"concurrencyPolicy": "Replace"}), "10:20:02", Going).is_empty());
    let missed = events_at(&json!({"startingDeadlineSeconds": 10}), "10:25:00", Complete);
    assert_eq!((missed.len(), missed[0].0, missed[0].1.as_str()), (1, true, "MissSchedule"));
}

#[test]
fn a_run_that_is_suspended_is_named_as_such_by_what_waits_for_it() {
    let schedule = after(&json!({}), "2026-11-25T10:10:00Z");
    let mut run = made(&schedule, today("10:10:00"), Failed);
    run.status.as_mut().unwrap().conditions[0].type_ = "Suspended".into();
    let pass = Pass::at("10:20:00", schedule, vec![run], None);
    assert_eq!(pass.ready(), ("True", "AlreadyActive"));
    assert!(pass.events()[0].2.contains("the end of daily-29926690 (suspended)"), "{:?}", pass.events());
}

#[test]
fn a_schedule_that_cannot_be_read_says_so_and_waits_for_an_edit() {
    for (spec, reason) in [
        (json!({"schedule": "61 * * * *"}), "InvalidSchedule"),
        (json!({"timeZone": "Europe/Bonn"}), "UnknownTimeZone"),
    ] {
        let pass = Pass::at("10:10:00", schedule(&spec), vec![], None);
        assert_eq!((pass.ready(), pass.pause()), (("False", reason), None));
        assert_eq!(pass.new.next_schedule_time, None);
        assert_eq!((pass.events()[0].0, pass.events()[0].1.as_str()), (true, reason));
    }
}

#[test]
fn a_suspended_schedule_is_ready_and_has_no_next_time() {
    let pass = Pass::at("10:15:00", schedule(&json!({"suspend": true})), vec![], None);
    assert_eq!(
        (pass.ready(), pass.new.next_schedule_time.clone(), pass.pause()),
        (("True", "Suspended"), None, None)
    );
    assert!(pass.events().is_empty());
}

#[test]
fn a_far_time_is_waited_for_by_the_hour() {
    let pass = Pass::at("10:15:00", schedule(&json!({"schedule": "0 0 1 1 *"})), vec![], None);
    assert_eq!(pass.pause(), Some(3600));
}

#[test]
fn a_pass_that_finds_nothing_new_changes_nothing() {
    let first = Pass::at("10:15:00", schedule(&json!({})), vec![], None);
    let mut same = first.schedule.clone();
    same.status = Some(first.new.clone());
    assert_eq!(Pass::at("10:15:30", same, vec![], None).new, first.new);
}
