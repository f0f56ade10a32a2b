//! A probe: one Job, whose report is the result.

use docmill_crds::api::ingest_run::probe::{Need, ProbeResult};
use docmill_crds::api::ingest_run::{IngestMode, IngestPhase};
use docmill_crds::contract::{Report, RunOrder, RunStep};
use docmill_crds::{IngestRun, IngestRunStatus};

use super::{at, end, fresh, order, run, step};
use crate::controllers::ingest_run::observation::{IngestObservation, RunJob};
use crate::controllers::ingest_run::plan::{self, IngestPlan};
use crate::controllers::ingest_run::status::{events, status};
use crate::outcome::conditions::{condition_type, find};

fn probe() -> IngestRun {
    let mut run = run();
    run.spec.mode = IngestMode::Probe;
    run
}

fn probe_order() -> RunOrder {
    let mut order = order();
    order.spec.mode = IngestMode::Probe;
    order
}

/// Its Job has ended at second 1,090, and the pod left this report.
fn ended(report: Option<Report>) -> IngestObservation {
    let job = RunJob { order: Some(probe_order()), report, ..step(RunStep::Plan, Some(end(true))) };
    IngestObservation { start: None, selecting: Some(job), ..fresh() }
}

fn plan(seen: &IngestObservation) -> IngestPlan {
    plan::plan(&probe().spec, seen)
}

#[test]
fn a_probe_runs_from_its_first_job_on() {
    let seen = IngestObservation { start: Some(probe_order()), ..fresh() };
    let old = IngestRunStatus::default();
    let status = status(&old, &probe(), &seen, &plan(&seen));
    assert_eq!(status.phase, Some(IngestPhase::Running));
    assert_eq!(find(&status.conditions, condition_type::PROGRESSING).unwrap().reason, "Probing");
    assert!(events(&old, &status, &plan(&seen)).iter().any(|event| event.reason == "Probing"));
}

#[test]
fn the_report_of_its_pod_is_its_result() {
    let probes = vec![ProbeResult::passed(Need::ListRaw), ProbeResult::failed(Need::ReadRaw, "AccessDenied")];
    let seen = ended(Some(Report { probes: probes.clone(), ..Report::default() }));
    let status = status(&IngestRunStatus::default(), &probe(), &seen, &plan(&seen));
    assert_eq!((status.phase, status.probes), (Some(IngestPhase::Complete), probes));
    let complete = find(&status.conditions, condition_type::COMPLETE).unwrap();
    assert_eq!(complete.reason, "Probed");
    assert_eq!(complete.message, "1 needs are met, 1 are not (ReadRaw), 0 could not be asked for");
    assert_eq!((status.report, status.selected), (None, None), "it selects nothing");
}

#[test]
fn a_report_may_come_later_than_the_end_of_its_job_but_not_much() {
    let seen = ended(None);
    assert_eq!(plan(&seen), IngestPlan::Watch);
    let late = IngestObservation { now: at(1120), ..seen };
    assert!(matches!(plan(&late), IngestPlan::Fail { reason, .. } if reason == "ProbeUnaccounted"));
}
