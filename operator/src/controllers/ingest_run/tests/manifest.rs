//! A daily manifest: one Job, which leaves the key of the statement.

use docmill_crds::IngestRunStatus;
use docmill_crds::api::ingest_run::{IngestMode, IngestPhase};
use docmill_crds::contract::RunOrder;
use docmill_crds::records::runs::PlanRecord;

use super::{fresh, order, plan_record, run, selected};
use crate::controllers::ingest_run::observation::IngestObservation;
use crate::controllers::ingest_run::plan;
use crate::controllers::ingest_run::status::{events, status};
use crate::outcome::conditions::{condition_type, find};

#[test]
fn a_manifest_is_written_by_the_first_job_and_its_statement_is_the_report() {
    let mut run = run();
    run.spec.mode = IngestMode::Manifest;
    let mut order: RunOrder = order();
    order.spec.mode = IngestMode::Manifest;
    let old = IngestRunStatus::default();

    let seen = IngestObservation { start: Some(order.clone()), ..fresh() };
    let plan = plan::plan(&run.spec, &seen);
    let begun = status(&old, &run, &seen, &plan);
    assert_eq!(begun.phase, Some(IngestPhase::Running));
    assert_eq!(find(&begun.conditions, condition_type::PROGRESSING).unwrap().reason, "WritingManifest");
    assert!(events(&old, &begun, &plan).iter().any(|event| event.reason == "WritingManifest"));

    let key = "wire/.docmill/manifests/news/wire/2026-11-29/00000001.json";
    let record = PlanRecord { manifest: Some(key.into()), ..plan_record(0, 60) };
    let mut seen = selected(Some(record));
    if let Some(job) = &mut seen.selecting {
        job.order = Some(order);
    }
    let ended = status(&begun, &run, &seen, &plan::plan(&run.spec, &seen));
    assert_eq!((ended.phase, ended.selected), (Some(IngestPhase::Complete), Some(60)));
    assert!(ended.report.unwrap().ends_with(key));
    let complete = find(&ended.conditions, condition_type::COMPLETE).unwrap();
    assert_eq!(complete.message, "the manifest of the day has 60 units");
}
