//! Vectors of other models in a target. Their numbers are meaningless beside those of another model, so they
//! are removed before the first new one is stored. The documents stay, without the field, until their turn
//! comes.

use docmill_clients::elastic::{Address, BulkBody, Elastic, ElasticError, ItemOutcome};
use docmill_clients::retry::retry_transient;
use docmill_crds::api::enricher::Enricher;
use docmill_crds::contract::EnrichOrder;
use docmill_crds::records::enrichment_query::{vector_fields, vectors_of_other_models};
use docmill_crds::records::enrichments::{Versions, key};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::enrich::error::EnrichError;
use crate::enrich::retry_policy::PATIENCE;

/// Documents that are rewritten together.
const PAGE: usize = 200;

/// Removes them; returns how many documents had one. It can be interrupted and restarted at any time.
pub(crate) async fn clear(
    order: &EnrichOrder,
    pattern: &str,
    target: &Elastic,
    stop: &CancellationToken,
) -> Result<u64, EnrichError> {
    let Some(query) = vectors_of_other_models(&order.enrichers, &order.versions) else { return Ok(0) };
    let mut cleared = 0;
    loop {
        if stop.is_cancelled() {
            return Err(EnrichError::Stopped);
        }
        let body = json!({"query": query, "size": PAGE, "version": true, "sort": ["_doc"]});
        let search = async || {
            // What was cleared before is not found again.
            target.refresh(pattern).await?;
            target.search(pattern, &body).await
        };
        let mut answer = retry_transient(PATIENCE, stop, search).await.map_err(EnrichError::target)?;
        let hits = answer.pointer_mut("/hits/hits").and_then(Value::as_array_mut).map(std::mem::take);
        let hits = hits.unwrap_or_default();
        if hits.is_empty() {
            return Ok(cleared);
        }
        let rewritten = rewritten(order, hits);
        if rewritten.is_empty() {
            // They would be found again without end.
            let why = "documents have vectors of another model, and their index gives no _source of them; enable \
                       _source in its mapping, or write into another to.index.name";
            return Err(EnrichError::target(ElasticError::Settings(why.to_owned())));
        }
        cleared += rewritten.len() as u64;
        store(rewritten, target, stop).await?;
    }
}

/// The documents of a page without those vectors. Uses the version that each was read with, so that no newer document is
/// overwritten. A document that its index gives without `_source` is left.
fn rewritten(order: &EnrichOrder, hits: Vec<Value>) -> BulkBody {
    let mut body = BulkBody::default();
    for mut hit in hits {
        let source = hit.get_mut("_source").map(Value::take);
        let text = |name: &str| hit.get(name).and_then(Value::as_str);
        let (Some(index), Some(id), Some(Value::Object(mut source))) = (text("_index"), text("_id"), source)
        else {
            continue;
        };
        let version = hit.get("_version").and_then(Value::as_u64);
        order.enrichers.iter().for_each(|enricher| take_out(&mut source, enricher, &order.versions));
        body.push_index(Address { index, id }, version, Value::Object(source).to_string().as_bytes());
    }
    body
}

async fn store(body: BulkBody, target: &Elastic, stop: &CancellationToken) -> Result<(), EnrichError> {
    let outcomes = target.bulk_all(body, PATIENCE, stop).await.map_err(EnrichError::target)?;
    match outcomes.into_iter().find_map(|outcome| match outcome {
        ItemOutcome::Rejected(fault) | ItemOutcome::Held(_, fault) => Some(fault),
        ItemOutcome::Done | ItemOutcome::Superseded => None,
    }) {
        Some(fault) => Err(EnrichError::target(ElasticError::Refused(fault))),
        None => Ok(()),
    }
}

/// Removes the fields of an enricher from a document, and its provenance, if they are of another model.
fn take_out(source: &mut Map<String, Value>, enricher: &Enricher, versions: &Versions) {
    if vector_fields(enricher).next().is_none() {
        return;
    }
    let digest = enricher.model_digest(versions.get(&enricher.name).map(String::as_str));
    let enrichment = source.get_mut(key::DOCMILL).and_then(|docmill| docmill.get_mut(key::ENRICHMENT));
    let Some(Value::Object(enrichment)) = enrichment else { return };
    let stored_digest =
        enrichment.get(&enricher.name).and_then(|provenance| provenance.get(key::MODEL_DIGEST));
    if stored_digest.and_then(Value::as_str) == Some(digest.as_str()) {
        return;
    }
    enrichment.remove(&enricher.name);
    for output in &enricher.outputs {
        source.remove(&output.field);
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records::enrichments::Versions;
    use serde_json::json;

    use super::{rewritten, take_out, vectors_of_other_models};
    use crate::enrich::slice_plan::tests::order;

    #[test]
    fn only_enrichers_with_vectors_are_asked_about() {
        let order = order();
        let query = vectors_of_other_models(&order.enrichers, &Versions::new()).expect("a query");
        let should = query["bool"]["should"].as_array().expect("a list");
        assert_eq!(should.len(), 1);
        let field = "_docmill.enrichment.embedding.modelDigest";
        assert_eq!(should[0]["bool"]["filter"][0]["exists"]["field"], field);
        assert_eq!(vectors_of_other_models(&order.enrichers[..1], &Versions::new()), None);
    }

    #[test]
    fn a_document_without_its_source_is_left() {
        let hit = |source| json!({"_index": "enriched-2026", "_id": "a", "_version": 5, "_source": source});
        let without = json!({"_index": "enriched-2026", "_id": "b", "_version": 5});
        assert!(rewritten(&order(), vec![without.clone(), hit(json!(null))]).is_empty());
        assert_eq!(rewritten(&order(), vec![without, hit(json!({"headline": "h"}))]).len(), 1);
    }

    #[test]
    fn the_fields_of_another_model_go_and_those_of_this_one_stay() {
        let enricher = &order().enrichers[1];
        let document = |digest: &str| {
            json!({"headline": "h", "embedding": [1.0], "topic": "t",
                   "_docmill": {"enrichment": {"embedding": {"modelDigest": digest}, "topic": {}}}})
        };
        let after = |digest: &str| {
            let mut source = document(digest).as_object().expect("an object").clone();
            take_out(&mut source, enricher, &Versions::new());
            json!(source)
        };
        let cleared = json!({"headline": "h", "topic": "t", "_docmill": {"enrichment": {"topic": {}}}});
        assert_eq!(after("other"), cleared);
        let own = enricher.model_digest(None);
        assert_eq!(after(&own), document(&own));
    }
}
