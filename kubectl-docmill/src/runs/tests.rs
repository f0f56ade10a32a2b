//! Runs at work and at their end, as people see them.

use docmill_crds::{EnrichmentRun, IngestRun};
use serde_json::{Value, json};

use super::meter::Meter;
use super::render::{exit_status, progress, verdict};
use super::run_state::{Run as _, RunState};
use crate::exit_status::ExitStatus;
use crate::output::Palette;

fn ingest_run(status: &Value) -> RunState {
    of_mode("Replay", status)
}

fn of_mode(mode: &str, status: &Value) -> RunState {
    let run: IngestRun = serde_json::from_value(json!({
        "apiVersion": "docmill.io/v1beta1", "kind": "IngestRun", "metadata": {"name": "replay-wire-x"},
        "spec": {"sourceRef": {"name": "wire"}, "mode": mode}, "status": status}))
    .unwrap();
    run.state()
}

fn condition(of: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": of, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": "2026-01-03T00:00:00Z"})
}

fn plain() -> Palette {
    Palette::default()
}

#[test]
fn a_run_at_work_shows_bar_numbers_rate_and_time_left() {
    let state =
        ingest_run(&json!({"phase": "Running", "selected": 2700, "done": 1200, "failed": 3, "skipped": 12,
        "progress": "45%"}));
    let mut meter = Meter::default();
    meter.look(0, 15);
    meter.look(10_000, 1215);
    assert_eq!(
        progress(&state, &meter, plain()),
        "[##########--------------]  45%  1,215 of 2,700 units  3 failed  120.0/s  12s left"
    );
}

#[test]
fn a_run_that_waits_says_why() {
    let throttled = condition("Throttled", "True", "IndexRefuses", "the index takes no more requests");
    let state = ingest_run(&json!({"phase": "Running", "conditions": [throttled]}));
    let waits = "Running  IndexRefuses: the index takes no more requests";
    assert_eq!(progress(&state, &Meter::default(), plain()), waits);
    let throttled = condition("Throttled", "True", "Elasticsearch", "429");
    let degraded = condition("Degraded", "True", "PodsFail", "out of memory");
    let state = ingest_run(&json!({"phase": "Running", "conditions": [throttled, degraded]}));
    assert_eq!(
        state.waits.as_deref(),
        Some("PodsFail: out of memory"),
        "what a person has to fix comes first"
    );
    let not_ready = condition("Ready", "False", "SourceNotFound", "there is no source");
    let state = ingest_run(&json!({"conditions": [not_ready]}));
    assert_eq!(progress(&state, &Meter::default(), plain()), "Pending  SourceNotFound: there is no source");
}

#[test]
fn a_verdict_has_numbers_and_an_exit_status() {
    let complete = condition("Complete", "True", "Complete", "all units are processed");
    let good =
        ingest_run(&json!({"phase": "Complete", "conditions": [complete.clone()], "selected": 6, "done": 6,
        "changed": 6, "duration": "12s"}));
    assert_eq!(
        verdict(&good, plain()),
        "ingestrun.docmill.io/replay-wire-x Complete: 6 units selected, 6 done, 6 changed, in 12s\n"
    );
    assert_eq!(exit_status(&good), ExitStatus::Success);

    let refused =
        ingest_run(&json!({"phase": "Complete", "conditions": [complete], "selected": 6, "done": 4,
        "failed": 2, "report": "s3://b/report.json"}));
    assert_eq!(
        verdict(&refused, plain()),
        "ingestrun.docmill.io/replay-wire-x Complete: 6 units selected, 4 done, 2 failed\n  report: \
         s3://b/report.json\n  next: kubectl docmill failures wire\n"
    );
    assert_eq!(exit_status(&refused), ExitStatus::Findings);

    let failed = condition("Failed", "True", "BackoffLimitExceeded", "pods failed too often");
    let failed = ingest_run(&json!({"phase": "Failed", "conditions": [failed]}));
    assert_eq!(
        verdict(&failed, plain()),
        "ingestrun.docmill.io/replay-wire-x Failed\n  BackoffLimitExceeded: pods failed too often\n"
    );
    assert_eq!(exit_status(&failed), ExitStatus::Failed);
}

#[test]
fn an_audit_with_differences_that_stay_is_a_finding() {
    let complete = condition("Complete", "True", "Complete", "");
    let of = |repaired: i64| {
        let conditions = [complete.clone()];
        let numbers = json!({"phase": "Complete", "conditions": conditions, "selected": 4, "done": 100,
            "differences": 3, "repaired": repaired});
        of_mode("Audit", &numbers)
    };
    assert_eq!((exit_status(&of(0)), exit_status(&of(3))), (ExitStatus::Findings, ExitStatus::Success));
    assert!(verdict(&of(3), plain()).contains("4 key ranges selected, 100 done, 3 differences, 3 repaired"));
}

#[test]
fn an_audit_that_deleted_nothing_since_it_would_be_too_much_says_so() {
    let conditions = [condition("Complete", "True", "DeletionsWithheld", "nothing was deleted")];
    let numbers = json!({"phase": "Complete", "conditions": conditions, "differences": 300, "repaired": 0});
    let state = of_mode("Audit", &numbers);
    assert_eq!(exit_status(&state), ExitStatus::Findings);
    assert!(verdict(&state, plain()).contains("DeletionsWithheld: nothing was deleted"));
}

#[test]
fn an_enrichment_counts_documents() {
    let run: EnrichmentRun = serde_json::from_value(json!({
        "apiVersion": "docmill.io/v1beta1", "kind": "EnrichmentRun", "metadata": {"name": "tone"},
        "spec": {
            "from": {"sourceRef": {"name": "wire"}},
            "to": {"elasticsearch": {"urls": ["https://es"]}, "index": {"name": "enriched"}},
            "enrichers": []},
        "status": {"phase": "Running", "selected": 10, "done": 4, "cached": 1}}))
    .unwrap();
    let state = run.state();
    assert_eq!(state.name, "enrichmentrun.docmill.io/tone");
    assert_eq!(
        progress(&state, &Meter::default(), plain()),
        "[#########---------------]  40%  4 of 10 documents"
    );
}

#[test]
fn a_meter_forgets_what_is_long_ago() {
    let mut meter = Meter::default();
    assert_eq!(meter.tenths_per_second(), None);
    for second in 0..60 {
        meter.look(second * 1000, if second < 30 { 0 } else { (second - 29) * 5 });
    }
    assert_eq!((meter.tenths_per_second(), meter.seconds_for(100)), (Some(50), Some(20)));
}
