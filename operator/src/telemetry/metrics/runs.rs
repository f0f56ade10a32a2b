//! Metrics of runs, including ended runs as long as they exist.

use docmill_crds::{EnrichmentRun, IngestRun};

use super::resource_collector::{Gauge, ResourceMetrics, Series, by_state, of_conditions, one};

impl ResourceMetrics for EnrichmentRun {
    const LABEL: &'static str = "run";
    const GAUGES: &'static [Gauge<Self>] = &[
        Gauge {
            name: "docmill_enrichment_run_documents",
            help: "Documents of a run, by state",
            read: documents,
        },
        Gauge {
            name: "docmill_enrichment_run_calls",
            help: "Requests sent to models",
            read: |run| one(run.status.as_ref().and_then(|status| status.calls)),
        },
        Gauge {
            name: "docmill_enrichment_run_input_characters",
            help: "Characters sent to models",
            read: |run| one(run.status.as_ref().and_then(|status| status.input_characters)),
        },
    ];
    const CONDITIONS: Gauge<Self> = Gauge {
        name: "docmill_enrichment_run_condition",
        help: "Whether a condition is True (1) or not (0), with its reason",
        read: |run| of_conditions(run.status.iter().flat_map(|status| &status.conditions)),
    };
}

fn documents(run: &EnrichmentRun) -> Series {
    let Some(status) = &run.status else { return Vec::new() };
    by_state(&[
        ("Selected", status.selected),
        ("Done", status.done),
        ("Cached", status.cached),
        ("Failed", status.failed),
    ])
}

impl ResourceMetrics for IngestRun {
    const LABEL: &'static str = "run";
    const GAUGES: &'static [Gauge<Self>] =
        &[Gauge { name: "docmill_ingest_run_units", help: "Units of a run, by state", read: units }];
    const CONDITIONS: Gauge<Self> = Gauge {
        name: "docmill_ingest_run_condition",
        help: "Whether a condition is True (1) or not (0), with its reason",
        read: |run| of_conditions(run.status.iter().flat_map(|status| &status.conditions)),
    };
}

fn units(run: &IngestRun) -> Series {
    let Some(status) = &run.status else { return Vec::new() };
    by_state(&[
        ("Selected", status.selected),
        ("Done", status.done),
        ("Changed", status.changed),
        ("Failed", status.failed),
        ("Skipped", status.skipped),
    ])
}

#[cfg(test)]
mod tests {
    use docmill_crds::{EnrichmentRunStatus, IngestRun, IngestRunStatus};
    use k8s_openapi::jiff::Timestamp;
    use serde_json::json;

    use super::super::Metrics;
    use crate::controllers::enrichment_run::tests::run;
    use crate::outcome::conditions::{ConditionUpdate, build, condition_type};
    use crate::testing::view_of;

    #[test]
    fn a_run_shows_its_counts_and_conditions() {
        let conditions = |condition_type, reason: &str| {
            build(
                &[],
                vec![ConditionUpdate::new(condition_type, true, reason, "")],
                None,
                Timestamp::UNIX_EPOCH,
            )
        };
        let mut enrichment = run();
        enrichment.status = Some(EnrichmentRunStatus {
            conditions: conditions(condition_type::THROTTLED, "Model"),
            selected: Some(9),
            done: Some(7),
            cached: Some(2),
            failed: Some(1),
            calls: Some(3),
            input_characters: Some(40),
            ..EnrichmentRunStatus::default()
        });
        let mut ingest: IngestRun = serde_json::from_value(json!({
            "metadata": {"name": "backfill", "namespace": "news"},
            "spec": {"sourceRef": {"name": "wire"}, "mode": "Process"},
        }))
        .unwrap();
        ingest.status = Some(IngestRunStatus {
            conditions: conditions(condition_type::FAILED, "JobFailed"),
            selected: Some(5),
            done: Some(4),
            ..IngestRunStatus::default()
        });
        let metrics = Metrics::default();
        metrics.resources.enrichment_runs.add_view(view_of(enrichment));
        metrics.resources.ingest_runs.add_view(view_of(ingest));
        let text = metrics.text();
        for line in [
            r#"docmill_enrichment_run_documents{namespace="news",run="sentiment",state="Selected"} 9"#,
            r#"docmill_enrichment_run_documents{namespace="news",run="sentiment",state="Done"} 7"#,
            r#"docmill_enrichment_run_documents{namespace="news",run="sentiment",state="Cached"} 2"#,
            r#"docmill_enrichment_run_documents{namespace="news",run="sentiment",state="Failed"} 1"#,
            r#"docmill_enrichment_run_calls{namespace="news",run="sentiment"} 3"#,
            r#"docmill_enrichment_run_input_characters{namespace="news",run="sentiment"} 40"#,
            r#"docmill_enrichment_run_condition{namespace="news",run="sentiment",type="Throttled",reason="Model"} 1"#,
            r#"docmill_ingest_run_units{namespace="news",run="backfill",state="Done"} 4"#,
            r#"docmill_ingest_run_condition{namespace="news",run="backfill",type="Failed",reason="JobFailed"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is missing in:\n{text}");
        }
        assert!(!text.contains("Changed"), "it is not known");
    }
}
