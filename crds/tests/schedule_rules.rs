//! The rules (CEL) of schedules, evaluated as the API server does. Those of the fields that all kinds have are shared,
//! so they are tried out on one kind.

#![allow(clippy::expect_used, reason = "a test ends by it")]

use docmill_crds::{EnrichmentSchedule, IngestSchedule, Schedule as _};
use serde_json::{Value, json};

fn schedule() -> Value {
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "EnrichmentSchedule",
        "metadata": {"name": "daily"},
        "spec": {
            "schedule": "30 2 * * *",
            "runTemplate": {"spec": {
                "from": {"sourceRef": {"name": "wire"}},
                "to": {"elasticsearch": {"urls": ["http://es:9200"]}, "index": {"name": "e-{publishedAt:%Y}"}},
                "enrichers": [{
                    "name": "e",
                    "openInference": {"url": "http://m:8080", "model": "m"},
                    "inputs": [{"name": "text", "template": "{headline}"}],
                    "outputs": [{"from": "t", "field": "f", "type": "Number"}],
                }],
            }},
        },
    })
}

fn ingest_schedule() -> Value {
    json!({
        "apiVersion": "docmill.io/v1beta1",
        "kind": "IngestSchedule",
        "metadata": {"name": "nightly"},
        "spec": {
            "schedule": "30 2 * * *",
            "runTemplate": {"spec": {"sourceRef": {"name": "wire"}, "mode": "Audit"}},
        },
    })
}

/// A resource that was changed at one place.
fn changed(mut resource: Value, place: &str, value: &Value) -> Value {
    let (parent, name) = place.rsplit_once('/').expect("a place");
    resource.pointer_mut(parent).expect("a parent")[name] = value.clone();
    resource
}

/// What the rules say against a schedule that was changed at one place.
fn fault(place: &str, value: &Value) -> Option<String> {
    let changed = changed(schedule(), place, value);
    let schedule: EnrichmentSchedule = serde_json::from_value(changed).expect("a schedule");
    schedule.validate_cel().err().map(|errors| format!("{errors:?}"))
}

/// The same for a schedule of ingest runs.
fn ingest_fault(place: &str, value: &Value) -> Option<String> {
    let changed = changed(ingest_schedule(), place, value);
    let schedule: IngestSchedule = serde_json::from_value(changed).expect("a schedule");
    schedule.validate_cel().err().map(|errors| format!("{errors:?}"))
}

#[test]
fn five_fields_and_the_short_forms_are_taken() {
    for sound in [
        "* * * * *",
        "*/15 9-17 1,15 JAN-MAR MON-FRI",
        "0 0 ? * sun",
        "5/10 0-23/2 * * 1-5/2",
        "0  2  *  *  *",
        "@hourly",
        "@daily",
        "@midnight",
        "@weekly",
        "@monthly",
        "@yearly",
        "@annually",
    ] {
        assert_eq!(fault("/spec/schedule", &json!(sound)), None, "{sound}");
    }
}

#[test]
fn what_cannot_be_a_schedule_is_refused_with_an_example() {
    for wrong in [
        "",
        "* * * *",
        "0 * * * * *",
        "TZ=UTC 0 0 * * *",
        "CRON_TZ=UTC 0 0 * * *",
        "0 0 * * * UTC",
        "@every 1h",
        "@reboot",
        "0 0 L * *",
        "0 0 15W * *",
        "0 0 * * 5#3",
        "H 0 * * *",
        "0 0 100 * *",
        "0,, 0 * * *",
        "0 0 1- * *",
    ] {
        let found = fault("/spec/schedule", &json!(wrong)).unwrap_or_default();
        assert!(
            found.contains("must have five fields") && found.contains("30 2 * * MON-FRI"),
            "{wrong:?}: {found}"
        );
    }
}

#[test]
fn a_time_zone_is_a_name_and_not_that_of_whatever_machine_it_is() {
    for sound in [
        "UTC",
        "Europe/Berlin",
        "America/Argentina/Buenos_Aires",
        "America/Port-au-Prince",
        "Etc/GMT+3",
        "EST5EDT",
    ] {
        assert_eq!(fault("/spec/timeZone", &json!(sound)), None, "{sound}");
    }
    for wrong in [
        "",
        "Local",
        "LOCAL",
        "local",
        "+01:00",
        "-3",
        "Europe/",
        "/etc/localtime",
        "CET-1CEST,M3.5.0",
        "Europe/../Berlin",
    ] {
        let found = fault("/spec/timeZone", &json!(wrong)).unwrap_or_default();
        assert!(found.contains("IANA time zone database"), "{wrong:?}: {found}");
    }
}

#[test]
fn names_are_short_enough_for_those_of_runs() {
    assert_eq!(fault("/metadata/name", &json!("a".repeat(43))), None);
    assert!(fault("/metadata/name", &json!("a".repeat(44))).expect("a fault").contains("43 characters"));
}

#[test]
fn the_rules_of_a_run_hold_in_the_template() {
    let cluster = json!({"urls": ["http://es:9200"]});
    let both = json!({"sourceRef": {"name": "wire"}, "elasticsearch": cluster, "index": {"name": "a"}});
    let found = fault("/spec/runTemplate/spec/from", &both).expect("a fault");
    assert!(found.contains("exactly one of sourceRef and elasticsearch"), "{found}");
    let found = ingest_fault("/spec/runTemplate/spec/dryRun", &json!(true)).expect("a fault");
    assert!(found.contains("dryRun is not for mode Audit"), "{found}");
}

#[test]
fn schedules_of_ingest_runs_have_the_same_rules() {
    assert_eq!(ingest_fault("/spec/schedule", &json!("@daily")), None);
    for (place, wrong, expected) in [
        ("/spec/schedule", json!("@every 1h"), "must have five fields"),
        ("/spec/timeZone", json!("Local"), "IANA time zone database"),
        ("/metadata/name", json!("a".repeat(44)), "43 characters"),
    ] {
        let found = ingest_fault(place, &wrong).unwrap_or_default();
        assert!(found.contains(expected), "{wrong}: {found}");
    }
}

#[test]
fn what_is_left_out_is_as_documented() {
    let read: EnrichmentSchedule = serde_json::from_value(schedule()).expect("a schedule");
    let ingest: IngestSchedule = serde_json::from_value(ingest_schedule()).expect("a schedule");
    assert_eq!(ingest.settings(), read.settings());
    let spec = serde_json::to_value(&read.spec).expect("a spec");
    for (field, default) in [
        ("timeZone", json!("UTC")),
        ("concurrencyPolicy", json!("Forbid")),
        ("suspend", json!(false)),
        ("successfulRunsHistoryLimit", json!(3)),
        ("failedRunsHistoryLimit", json!(1)),
        ("startingDeadlineSeconds", json!(null)),
    ] {
        assert_eq!(spec[field], default, "{field}");
    }
}
