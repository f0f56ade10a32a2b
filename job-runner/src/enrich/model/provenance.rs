//! Puts results and their provenance into the document. No I/O.

use docmill_crds::api::enricher::Protocol;
use docmill_crds::records::enrichments::key;
use serde_json::{Map, Value, json};

use crate::enrich::slice_plan::PlannedEnricher;

/// The first field of the model that the document has already. An article's own field is never overwritten,
/// and of two models one would hide the other.
pub fn conflict<'a>(document: &Map<String, Value>, model: &'a PlannedEnricher) -> Option<&'a str> {
    let mut fields = model.enricher.outputs.iter().map(|output| output.field.as_str());
    fields.find(|field| document.contains_key(*field))
}

/// What is kept under `_docmill.enrichment.<name>`. `version`: what the server reported with its answer,
/// otherwise when the run was planned, otherwise what was requested.
pub fn provenance(
    model: &PlannedEnricher,
    version: Option<&str>,
    input_digest: &str,
    run: &str,
    now: &str,
) -> Value {
    let requested = model.enricher.protocol().and_then(Protocol::version);
    let reported = version.or(model.version.as_deref());
    // With a version other than the planned one it is another model.
    let digest = match (version, &model.version) {
        (Some(reported), Some(planned)) if reported != planned => model.enricher.model_digest(Some(reported)),
        _ => model.digest.clone(),
    };
    json!({
        key::MODEL: model.model(),
        key::VERSION: reported.or(requested),
        key::MODEL_DIGEST: digest,
        key::INPUT_DIGEST: input_digest,
        key::ENRICHED_TIME: now,
        key::RUN: run,
    })
}

/// Completes a document: `_docmill` names each enricher, and the run that wrote the copy.
pub fn seal(document: &mut Map<String, Value>, enrichment: Map<String, Value>, run: &str) {
    let docmill = document.entry(key::DOCMILL).or_insert_with(|| json!({}));
    if let Value::Object(docmill) = docmill {
        docmill.insert(key::ENRICHMENT.to_owned(), Value::Object(enrichment));
        docmill.insert(key::ENRICHMENT_RUN.to_owned(), json!(run));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::{conflict, provenance, seal};
    use crate::enrich::slice_plan::tests::slice_plan;

    #[test]
    fn the_articles_own_provenance_stays() {
        let model = &slice_plan().models[0];
        let mut document =
            json!({"headline": "h", "_docmill": {"revision": "r"}}).as_object().unwrap().clone();
        let provenance = provenance(model, Some("v7"), "i", "run-1", "2026-01-02T00:00:00.000Z");
        seal(&mut document, Map::from_iter([("topic".to_owned(), provenance)]), "run-1");
        assert_eq!(
            json!(document),
            json!({"headline": "h", "_docmill": {
                "revision": "r",
                "enrichment": {"topic": {
                    "model": "topic-model", "version": "v7", "modelDigest": model.digest, "inputDigest": "i",
                    "enrichedTime": "2026-01-02T00:00:00.000Z", "run": "run-1"}},
                "enrichmentRun": "run-1",
            }})
        );
    }

    #[test]
    fn another_version_than_planned_is_another_model() {
        let model = &slice_plan().models[0];
        let of_version = |version| provenance(model, version, "i", "run-1", "now");
        assert_eq!(
            (&of_version(None)["version"], &of_version(None)["modelDigest"]),
            (&json!("v7"), &json!(model.digest))
        );
        assert_eq!(of_version(Some("v8"))["version"], "v8");
        assert_ne!(of_version(Some("v8"))["modelDigest"], json!(model.digest));
    }

    #[test]
    fn a_field_of_the_article_is_a_conflict() {
        let model = &slice_plan().models[0];
        let document = json!({"topicScore": null});
        assert_eq!(conflict(document.as_object().unwrap(), model), Some("topicScore"));
        assert_eq!(conflict(&Map::new(), model), None);
    }
}
