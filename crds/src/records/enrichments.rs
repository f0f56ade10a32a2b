//! Records of enrichments, besides the enriched documents: the index `docmill-enrichments-<namespace>` of the
//! cluster that an `EnrichmentRun` writes to. A restarted operator or a restored cluster resumes from it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantArray};

use super::own_index::{self, Layout, OwnIndex};
use crate::api::enrichment_run::{Budget, EnrichmentRunSpec, FieldComparison};
use crate::digest::digest_of;

/// Pattern for the names of all these indices.
pub const ENRICHMENTS_PATTERN: &str = "docmill-enrichments-*";

/// The kinds of records that are deleted with their run. A [`WatermarkRecord`] and a [`FailureRecord`] stay.
pub const RUN_KINDS: &[&str] = &["slice", "limits", "grants", "comparison"];

/// Keys under `_docmill` of an enriched copy, and under `_docmill.enrichment.<name>`.
pub mod key {
    /// The object of all of it.
    pub const DOCMILL: &str = "_docmill";
    /// The provenance of each enricher's result, by the enricher's name.
    pub const ENRICHMENT: &str = "enrichment";
    /// UID of the run that wrote the copy.
    pub const ENRICHMENT_RUN: &str = "enrichmentRun";
    /// UID of the run that called the model.
    pub const RUN: &str = "run";
    /// Digest of the raw object.
    pub const RAW_DIGEST: &str = "rawDigest";
    /// Digest of everything that decides the results of the model.
    pub const MODEL_DIGEST: &str = "modelDigest";
    /// Digest of the model's inputs.
    pub const INPUT_DIGEST: &str = "inputDigest";
    /// Name of the model.
    pub const MODEL: &str = "model";
    /// Version that the server reported or that was requested.
    pub const VERSION: &str = "version";
    /// When the model returned the result.
    pub const ENRICHED_TIME: &str = "enrichedTime";
}

/// Why a document could not be enriched or stored, in one word for the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, IntoStaticStr, VariantArray)]
pub enum FailureReason {
    /// The name of its index cannot be derived.
    InvalidTarget,
    /// A date that would name its index is outside of `to.index.window`.
    DateOutOfWindow,
    /// Its index does not exist, and no more new ones may be created within this hour
    /// (`to.index.maxNewIndicesPerHour`).
    TooManyIndices,
    /// It cannot be sent to a model.
    InvalidInput,
    /// It has no input for a model whose result is required.
    EmptyInput,
    /// It already has a field with the name of a model's output.
    FieldConflict,
    /// A model refuses it, or returns no usable result.
    ModelRefused,
    /// There is no enriched copy to compare it with.
    NotEnriched,
    /// The index refuses it.
    IndexRefused,
}

impl FailureReason {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The versions that servers reported for their models, by the names of the enrichers.
pub type Versions = BTreeMap<String, String>;

/// Name of the index that holds the records of all enrichments of a namespace.
pub fn enrichments_index(namespace: &str) -> String {
    format!("docmill-enrichments-{namespace}")
}

/// Identifies the source and target of enriched documents: the same indices and query, whatever the models
/// are. 32 hex digits.
pub fn target_key(from_index: &str, spec: &EnrichmentRunSpec) -> String {
    digest_of(&json!({"from": from_index, "query": spec.from.query, "to": spec.to.index.name}))
}

/// Identifies one way of enriching: the models, their inputs and their outputs. A changed model is another
/// way, so that all documents are enriched again. 32 hex digits.
pub fn pipeline_digest(spec: &EnrichmentRunSpec, versions: &Versions) -> String {
    let digest = |enricher: &crate::api::enricher::Enricher| {
        enricher.model_digest(versions.get(&enricher.name).map(String::as_str))
    };
    digest_of(&json!(spec.enrichers.iter().map(digest).collect::<Vec<_>>()))
}

/// Progress of one slice of a run. Id: `slice-<run uid>-<slice>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SliceRecord {
    /// Always `slice`.
    pub kind: String,
    /// UID of the `EnrichmentRun`.
    pub run: String,
    /// Number of the slice, from 0.
    pub slice: i32,
    /// Documents within the bounds of the slice.
    pub documents: i64,
    /// Documents that needed work.
    pub selected: i64,
    /// Documents whose enriched copy is stored.
    pub done: i64,
    /// Documents of `done` without a call to a model.
    pub cached: i64,
    /// Documents of `done` with empty inputs, for which no model was called.
    pub empty: i64,
    /// Documents that a model or the index refused.
    pub failed: i64,
    /// Documents that were enriched already.
    pub passed_over: i64,
    /// Requests sent to models.
    pub calls: i64,
    /// Characters sent to models.
    pub input_characters: i64,
    /// The budget that is reached: the slice waits for a new budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exhausted: Option<Budget>,
    /// The run's maximum number of documents is reached: the rest of the slice is left for another run.
    #[serde(default)]
    pub cut_short: bool,
    /// The version that each model reported first, by the names of the enrichers.
    #[serde(default, skip_serializing_if = "Versions::is_empty")]
    pub versions: Versions,
    /// What a model told that had not been so before, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_changed: Option<String>,
    /// What was found in a run of mode Compare, by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparison: Vec<FieldComparison>,
    /// Reason of the first failure, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
    /// Whether the slice is finished.
    pub finished: bool,
    /// RFC 3339, UTC.
    pub updated_time: String,
}

impl SliceRecord {
    /// Id of a slice's record.
    pub fn id(run_uid: &str, slice: i32) -> String {
        format!("slice-{run_uid}-{slice}")
    }
}

/// The watermark of a target: the time up to which it is complete, and by which way of enriching. Id:
/// `bound-<target key>`. Written with the bound in milliseconds as external version, so that a slow run never
/// sets it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatermarkRecord {
    /// Always `bound`.
    pub kind: String,
    /// UID of the run that completed it.
    pub run: String,
    /// The [`pipeline_digest`] in which it was enriched. For another way, nothing is complete.
    #[serde(rename = "way")]
    pub pipeline_digest: String,
    /// Every document that was indexed up to this time is enriched or has a [`FailureRecord`]. RFC 3339, UTC.
    pub completed_until: String,
}

impl WatermarkRecord {
    /// Id of the record of one target.
    pub fn id(target_key: &str) -> String {
        format!("bound-{target_key}")
    }
}

/// A document that could not be enriched or stored. It stays until the document is enriched. Id: see [`FailureRecord::id`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailureRecord {
    /// Always `failure`.
    pub kind: String,
    /// The [`target_key`] of the run.
    pub target: String,
    /// UID of the run that tried last.
    pub run: String,
    /// Id of the document.
    pub document: String,
    /// When the document was indexed, by which runs are sliced. RFC 3339, UTC. The upper bound of the slice if the document
    /// does not tell in this form.
    pub article_time: String,
    /// Always `Enrich`, as the ledger of an ingest has `Convert`, `Validate` and others.
    pub stage: String,
    /// The reason in one CamelCase word.
    pub reason: String,
    /// What happened, in words.
    pub message: String,
    /// How many runs have tried.
    pub attempts: i64,
    /// When it was last tried. RFC 3339, UTC.
    pub updated_time: String,
}

impl FailureRecord {
    /// Id of the record of a document.
    pub fn id(target_key: &str, document: &str) -> String {
        format!("failure-{}", digest_of(&json!([target_key, document])))
    }
}

/// The limits of a run: its use of models and its number of documents. Id: `limits-<run uid>`. Written by the
/// operator from the spec alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitsRecord {
    /// Always `limits`.
    pub kind: String,
    /// UID of the run.
    pub run: String,
    /// As in the spec.
    pub budget: Option<Budget>,
}

/// How much of a run's limits its slices have taken, each in portions. Id: `grants-<run uid>`. Written by
/// compare-and-set, so that together they never take more than the limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantsRecord {
    /// Always `grants`.
    pub kind: String,
    /// UID of the run.
    pub run: String,
    /// Requests.
    pub calls: i64,
    /// Characters.
    pub input_characters: i64,
    /// Documents.
    pub documents: i64,
}

/// Id of the [`LimitsRecord`] of a run.
pub fn limits_id(run_uid: &str) -> String {
    format!("limits-{run_uid}")
}

/// Id of the record of the indices that were created for a target within the last hour.
pub fn new_indices_id(target_key: &str) -> String {
    format!("new-indices-{target_key}")
}

/// Id of the [`GrantsRecord`] of a run.
pub fn grants_id(run_uid: &str) -> String {
    format!("grants-{run_uid}")
}

/// The index of a namespace.
pub fn enrichments(namespace: &str) -> OwnIndex {
    OwnIndex {
        name: enrichments_index(namespace),
        pattern: ENRICHMENTS_PATTERN,
        body: enrichments_index_body(),
        layout: Layout::default(),
    }
}

/// Settings and mapping of the index.
pub fn enrichments_index_body() -> Value {
    let count = json!({"type": "long"});
    own_index::body(&json!({
        "kind": {"type": "keyword"},
        "run": {"type": "keyword"},
        "slice": {"type": "integer"},
        "selected": count,
        "done": count,
        "cached": count,
        "empty": count,
        "failed": count,
        "calls": count,
        "firstFailure": {"type": "text"},
        "finished": {"type": "boolean"},
        "updatedTime": {"type": "date"},
        "target": {"type": "keyword"},
        "document": {"type": "keyword", "ignore_above": 1024},
        "articleTime": {"type": "date"},
        "reason": {"type": "keyword"},
        "completedUntil": {"type": "date"},
    }))
}
