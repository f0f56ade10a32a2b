//! Events of runs, in the form of OpenLineage 2-0-2 (<https://openlineage.io/spec/2-0-2/OpenLineage.json>). Pure.

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::dataset::Dataset;

const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const ERROR_SCHEMA: &str =
    "https://openlineage.io/spec/facets/1-0-0/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet";
const JOB_TYPE_SCHEMA: &str =
    "https://openlineage.io/spec/facets/2-0-3/JobTypeJobFacet.json#/$defs/JobTypeJobFacet";

/// What happened to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventType {
    /// It began.
    Start,
    /// It completed.
    Complete,
    /// It failed.
    Fail,
}

/// A run, as a run of a job that recurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// Kind of the resource.
    pub kind: &'static str,
    /// Name of the job: `<namespace>.<what recurs>`.
    pub job: String,
    /// What it reads, as far as it is known.
    pub inputs: Vec<Dataset>,
    /// What it writes.
    pub outputs: Vec<Dataset>,
}

/// An event of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEvent {
    /// What happened.
    pub event_type: EventType,
    /// When.
    pub time: Timestamp,
    /// UID of the resource, which is a UUID.
    pub run: String,
    /// The run.
    pub job_run: JobRun,
    /// Why it failed, in words.
    pub error: Option<String>,
}

impl RunEvent {
    /// The event as JSON. Jobs have this namespace.
    pub fn json(&self, namespace: &str) -> Value {
        let producer = producer();
        let JobRun { kind, job, inputs, outputs } = &self.job_run;
        let mut run_facets = json!({});
        if let Some(message) = &self.error {
            run_facets["errorMessage"] = json!({
                "_producer": producer,
                "_schemaURL": ERROR_SCHEMA,
                "message": message,
                "programmingLanguage": "Rust",
            });
        }
        let job_type = json!({
            "_producer": producer,
            "_schemaURL": JOB_TYPE_SCHEMA,
            "processingType": "BATCH",
            "integration": "DOCMILL",
            "jobType": kind,
        });
        json!({
            "eventType": self.event_type,
            "eventTime": self.time.to_string(),
            "run": {"runId": self.run, "facets": run_facets},
            "job": {"namespace": namespace, "name": job, "facets": {"jobType": job_type}},
            "inputs": inputs,
            "outputs": outputs,
            "producer": producer,
            "schemaURL": SCHEMA,
        })
    }
}

/// A URI that names what sends the events, with its version.
fn producer() -> String {
    format!("https://docmill.io/operator/{}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::{Dataset, EventType, JobRun, RunEvent};

    fn event(event_type: EventType, error: Option<&str>) -> RunEvent {
        RunEvent {
            event_type,
            time: Timestamp::from_second(1000).unwrap(),
            run: "6f2b7a0e-53cf-4d5c-9a53-0f3c1f3d0b57".to_owned(),
            job_run: JobRun {
                kind: "IngestRun",
                job: "news.wire.Process".to_owned(),
                inputs: vec![Dataset::bucket("raw", "wire/")],
                outputs: Vec::new(),
            },
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn an_event_has_what_the_specification_requires() {
        let json = event(EventType::Start, None).json("docmill");
        assert_eq!(json["eventType"], "START");
        assert_eq!(json["eventTime"], "1970-01-01T00:16:40Z");
        assert_eq!(json["run"]["runId"], "6f2b7a0e-53cf-4d5c-9a53-0f3c1f3d0b57");
        assert_eq!(
            (&json["job"]["namespace"], &json["job"]["name"]),
            (&"docmill".into(), &"news.wire.Process".into())
        );
        assert_eq!(json["inputs"][0]["namespace"], "s3://raw");
        assert_eq!(json["schemaURL"], "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent");
        assert!(json["producer"].as_str().unwrap().starts_with("https://"));
        assert!(json["run"]["facets"].get("errorMessage").is_none());
    }

    #[test]
    fn a_failure_says_why() {
        let json = event(EventType::Fail, Some("JobFailed: no")).json("docmill");
        assert_eq!(json["eventType"], "FAIL");
        let facet = &json["run"]["facets"]["errorMessage"];
        assert_eq!(
            (&facet["message"], &facet["programmingLanguage"]),
            (&"JobFailed: no".into(), &"Rust".into())
        );
        assert!(facet["_schemaURL"].as_str().unwrap().contains("ErrorMessageRunFacet"));
    }
}
