//! The report of an erasure, for the file of whoever has to account for it. Pure.

use docmill_crds::IngestRun;
use docmill_crds::api::ingest_run::{Forget, Forgotten};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::output::amounts::count;
use crate::output::untrusted::one_line;

/// The report of a run that is complete.
pub fn text(run: &IngestRun, namespace: &str) -> String {
    let status = run.status.clone().unwrap_or_default();
    let forget = run.spec.forget.clone().unwrap_or_default();
    let metadata = &run.metadata;
    let mut lines = vec![
        ("Source", format!("{namespace}/{}", run.spec.source_ref.name)),
        ("Run", metadata.name.clone().unwrap_or_default()),
        ("UID", metadata.uid.clone().unwrap_or_default()),
        ("Requested", time(metadata.creation_timestamp.as_ref())),
        ("Complete", time(status.completion_time.as_ref())),
    ];
    lines.extend(forget.documents.iter().map(|id| ("Document", id.clone())));
    lines.extend(forget.keys.iter().map(|key| ("Key", key.clone())));
    lines.push(("Objects", count(status.selected.unwrap_or_default())));
    lines.extend(erased(status.forgotten.unwrap_or_default()));
    lines.push(("Proof", "after that, a search of all stores found nothing of these objects".to_owned()));
    lines.push(("Kept", kept(&forget).to_owned()));
    lines.extend(status.report.map(|report| ("Details", report)));
    let lines = lines.into_iter().map(|(name, value)| format!("{name:<10} {}\n", one_line(&value)));
    format!("\nErasure report\n{}", lines.collect::<Vec<_>>().concat())
}

fn time(time: Option<&Time>) -> String {
    time.map_or_else(|| "unknown".to_owned(), |time| time.0.to_string())
}

fn erased(forgotten: Forgotten) -> [(&'static str, String); 6] {
    let Forgotten { documents, enriched, snapshots, errors, records, raw } = forgotten;
    [
        ("Erased", format!("{} documents of the index", count(documents))),
        ("", format!("{} enriched copies", count(enriched))),
        ("", format!("{} snapshots", count(snapshots))),
        ("", format!("{} objects of the errors bucket", count(errors))),
        ("", format!("{} records, of which the identity of the object is left", count(records))),
        ("", format!("{} raw objects", count(raw))),
    ]
}

fn kept(forget: &Forget) -> &'static str {
    if forget.raw {
        "key, versions and times of the objects, which keep them out"
    } else {
        "the raw objects; and key, versions and times of them, which keep them out"
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::IngestRun;
    use serde_json::json;

    use super::text;

    #[test]
    fn a_report_says_what_was_asked_what_was_done_and_what_is_kept() {
        let run: IngestRun = serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1", "kind": "IngestRun",
            "metadata": {"name": "forget-wire-1", "uid": "u-1", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"sourceRef": {"name": "wire"}, "mode": "Forget", "forget": {"documents": ["urn:a"]}},
            "status": {"selected": 1, "completionTime": "2026-01-01T00:00:20Z", "report": "s3://json/report.json",
                "forgotten": {"documents": 1, "enriched": 2, "snapshots": 3, "errors": 0, "records": 1, "raw": 0}},
        }))
        .unwrap();
        let expected = "
Erasure report
Source     news/wire
Run        forget-wire-1
UID        u-1
Requested  2026-01-01T00:00:00Z
Complete   2026-01-01T00:00:20Z
Document   urn:a
Objects    1
Erased     1 documents of the index
           2 enriched copies
           3 snapshots
           0 objects of the errors bucket
           1 records, of which the identity of the object is left
           0 raw objects
Proof      after that, a search of all stores found nothing of these objects
Kept       the raw objects; and key, versions and times of them, which keep them out
Details    s3://json/report.json
";
        assert_eq!(text(&run, "news"), expected);
    }
}
