//! The queries with which an enrichment finds documents. The operator counts the documents and divides them
//! into slices, a worker processes those of its slice, and both use the same queries.

use serde_json::{Map, Value, json};

use super::enrichments::{FailureReason, Versions, key};
use crate::api::enricher::{Enricher, OutputType};
use crate::api::enrichment_run::{Bounds, DocumentSelector};
use crate::api::time_range::TimeRange;

/// Where to search for the documents of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentQuery {
    /// Index, alias or pattern.
    pub index: String,
    /// The date field by which documents are sliced.
    pub time_field: String,
    /// Conditions besides the bounds.
    filter: Vec<Value>,
}

impl DocumentQuery {
    /// The articles of an index: those that match a query and meet the conditions of a run, whatever their state.
    pub fn articles(
        index: &str,
        time_field: &str,
        query: Option<&Map<String, Value>>,
        select: &DocumentSelector,
    ) -> Self {
        let mut filter: Vec<Value> = query.cloned().map(Value::Object).into_iter().collect();
        let range = select.indexed_time.as_ref().map(TimeRange::query_bounds);
        filter.extend(range.map(|bounds| json!({"range": {time_field: bounds}})));
        filter.extend(select.query.clone().map(Value::Object));
        filter.extend(select.ids.as_ref().map(|ids| json!({"ids": {"values": ids}})));
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

    /// The records of documents for which a retry may succeed, which excludes documents without input for a
    /// model. A new version of such a document is indexed again and found by that, and so is each if its
    /// model or outputs change.
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

/// The query for documents that have a vector of a model other than these; `None` if these have no vector
/// outputs.
pub fn vectors_of_other_models(enrichers: &[Enricher], versions: &Versions) -> Option<Value> {
    let stale: Vec<Value> = enrichers
        .iter()
        .filter(|enricher| vector_fields(enricher).next().is_some())
        .map(|enricher| stale(enricher, versions))
        .collect();
    (!stale.is_empty()).then(|| json!({"bool": {"should": stale, "minimum_should_match": 1}}))
}

/// Provenance also covers vectors that are stored but not indexed.
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
