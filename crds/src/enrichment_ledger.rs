//! What is remembered of enrichments, beside the enriched documents: the index `docmill-enrichments-<namespace>`
//! of the cluster that an `EnrichmentRun` writes to. A lost operator or a restored cluster carries on from it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::enrichment_run::{Enricher, EnrichmentRunSpec};
use crate::ledger::hex;

/// Matches the names of all these indices.
pub const ENRICHMENTS_PATTERN: &str = "docmill-enrichments-*";

/// Name of the index that holds the records of all enrichments of a namespace.
#[must_use]
pub fn enrichments_index(namespace: &str) -> String {
    format!("docmill-enrichments-{namespace}")
}

/// Names one way of enriching: the same source index, target name and models, whatever the run is called. 32 hex
/// digits. A changed model is another way, so that everything is new to it.
#[must_use]
pub fn enrichment_key(from_index: &str, spec: &EnrichmentRunSpec) -> String {
    let models: Vec<String> = spec.enrichers.iter().map(model_digest).collect();
    digest(&json!({"from": from_index, "to": spec.to.name, "models": models}))
}

/// Digest of everything of an enricher that decides what it gives for an input: model, version, inputs, outputs.
/// Where the model is reached and how fast it is asked does not matter. 32 hex digits.
#[must_use]
pub fn model_digest(enricher: &Enricher) -> String {
    digest(&json!({
        "name": enricher.name,
        "model": enricher.open_inference.model,
        "version": enricher.open_inference.version,
        "inputs": enricher.inputs,
        "outputs": enricher.outputs,
    }))
}

fn digest(value: &Value) -> String {
    hex(&Sha256::digest(value.to_string().as_bytes())[..16])
}

/// How far one slice of a run is. Id: `slice-<run uid>-<slice>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SliceRecord {
    /// Always `slice`.
    pub kind: String,
    /// UID of the `EnrichmentRun`.
    pub run: String,
    /// Number of the slice, from 0.
    pub slice: i32,
    /// Documents that needed work.
    pub selected: i64,
    /// Documents whose enriched copy is stored.
    pub done: i64,
    /// Documents of `done` without a call to a model.
    pub cached: i64,
    /// Documents that a model or the index refused.
    pub failed: i64,
    /// Requests sent to models.
    pub calls: i64,
    /// Reason of the first failure, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
    /// Whether the slice was gone through to its end.
    pub finished: bool,
    /// RFC 3339, UTC.
    pub updated_time: String,
}

impl SliceRecord {
    /// Id of a slice's record.
    #[must_use]
    pub fn id(run_uid: &str, slice: i32) -> String {
        format!("slice-{run_uid}-{slice}")
    }
}

/// Until when one way of enriching is complete. Id: `bound-<enrichment key>`. Written with the bound in
/// milliseconds as external version, so that a slow run never sets it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoundRecord {
    /// Always `bound`.
    pub kind: String,
    /// UID of the run that completed it.
    pub run: String,
    /// Every document with `_docmill.indexedTime` up to this time is enriched. RFC 3339, UTC.
    pub completed_until: String,
}

impl BoundRecord {
    /// Id of the record of one way of enriching.
    #[must_use]
    pub fn id(enrichment_key: &str) -> String {
        format!("bound-{enrichment_key}")
    }
}

/// Settings and mapping of the index.
#[must_use]
pub fn enrichments_index_body() -> Value {
    let count = json!({"type": "long"});
    json!({
        "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
        "mappings": {
            "dynamic": false,
            "properties": {
                "kind": {"type": "keyword"},
                "run": {"type": "keyword"},
                "slice": {"type": "integer"},
                "selected": count,
                "done": count,
                "cached": count,
                "failed": count,
                "calls": count,
                "firstFailure": {"type": "text"},
                "finished": {"type": "boolean"},
                "updatedTime": {"type": "date"},
                "completedUntil": {"type": "date"},
            },
        },
    })
}
