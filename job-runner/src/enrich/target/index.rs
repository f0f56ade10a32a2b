//! How the indices of enriched documents are made: their template, and the mapping of what models add. No I/O.

use docmill_clients::elastic::{ClusterInfo, Distribution, index_template, mapping};
use docmill_crds::api::enricher::{OutputField, OutputType, Similarity};
use docmill_crds::records::enrichments::key;
use serde_json::{Map, Value, json};

use crate::enrich::slice_plan::SlicePlan;

/// The template of new indices: the options of the run, and the settings that its vectors need. `fields`: the
/// mapping; `custom`: name of the component template that is composed last, if there is one.
pub(crate) fn template(
    slice_plan: &SlicePlan,
    fields: &Map<String, Value>,
    cluster: &ClusterInfo,
    custom: Option<&str>,
) -> Value {
    let (pattern, options) = (slice_plan.target.wildcard(), slice_plan.target_index.options());
    let mut template = index_template::body(&pattern, fields, options, cluster, custom, None);
    if let Some(settings) = template.pointer_mut("/template/settings").and_then(Value::as_object_mut) {
        settings.extend(vector_setting(slice_plan, cluster));
    }
    template
}

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

/// The setting of new indices that searchable vectors need, if there are any.
fn vector_setting(slice_plan: &SlicePlan, cluster: &ClusterInfo) -> Option<(String, Value)> {
    let mut outputs = slice_plan.models.iter().flat_map(|model| &model.enricher.outputs);
    let (name, value) = match cluster.distribution {
        _ if !outputs.any(|output| output.dimensions.is_some()) => return None,
        Distribution::OpenSearch => ("index.knn", true),
        // From this version on, vectors are omitted from the stored document, and a result could not be
        // reused (<https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/dense-vector>).
        Distribution::Elasticsearch if cluster.is_at_least(9, 2) => {
            ("index.mapping.exclude_source_vectors", false)
        }
        Distribution::Elasticsearch => return None,
    };
    Some((name.to_owned(), Value::Bool(value)))
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
    use serde_json::{Map, Value, json};

    use super::{added_fields, template};
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
            let cluster = ClusterInfo { distribution, version: version.to_owned() };
            template(&slice_plan, &Map::new(), &cluster, None)["template"]["settings"].clone()
        };
        assert_eq!(of(Distribution::OpenSearch, "3.3.0"), json!({"index.knn": true}));
        assert_eq!(of(Distribution::Elasticsearch, "9.1.4"), json!({}));
        let newer = of(Distribution::Elasticsearch, "9.10.0");
        assert_eq!(newer, json!({"index.mapping.exclude_source_vectors": false}));
    }

    #[test]
    fn new_indices_have_the_options_of_the_run_beside_the_setting_of_its_vectors() {
        let mut slice_plan = slice_plan();
        slice_plan.models[1].enricher.outputs[0].dimensions = Some(384);
        slice_plan.target_index = serde_json::from_value(json!({
            "name": "enriched-{publishedAt:%Y}", "settings": {"numberOfShards": 2}, "composedOf": ["one"],
            "aliases": ["all"], "lifecyclePolicy": "yearly",
        }))
        .unwrap();
        let cluster = ClusterInfo { distribution: Distribution::OpenSearch, version: "3.3.0".to_owned() };
        let made: Value = template(&slice_plan, &Map::new(), &cluster, Some("docmill-enriched-+@custom"));
        let settings = json!({"index": {"number_of_shards": 2}, "index.knn": true});
        assert_eq!(made["template"]["settings"], settings, "OpenSearch has no such policy");
        assert_eq!(made["template"]["aliases"], json!({"all": {}}));
        assert_eq!(made["composed_of"], json!(["one", "docmill-enriched-+@custom"]));
        assert_eq!(made["index_patterns"], json!(["enriched-*"]));
    }
}
