//! What is told of a document. Pure.

use docmill_crds::records::units::RecordedDocument;
use docmill_crds::records_api::document::{Document, KIND};
use docmill_crds::records_api::stage::{EnrichedStage, IndexedStage};
use docmill_crds::records_api::state::State;
use docmill_crds::records_api::unit::Unit;
use docmill_crds::records_api::{API_VERSION, document_name};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

/// What the stores say of a document.
#[derive(Clone, Debug, Default)]
pub struct SeenDocument {
    /// Whether it was deleted with its object.
    pub is_removed: bool,
    /// Whether it was forgotten.
    pub is_forgotten: bool,
    /// The unit that it comes from.
    pub unit: Option<Unit>,
    /// Its place in the index.
    pub indexed: Option<IndexedStage>,
    /// Its enrichments.
    pub enriched: Vec<EnrichedStage>,
    /// Stores that could not be asked.
    pub warnings: Vec<String>,
}

/// A document of a source.
pub fn document(id: &str, namespace: &str, source: &str, seen: SeenDocument) -> Document {
    Document {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        metadata: ObjectMeta {
            name: Some(document_name::encode(id)),
            namespace: Some(namespace.to_owned()),
            creation_timestamp: seen.unit.as_ref().and_then(|unit| unit.metadata.creation_timestamp.clone()),
            ..ObjectMeta::default()
        },
        id: id.to_owned(),
        source: source.to_owned(),
        state: state(&seen),
        unit: seen.unit,
        indexed: seen.indexed,
        enriched: seen.enriched,
        warnings: seen.warnings,
    }
}

/// The furthest stage that the document has reached and still has.
fn state(seen: &SeenDocument) -> State {
    if seen.is_forgotten {
        return State::Forgotten;
    }
    if seen.is_removed {
        return State::Removed;
    }
    match seen.indexed.as_ref().map(|indexed| indexed.is_present) {
        Some(Some(false)) => State::Missing,
        Some(_) if seen.enriched.iter().any(|copy| copy.is_current == Some(true)) => State::Enriched,
        Some(_) => State::Indexed,
        None => seen.unit.as_ref().map_or(State::Missing, |unit| unit.state),
    }
}

/// A document as the ledger names it among those of its unit.
pub fn recorded<'a>(unit: &'a Unit, id: &str) -> Option<&'a RecordedDocument> {
    unit.documents.iter().find(|document| document.id == id)
}

/// Its place in the index, and what `_docmill` says there; `found` is `None` if the index does not have it.
pub fn indexed(index: &str, digest: Option<String>, found: Option<&Value>) -> IndexedStage {
    let indexed_time = found.and_then(|docmill| docmill.get("indexedTime")).and_then(Value::as_str);
    IndexedStage {
        index: index.to_owned(),
        digest: digest.filter(|digest| !digest.is_empty()),
        indexed_time: indexed_time.map(str::to_owned),
        is_present: Some(found.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use docmill_crds::records_api::stage::{EnrichedStage, IndexedStage};
    use docmill_crds::records_api::state::State;
    use serde_json::json;

    use super::{SeenDocument, document, indexed};

    fn state(seen: SeenDocument) -> State {
        document("urn:1", "news", "wire", seen).state
    }

    #[test]
    fn the_state_is_the_furthest_stage_that_is_there() {
        let present = |is_present| Some(IndexedStage { is_present, ..IndexedStage::default() });
        let copy = |is_current| EnrichedStage { is_current: Some(is_current), ..EnrichedStage::default() };
        let seen = |is_present, copies: Vec<EnrichedStage>| SeenDocument {
            indexed: present(is_present),
            enriched: copies,
            ..SeenDocument::default()
        };
        assert_eq!(state(seen(Some(true), vec![])), State::Indexed);
        assert_eq!(state(seen(None, vec![])), State::Indexed, "the index did not say otherwise");
        assert_eq!(state(seen(Some(true), vec![copy(false)])), State::Indexed, "the copy is outdated");
        assert_eq!(state(seen(Some(true), vec![copy(false), copy(true)])), State::Enriched);
        assert_eq!(state(seen(Some(false), vec![copy(true)])), State::Missing);
        let removed = SeenDocument { is_removed: true, ..seen(Some(true), vec![]) };
        assert_eq!(state(removed), State::Removed);
        let forgotten = SeenDocument { is_removed: true, is_forgotten: true, ..SeenDocument::default() };
        assert_eq!(state(forgotten), State::Forgotten);
        assert_eq!(state(SeenDocument::default()), State::Missing);
    }

    #[test]
    fn a_document_has_a_name_of_one_segment() {
        let document = document("urn:1/a", "news", "wire", SeenDocument::default());
        assert_eq!(document.metadata.name.as_deref(), Some("urn_3A1_2Fa"));
        let docmill = json!({"indexedTime": "2026-01-02T00:00:00Z"});
        let stage = indexed("articles-1", Some(String::new()), Some(&docmill));
        assert_eq!(stage.indexed_time.as_deref(), Some("2026-01-02T00:00:00Z"));
        assert_eq!((stage.digest, stage.is_present), (None, Some(true)));
        assert_eq!(indexed("articles-1", None, None).is_present, Some(false));
    }
}
