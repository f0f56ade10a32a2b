//! What becomes of a time that is due, the run that is made for it, and which runs are kept.

use docmill_crds::EnrichmentRun;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use super::State::{self, Active, Complete, Failed, Going};
use super::{after, at, made, planned, schedule, seen, today};
use crate::controllers::schedule::plan::{Due, MOST_COUNTED, plan};
use crate::controllers::schedule::run::run;

fn create(time: &str, missed: usize) -> Due<EnrichmentRun> {
    Due::Create { time: today(time), missed }
}

fn due(spec: &Value, last: &str, runs: &[(&str, State)], now: &str) -> Due<EnrichmentRun> {
    planned(&after(spec, &format!("2026-11-25T{last}Z")), runs, now).due
}

#[test]
fn a_run_is_made_when_its_time_has_come_and_once() {
    let spec = json!({});
    assert_eq!(due(&spec, "10:00:00", &[], "10:09:59"), Due::Nothing);
    assert_eq!(due(&spec, "10:00:00", &[], "10:10:00"), create("10:10:00", 0));
    assert_eq!(due(&spec, "10:10:00", &[], "10:10:01"), Due::Nothing, "the status has it, and no view yet");
    assert_eq!(
        due(&spec, "10:00:00", &[("10:10:00", Active)], "10:10:01"),
        Due::Nothing,
        "and the other way round"
    );
    assert_eq!(due(&spec, "10:00:00", &[("10:10:00", Complete)], "10:10:01"), Due::Nothing);
}

#[test]
fn the_time_of_its_creation_and_earlier_ones_are_not_those_of_a_schedule() {
    assert_eq!(planned(&schedule(&json!({})), &[], "10:00:00").due, Due::Nothing);
    assert_eq!(planned(&schedule(&json!({})), &[], "10:09:59").due, Due::Nothing);
    assert_eq!(planned(&schedule(&json!({})), &[], "10:10:00").due, create("10:10:00", 0));
}

#[test]
fn what_was_missed_is_caught_up_by_one_run_for_the_latest_time() {
    assert_eq!(due(&json!({}), "10:00:00", &[], "11:45:00"), create("11:40:00", 9));
    let every_minute = json!({"schedule": "* * * * *"});
    assert_eq!(
        due(&every_minute, "10:00:00", &[], "20:00:30"),
        create("20:00:00", MOST_COUNTED),
        "no list of them is made"
    );
}

#[test]
fn a_suspended_schedule_makes_no_run_and_catches_up_when_it_is_resumed() {
    let suspended = planned(&after(&json!({"suspend": true}), "2026-11-25T10:00:00Z"), &[], "11:45:00");
    assert_eq!((suspended.due, suspended.next), (Due::Nothing, None));
    assert_eq!(due(&json!({"suspend": false}), "10:00:00", &[], "11:45:00"), create("11:40:00", 9));
}

#[test]
fn what_is_later_than_the_deadline_is_missed() {
    let spec = json!({"startingDeadlineSeconds": 60});
    assert_eq!(due(&spec, "10:00:00", &[], "10:11:00"), create("10:10:00", 0));
    assert_eq!(due(&spec, "10:00:00", &[], "10:11:01"), Due::TooLate { time: today("10:10:00") });
    assert_eq!(due(&spec, "10:00:00", &[], "11:40:10"), create("11:40:00", 9), "the latest counts");
}

#[test]
fn runs_of_a_schedule_that_allows_it_work_side_by_side() {
    assert_eq!(due(&allow(), "10:10:00", &[("10:10:00", Active)], "10:20:00"), create("10:20:00", 0));
}

#[test]
fn a_time_that_comes_while_a_run_is_at_work_waits_for_its_end() {
    let spec = json!({});
    let hold = |time: &str, of: &str| Due::Hold { time: today(time), active: vec![name(of)] };
    assert_eq!(due(&spec, "10:10:00", &[("10:10:00", Active)], "10:20:00"), hold("10:20:00", "10:10:00"));
    assert_eq!(due(&spec, "10:10:00", &[("10:10:00", Active)], "10:35:00"), hold("10:30:00", "10:10:00"));
    assert_eq!(due(&spec, "10:10:00", &[("10:10:00", Complete)], "10:35:00"), create("10:30:00", 1));
    assert_eq!(due(&spec, "10:10:00", &[("10:10:00", Failed)], "10:35:00"), create("10:30:00", 1));
    let going = due(&spec, "10:10:00", &[("10:10:00", Going)], "10:20:00");
    assert_eq!(going, hold("10:20:00", "10:10:00"), "its pods are at work until it is gone");
}

#[test]
fn a_run_that_is_replaced_is_gone_before_the_next_one_is_made() {
    let spec = json!({"concurrencyPolicy": "Replace"});
    let schedule = after(&spec, "2026-11-25T10:10:00Z");
    let replace = |runs| Due::Replace { time: today("10:20:00"), runs };
    let old = made(&schedule, today("10:10:00"), Active);
    assert_eq!(due(&spec, "10:10:00", &[("10:10:00", Active)], "10:20:00"), replace(vec![old]));
    assert_eq!(
        due(&spec, "10:10:00", &[("10:10:00", Going)], "10:20:01"),
        replace(vec![]),
        "it is waited for"
    );
    assert_eq!(due(&spec, "10:10:00", &[], "10:20:09"), create("10:20:00", 0));
    assert_eq!(due(&spec, "10:10:00", &[("10:10:00", Complete)], "10:20:00"), create("10:20:00", 0));
}

#[test]
fn only_what_changes_something_is_looked_at_twice() {
    let acts = |spec: &Value, runs: &[(&str, State)], now: &str| {
        planned(&after(spec, "2026-11-25T10:10:00Z"), runs, now).acts()
    };
    assert!(!acts(&json!({}), &[("10:10:00", Active)], "10:15:00"));
    assert!(acts(&allow(), &[("10:10:00", Active)], "10:20:00"));
    assert!(!acts(&json!({"concurrencyPolicy": "Forbid"}), &[("10:10:00", Active)], "10:20:00"));
    assert!(acts(&json!({"concurrencyPolicy": "Replace"}), &[("10:10:00", Active)], "10:20:00"));
    assert!(!acts(&json!({"concurrencyPolicy": "Replace"}), &[("10:10:00", Going)], "10:20:00"));
    assert!(acts(&json!({"successfulRunsHistoryLimit": 0}), &[("10:10:00", Complete)], "10:15:00"));
}

#[test]
fn a_schedule_that_cannot_be_read_makes_nothing_and_keeps_its_history() {
    let wrong =
        after(&json!({"schedule": "61 * * * *", "failedRunsHistoryLimit": 0}), "2026-11-25T10:10:00Z");
    let plan = planned(&wrong, &[("10:10:00", Failed)], "10:20:00");
    assert_eq!((plan.due, plan.next, plan.outdated.len()), (Due::Nothing, None, 1));
}

#[test]
fn the_next_time_is_told_whatever_becomes_of_this_one() {
    for now in ["10:15:00", "10:10:00"] {
        assert_eq!(planned(&schedule(&json!({})), &[], now).next, Some(today("10:20:00")));
    }
}

#[test]
fn runs_of_others_are_not_looked_at() {
    let schedule = after(&json!({"concurrencyPolicy": "Forbid"}), "2026-11-25T10:10:00Z");
    let mut others = made(&schedule, today("10:10:00"), Active);
    others.metadata.owner_references.as_mut().unwrap()[0].uid = "sched-0".into();
    let plan = plan(&schedule, &seen(&schedule, vec![others], today("10:20:00")));
    assert_eq!(plan.due, create("10:20:00", 0), "of a schedule of that name that was deleted");
}

fn allow() -> Value {
    json!({"concurrencyPolicy": "Allow"})
}

fn name(time: &str) -> String {
    run(&schedule(&json!({})), today(time)).name_any()
}

#[test]
fn a_run_is_the_template_with_what_finds_it_again() {
    let schedule = schedule(&json!({}));
    let run = run(&schedule, today("10:10:00"));
    assert_eq!(run.name_any(), "daily-29926690", "minutes since 1970");
    assert_eq!(run.namespace().as_deref(), Some("news"));
    assert_eq!(run.spec, schedule.spec.run_template.spec);
    assert_eq!((run.labels()["team"].as_str(), run.annotations()["why"].as_str()), ("ml", "daily"));
    assert_eq!(run.labels()["docmill.io/schedule"], "daily");
    assert_eq!(run.labels()["app.kubernetes.io/managed-by"], "docmill-operator", "or no view would have it");
    assert_eq!(run.annotations()["docmill.io/scheduled-time"], "2026-11-25T10:10:00Z");
    let owner = &run.owner_references()[0];
    assert_eq!((owner.kind.as_str(), owner.uid.as_str()), ("EnrichmentSchedule", "sched-1"));
    assert_eq!((owner.controller, owner.block_owner_deletion), (Some(true), Some(true)));
    assert!(run.validate_cel().is_ok());
}

#[test]
fn a_template_does_not_take_the_place_of_what_finds_a_run_again() {
    let mut schedule = schedule(&json!({}));
    let template = &mut schedule.spec.run_template.metadata;
    template.labels.insert("docmill.io/schedule".into(), "other".into());
    template.annotations.insert("docmill.io/scheduled-time".into(), "never".into());
    let run = run(&schedule, today("10:10:00"));
    assert_eq!(run.labels()["docmill.io/schedule"], "daily");
    assert_eq!(run.annotations()["docmill.io/scheduled-time"], "2026-11-25T10:10:00Z");
}

#[test]
fn the_longest_name_of_a_schedule_gives_a_name_that_a_run_can_have() {
    let mut schedule = schedule(&json!({}));
    schedule.metadata.name = Some("s".repeat(43));
    assert!(schedule.validate_cel().is_ok());
    let run = run(&schedule, at("2160-01-01T00:00:00Z"));
    assert_eq!(run.name_any().len(), 52);
    assert!(run.validate_cel().is_ok());
}

#[test]
fn ended_runs_are_kept_up_to_the_limits_and_those_at_work_in_any_case() {
    let history = [
        ("09:00:00", Complete),
        ("09:10:00", Failed),
        ("09:20:00", Complete),
        ("09:30:00", Complete),
        ("09:40:00", Failed),
        ("09:50:00", Active),
        ("10:00:00", Complete),
        ("10:10:00", Complete),
    ];
    let gone = |limits: &Value| {
        let plan = planned(&after(limits, "2026-11-25T10:10:00Z"), &history, "10:15:00");
        plan.outdated
            .iter()
            .map(|run| run.annotations()["docmill.io/scheduled-time"][11..16].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(gone(&json!({})), ["09:00", "09:10", "09:20"]);
    let none = json!({"successfulRunsHistoryLimit": 0, "failedRunsHistoryLimit": 0});
    assert_eq!(gone(&none), ["09:00", "09:10", "09:20", "09:30", "09:40", "10:00", "10:10"]);
    assert_eq!(gone(&json!({"successfulRunsHistoryLimit": 9, "failedRunsHistoryLimit": 9})), [""; 0]);
}

#[test]
fn a_run_stays_until_the_status_has_its_time() {
    let none = json!({"successfulRunsHistoryLimit": 0});
    let kept = planned(&after(&none, "2026-11-25T10:00:00Z"), &[("10:10:00", Complete)], "10:15:00");
    assert!(kept.outdated.is_empty(), "without both its time would be due again");
    let kept = planned(&schedule(&none), &[("10:10:00", Complete)], "10:15:00");
    assert!(kept.outdated.is_empty());
}
