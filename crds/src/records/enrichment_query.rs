//! The queries by which an enrichment finds documents. The operator counts them and cuts them into slices, a worker goes
//! through those of its slice, and both ask by the same queries.

use serde_json::{Map, Value, json};

use super::enrichments::{FailureReason, Versions, key};
use crate::api::enricher::{Enricher, OutputType};
use crate::api::enrichment_run::{Bounds, Matching};

/// Where the documents of a run are looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentQuery {
    /// Index, alias or pattern.
    pub index: String,
    /// The date that slices are cut by.
    pub time_field: String,
    /// What has to hold besides the bounds.
    filter: Vec<Value>,
}

impl DocumentQuery {
    /// The articles of an index: those that match a query, and what a run asks for besides.
    pub fn articles(
        index: &str,
        time_field: &str,
        query: Option<&Map<String, Value>>,
        matching: Option<&Matching>,
    ) -> Self {
        let mut filter: Vec<Value> = query.cloned().map(Value::Object).into_iter().collect();
        if let Some(matching) = matching {
            filter.extend(matching.query.clone().map(Value::Object));
            filter.extend(matching.ids.as_ref().map(|ids| json!({"ids": {"values": ids}})));
        }
        Self { index: index.to_owned(), time_field: time_field.to_owned(), filter }
    }

    /// The records of documents that failed on their way to a target.
    pub fn failures(enrichments_index: &str, target: &str) -> Self {
        Self {
            index: enrichments_index.to_owned(),
            time_field: "articleTime".to_owned(),
            filter: vec![json!({"term": {"kind": "failure"}}), json!({"term": {"target": target}})],
        }
    }

    /// Those of them that may fare better another time: not those of documents that had nothing to give a model. Another
    /// version of such a document is indexed anew and found by that, and so is each if its model or outputs change.
    pub fn failures_to_retry(enrichments_index: &str, target: &str) -> Self {
        let mut pool = Self::failures(enrichments_index, target);
        pool.filter
            .push(json!({"bool": {"must_not": {"term": {"reason": FailureReason::EmptyInput.as_str()}}}}));
        pool
    }

    /// The query for all of them.
    pub fn all(&self) -> Value {
        json!({"bool": {"filter": self.filter}})
    }

    /// The query for those within bounds: everything after `after` and up to `until`.
    pub fn within(&self, bounds: &Bounds) -> Value {
        let mut range = json!({"lte": bounds.until.0.to_string()});
        if let Some(after) = &bounds.after {
            range["gt"] = json!(after.0.to_string());
        }
        let mut filter = vec![json!({"range": {&self.time_field: range}})];
        filter.extend(self.filter.iter().cloned());
        json!({"bool": {"filter": filter}})
    }
}

/// The query for documents that have a vector of another model than these; none if these give no vectors.
pub fn vectors_of_other_models(enrichers: &[Enricher], versions: &Versions) -> Option<Value> {
    let stale: Vec<Value> = enrichers
        .iter()
        .filter(|enricher| vector_fields(enricher).next().is_some())
        .map(|enricher| stale(enricher, versions))
        .collect();
    (!stale.is_empty()).then(|| json!({"bool": {"should": stale, "minimum_should_match": 1}}))
}

/// Provenance is what tells of vectors that are stored and not indexed, too.
fn stale(enricher: &Enricher, versions: &Versions) -> Value {
    let place = format!("{}.{}.{}.{}", key::DOCMILL, key::ENRICHMENT, enricher.name, key::MODEL_DIGEST);
    let digest = enricher.model_digest(versions.get(&enricher.name).map(String::as_str));
    json!({"bool": {
        "filter": [{"exists": {"field": place}}],
        "must_not": [{"term": {place: digest}}],
    }})
}

/// The fields of an enricher that are vectors.
pub fn vector_fields(enricher: &Enricher) -> impl Iterator<Item = &str> {
    let vectors = enricher.outputs.iter().filter(|output| output.type_ == OutputType::Vector);
    vectors.map(|output| output.field.as_str())
}
