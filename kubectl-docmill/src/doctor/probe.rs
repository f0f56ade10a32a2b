//! What a pod with the identity of a worker found, or why there is no such pod.

use docmill_crds::IngestSource;
use docmill_crds::api::ingest_run::probe::{ProbeOutcome, ProbeResult};
use kube::ResourceExt as _;

use super::diagnosis::{Check, Verdict};
use super::facts::ProbeFacts;
use super::source::{condition, is_true, subject};
use super::{remedies, start};

/// The name of the check whether a worker starts.
const START: &str = "WorkerStart";

/// Checks the outcome of a probe.
pub fn check(facts: &ProbeFacts, source: &IngestSource) -> Vec<Check> {
    let subject = subject(source);
    let run = match &facts.run {
        Ok(run) => run,
        Err(error) => return vec![Check::new(&subject, START, Verdict::Unknown, error)],
    };
    let status = run.status.clone().unwrap_or_default();
    if is_true(&status.conditions, "Complete") {
        let started = Check::new(&subject, START, Verdict::Passed, format!("{} ran", run.name_any()));
        let needs = status.probes.iter().map(|probe| need(probe, &subject, source));
        return std::iter::once(started).chain(needs).collect();
    }
    let obstacles = start::obstacles(&facts.pods, &facts.events);
    if !obstacles.is_empty() {
        let checks = obstacles.into_iter().map(|obstacle| {
            let detail = format!("{}: {}", obstacle.reason, obstacle.message);
            Check::new(&subject, START, Verdict::Failed, detail).with_remedy(obstacle.remedy())
        });
        return checks.collect();
    }
    let reasons = [("Failed", "True"), ("Ready", "False"), ("Suspended", "True")];
    let found = reasons.into_iter().find_map(|(kind, expected)| {
        condition(&status.conditions, kind).filter(|condition| condition.status == expected)
    });
    let check = if let Some(found) = found {
        let detail = format!("{}: {}", found.reason, found.message);
        let check = Check::new(&subject, START, Verdict::Failed, detail);
        check.with_remedy(remedies::of_reason(&found.reason, &source.spec))
    } else {
        let detail = format!("no answer within {} s", facts.waited_seconds);
        let remedy = format!(
            "Look at the run and its pod, or wait longer with --timeout:\n  kubectl describe ingestrun,job,pod \
                 --selector docmill.io/ingest-run={}",
            run.name_any()
        );
        Check::new(&subject, START, Verdict::Unknown, detail).with_remedy(remedy)
    };
    vec![check]
}

fn need(probe: &ProbeResult, subject: &str, source: &IngestSource) -> Check {
    let ProbeResult { need, outcome, detail } = probe;
    let check = |verdict| Check::new(subject, need.as_str(), verdict, detail.as_str());
    match outcome {
        ProbeOutcome::Passed => check(Verdict::Passed),
        ProbeOutcome::Failed => check(Verdict::Failed).with_remedy(remedies::of_need(*need, detail, source)),
        ProbeOutcome::Unknown => {
            check(Verdict::Unknown).with_remedy(remedies::of_unknown(*need, detail, &source.spec))
        }
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::{IngestRun, IngestSource};
    use serde_json::{Value, json};

    use super::check;
    use crate::doctor::{Check, ProbeFacts, Verdict};

    fn source() -> IngestSource {
        serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1", "kind": "IngestSource", "metadata": {"name": "wire"},
            "spec": {"storage": {"region": "eu-west-1", "bucket": "news"},
                     "trigger": {"poll": {"intervalSeconds": 60}}, "conversion": {"preset": "nitf"}},
        }))
        .unwrap()
    }

    fn checks(status: &Value) -> Vec<Check> {
        let run: IngestRun = serde_json::from_value(json!({
            "apiVersion": "docmill.io/v1beta1", "kind": "IngestRun", "metadata": {"name": "doctor-x"},
            "spec": {"sourceRef": {"name": "wire"}, "mode": "Probe"}, "status": status,
        }))
        .unwrap();
        let facts = ProbeFacts { run: Ok(run), pods: Vec::new(), events: Vec::new(), waited_seconds: 90 };
        check(&facts, &source())
    }

    fn condition(kind: &str, status: &str, reason: &str) -> Value {
        json!({"type": kind, "status": status, "reason": reason, "message": "because",
               "lastTransitionTime": "2026-01-01T00:00:00Z"})
    }

    #[test]
    fn each_need_becomes_a_check_with_its_remedy() {
        let probes = json!([
            {"need": "ListRaw", "outcome": "Passed"},
            {"need": "WriteErrors", "outcome": "Failed", "detail": "AccessDenied"},
            {"need": "Redrive", "outcome": "Unknown", "detail": "AccessDenied"},
        ]);
        let found =
            checks(&json!({"conditions": [condition("Complete", "True", "Probed")], "probes": probes}));
        let told: Vec<_> = found.iter().map(|check| (check.name.as_str(), check.verdict)).collect();
        let expected = [
            ("WorkerStart", Verdict::Passed),
            ("ListRaw", Verdict::Passed),
            ("WriteErrors", Verdict::Failed),
            ("Redrive", Verdict::Unknown),
        ];
        assert_eq!(told, expected);
        assert!(found[2].remedy.as_ref().unwrap().contains("s3:PutObject"));
        assert!(found[3].remedy.as_ref().unwrap().contains("sqs:GetQueueAttributes"));
    }

    #[test]
    fn a_probe_that_cannot_start_says_why() {
        let waiting = checks(&json!({"conditions": [condition("Ready", "False", "SecretNotAllowed")]}));
        assert_eq!(
            (waiting[0].verdict, waiting[0].detail.as_str()),
            (Verdict::Failed, "SecretNotAllowed: because")
        );
        let silent = checks(&json!({"conditions": []}));
        assert_eq!(
            (silent[0].verdict, silent[0].detail.as_str()),
            (Verdict::Unknown, "no answer within 90 s")
        );
    }
}
