//! How the enriched documents are mapped. No I/O.

use docmill_crds::enrichment_run::OutputType;
use serde_json::{Map, Value, json};

use super::recipe::Recipe;
use super::standing::key;
use crate::elastic::mapping;

/// The fields that the models add, `_docmill` with their provenance included.
pub(super) fn added_fields(recipe: &Recipe) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut enrichment = Map::new();
    for model in &recipe.models {
        for output in &model.enricher.outputs {
            fields.insert(output.field.clone(), output_field(output.type_));
        }
        enrichment.insert(model.name().to_owned(), provenance_field());
    }
    fields.insert(key::DOCMILL.to_owned(), mapping::docmill_field(&enrichment));
    fields
}

fn output_field(kind: OutputType) -> Value {
    match kind {
        OutputType::String => mapping::text(),
        OutputType::Number => json!({"type": "double"}),
        OutputType::Vector => mapping::stored_vector(),
    }
}

fn provenance_field() -> Value {
    let keyword = mapping::keyword();
    json!({"properties": {
        key::MODEL: keyword,
        key::VERSION: keyword,
        key::MODEL_DIGEST: keyword,
        key::INPUT_DIGEST: keyword,
        key::ENRICHED_TIME: mapping::date(),
        key::RUN: keyword,
    }})
}

#[cfg(test)]
mod tests {
    use super::added_fields;
    use crate::enrich::recipe::tests::recipe;

    #[test]
    fn vectors_are_stored_and_not_indexed() {
        let fields = added_fields(&recipe());
        assert_eq!(fields["embedding"]["index"], false);
        assert_eq!(fields["topicScore"]["type"], "double");
        let docmill = &fields["_docmill"]["properties"];
        assert_eq!(docmill["indexedTime"]["type"], "date");
        assert_eq!(docmill["enrichment"]["properties"]["topic"]["properties"]["model"]["type"], "keyword");
    }
}
