//! The conditions of a source, and of the runs that enrich its documents.

use docmill_crds::{EnrichmentRun, IngestSource};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;

use super::diagnosis::{Check, Verdict};
use super::facts::SourceFacts;
use super::remedies;

/// The subject of the checks of a source.
pub fn subject(source: &IngestSource) -> String {
    format!("source {}", source.name_any())
}

/// A condition by its type.
pub fn condition<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// Whether a condition is there and true.
pub fn is_true(conditions: &[Condition], kind: &str) -> bool {
    condition(conditions, kind).is_some_and(|condition| condition.status == "True")
}

/// Checks what the operator says of a source and of its enrichments.
pub fn check(seen: &SourceFacts) -> Vec<Check> {
    let source = &seen.source;
    let subject = subject(source);
    let Some(status) = &source.status else {
        let remedy =
            "See whether an operator runs, and whether its chart's value watchNamespaces has this namespace.";
        let check = Check::new(&subject, "Status", Verdict::Failed, "no operator has looked at it yet");
        return vec![check.with_remedy(remedy.to_owned())];
    };
    let mut checks = vec![ready(source, &subject, &status.conditions)];
    if status.observed_generation != source.metadata.generation {
        let detail = "it describes an earlier spec; look again in a minute";
        checks.push(Check::new(&subject, "Status", Verdict::Unknown, detail));
    }
    if source.spec.suspend {
        let check =
            Check::new(&subject, "Suspended", Verdict::Unknown, "spec.suspend is true: no workers start");
        let remedy = format!("kubectl docmill resume source {}", source.name_any());
        checks.push(check.with_remedy(remedy));
    }
    checks.extend(
        ["Degraded", "Throttled"].into_iter().map(|kind| trouble(&subject, kind, &status.conditions)),
    );
    checks.extend(seen.enrichments.iter().filter_map(enrichment));
    checks
}

fn ready(source: &IngestSource, subject: &str, conditions: &[Condition]) -> Check {
    let Some(condition) = condition(conditions, "Ready") else {
        return Check::new(subject, "Ready", Verdict::Unknown, "the operator has not said");
    };
    if condition.status == "True" {
        return Check::new(subject, "Ready", Verdict::Passed, condition.message.clone());
    }
    let check = Check::new(subject, "Ready", Verdict::Failed, in_words(condition));
    check.with_remedy(remedies::of_reason(&condition.reason, &source.spec))
}

/// A condition that is true when something is wrong.
fn trouble(subject: &str, kind: &str, conditions: &[Condition]) -> Check {
    match condition(conditions, kind) {
        Some(condition) if condition.status == "True" => {
            let check = Check::new(subject, kind, Verdict::Failed, in_words(condition));
            check.with_remedy(see(kind))
        }
        _ => Check::new(subject, kind, Verdict::Passed, "no"),
    }
}

/// A run that waits for something. One that has ended, works, or only waits for another run, needs nothing.
fn enrichment(run: &EnrichmentRun) -> Option<Check> {
    let conditions = run.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    if is_true(conditions, "Complete") || is_true(conditions, "Failed") {
        return None;
    }
    let subject = format!("enrichment run {}", run.name_any());
    let ready = condition(conditions, "Ready")
        .filter(|ready| ready.status == "False" && ready.reason != "OtherRunAtWork");
    if let Some(ready) = ready {
        let check = Check::new(&subject, "Ready", Verdict::Failed, in_words(ready));
        return Some(check.with_remedy(remedies::of_model(&ready.reason).unwrap_or_else(|| see("Ready"))));
    }
    let degraded = condition(conditions, "Degraded").filter(|degraded| degraded.status == "True")?;
    let check = Check::new(&subject, "Degraded", Verdict::Failed, in_words(degraded));
    Some(check.with_remedy(see("Degraded")))
}

fn in_words(condition: &Condition) -> String {
    format!("{}: {}", condition.reason, condition.message)
}

fn see(kind: &str) -> String {
    format!("What each reason asks for: docs/reference/conditions.md#{}", kind.to_lowercase())
}

#[cfg(test)]
mod tests {
    use docmill_crds::{EnrichmentRun, IngestSource};
    use serde_json::{Value, json};

    use super::check;
    use crate::doctor::{SourceFacts, Verdict};

    fn source(conditions: &Value) -> IngestSource {
        serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1", "kind": "IngestSource",
            "metadata": {"name": "wire", "namespace": "news", "generation": 2},
            "spec": {
                "storage": {"region": "eu-west-1"}, "raw": {"bucket": "news-raw"},
                "trigger": {"poll": {"intervalSeconds": 60}}, "conversion": {"preset": "nitf"},
                "snapshots": {"bucket": "news-json"}, "errors": {"bucket": "news-errors"},
            },
            "status": {"observedGeneration": 2, "conditions": conditions},
        }))
        .unwrap()
    }

    fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
        json!({"type": kind, "status": status, "reason": reason, "message": message,
               "lastTransitionTime": "2026-01-01T00:00:00Z"})
    }

    fn wrong(seen: &SourceFacts) -> Vec<(String, String)> {
        let wrong = check(seen).into_iter().filter(|check| check.verdict != Verdict::Passed);
        wrong.map(|check| (check.name, check.detail)).collect()
    }

    fn facts(source: IngestSource) -> SourceFacts {
        SourceFacts { source, enrichments: Vec::new(), probe: None }
    }

    #[test]
    fn a_source_that_is_not_ready_says_why_and_how_to_mend_it() {
        let denied = condition("Ready", "False", "AccessDenied", "failed to check the bucket \"news-raw\"");
        let seen = facts(source(&json!([denied])));
        let detail = "AccessDenied: failed to check the bucket \"news-raw\"".to_owned();
        assert_eq!(wrong(&seen), [("Ready".to_owned(), detail)]);
        assert!(check(&seen)[0].remedy.as_ref().unwrap().contains("s3:ListBucket"));
    }

    #[test]
    fn a_ready_source_has_nothing_wrong() {
        let ready = condition("Ready", "True", "Reachable", "all is well");
        let calm = condition("Degraded", "False", "AsExpected", "");
        assert!(wrong(&facts(source(&json!([ready, calm])))).is_empty());
    }

    #[test]
    fn nobody_has_looked_at_a_source_without_status() {
        let mut source = source(&json!([]));
        source.status = None;
        assert_eq!(wrong(&facts(source))[0].1, "no operator has looked at it yet");
    }

    #[test]
    fn a_run_that_waits_for_its_model_is_told_and_one_that_has_ended_or_waits_for_another_is_not() {
        let run = |conditions: Value| -> EnrichmentRun {
            serde_json::from_value(json!({
                "apiVersion": "docmill.io/v1beta1", "kind": "EnrichmentRun", "metadata": {"name": "topics"},
                "spec": {"from": {"sourceRef": {"name": "wire"}}, "select": {}, "enrichers": [],
                         "to": {"elasticsearch": {"urls": ["http://es:9200"]}, "index": {"name": "enriched-{date:%Y}"}}},
                "status": {"conditions": conditions},
            }))
            .unwrap()
        };
        let unreachable = condition("Ready", "False", "ModelUnreachable", "http://model: connection refused");
        let waiting = run(json!([unreachable.clone()]));
        let ended = run(json!([unreachable, condition("Failed", "True", "JobFailed", "no")]));
        let ready = condition("Ready", "True", "Reachable", "all is well");
        let queued = run(json!([condition("Ready", "False", "OtherRunAtWork", "topics-1 is at work")]));
        let seen =
            SourceFacts { enrichments: vec![waiting, ended, queued], ..facts(source(&json!([ready]))) };
        let detail = "ModelUnreachable: http://model: connection refused".to_owned();
        assert_eq!(wrong(&seen), [("Ready".to_owned(), detail)]);
    }
}
