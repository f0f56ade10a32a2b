//! The mapping of enriched documents. No I/O.

use docmill_clients::elastic::{ClusterInfo, Distribution, mapping};
use docmill_crds::api::enricher::{OutputField, OutputType, Similarity};
use docmill_crds::records::enrichments::key;
use serde_json::{Map, Value, json};

use crate::enrich::slice_plan::SlicePlan;

/// The fields that the models add, including `_docmill` with their provenance.
pub(crate) fn added_fields(slice_plan: &SlicePlan, distribution: Distribution) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut enrichment = Map::new();
    for model in &slice_plan.models {
        for output in &model.enricher.outputs {
            fields.insert(output.field.clone(), output_field(output, distribution));
        }
        enrichment.insert(model.name().to_owned(), provenance_field());
    }
    fields.insert(key::DOCMILL.to_owned(), mapping::docmill_field(&enrichment));
    fields
}

/// Settings of new indices, for searchable vectors.
pub(crate) fn settings(slice_plan: &SlicePlan, cluster: &ClusterInfo) -> Value {
    let mut outputs = slice_plan.models.iter().flat_map(|model| &model.enricher.outputs);
    match cluster.distribution {
        _ if !outputs.any(|output| output.dimensions.is_some()) => json!({}),
        Distribution::OpenSearch => json!({"index.knn": true}),
        // From this version on, vectors are omitted from the stored document, and a result could not be
        // reused (<https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/dense-vector>).
        Distribution::Elasticsearch if cluster.is_at_least(9, 2) => {
            json!({"index.mapping.exclude_source_vectors": false})
        }
        Distribution::Elasticsearch => json!({}),
    }
}

fn output_field(output: &OutputField, distribution: Distribution) -> Value {
    match output.type_ {
        OutputType::String => mapping::text(),
        OutputType::Keyword => mapping::keyword(),
        OutputType::Integer => mapping::integer(),
        OutputType::Number => json!({"type": "double"}),
        OutputType::Boolean => json!({"type": "boolean"}),
        OutputType::DateTime => mapping::date(),
        OutputType::Object => mapping::stored_object(),
        OutputType::Vector => match output.dimensions {
            Some(dimensions) => {
                searched_vector(dimensions, output.similarity.unwrap_or_default(), distribution)
            }
            None => mapping::stored_vector(),
        },
    }
}

/// <https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/dense-vector>,
/// <https://docs.opensearch.org/latest/field-types/supported-field-types/knn-vector/>.
fn searched_vector(dimensions: i32, similarity: Similarity, distribution: Distribution) -> Value {
    match distribution {
        Distribution::Elasticsearch => {
            let similarity = match similarity {
                Similarity::Cosine => "cosine",
                Similarity::DotProduct => "dot_product",
                Similarity::Euclidean => "l2_norm",
            };
            json!({"type": "dense_vector", "dims": dimensions, "index": true, "similarity": similarity})
        }
        Distribution::OpenSearch => {
            let space = match similarity {
                Similarity::Cosine => "cosinesimil",
                Similarity::DotProduct => "innerproduct",
                Similarity::Euclidean => "l2",
            };
            json!({"type": "knn_vector", "dimension": dimensions,
                   "method": {"name": "hnsw", "engine": "lucene", "space_type": space}})
        }
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
    use docmill_clients::elastic::{ClusterInfo, Distribution};
    use serde_json::json;

    use super::{added_fields, settings};
    use crate::enrich::slice_plan::tests::slice_plan;

    #[test]
    fn vectors_of_unknown_length_are_stored_and_not_indexed() {
        let fields = added_fields(&slice_plan(), Distribution::Elasticsearch);
        assert_eq!(fields["embedding"]["index"], false);
        assert_eq!(fields["topicScore"]["type"], "double");
        let docmill = &fields["_docmill"]["properties"];
        assert_eq!(docmill["indexedTime"]["type"], "date");
        assert_eq!(docmill["enrichment"]["properties"]["topic"]["properties"]["model"]["type"], "keyword");
    }

    #[test]
    fn vectors_of_a_known_length_are_searched_for_in_each_clusters_own_way() {
        let mut slice_plan = slice_plan();
        slice_plan.models[1].enricher.outputs[0].dimensions = Some(384);
        let vector = |distribution| added_fields(&slice_plan, distribution)["embedding"].clone();
        assert_eq!(
            vector(Distribution::Elasticsearch),
            json!({"type": "dense_vector", "dims": 384, "index": true, "similarity": "cosine"})
        );
        assert_eq!(vector(Distribution::OpenSearch)["method"]["space_type"], "cosinesimil");
        let of = |distribution, version: &str| {
            settings(&slice_plan, &ClusterInfo { distribution, version: version.to_owned() })
        };
        assert_eq!(of(Distribution::OpenSearch, "3.3.0"), json!({"index.knn": true}));
        assert_eq!(of(Distribution::Elasticsearch, "9.1.4"), json!({}));
        let newer = of(Distribution::Elasticsearch, "9.10.0");
        assert_eq!(newer, json!({"index.mapping.exclude_source_vectors": false}));
    }
}
