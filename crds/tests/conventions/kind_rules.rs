//! The rules for a whole definition. Each says whether it keeps it.

use serde_json::Value;

/// A rule: its name, and whether a definition keeps it.
pub type KindRule = (&'static str, fn(&Value) -> bool);

/// All of them.
pub const KIND_RULES: [KindRule; 6] = [
    ("status is a subresource", has_a_status_subresource),
    ("status has observedGeneration", has_observed_generation),
    ("conditions are a list by type", has_conditions_by_type),
    ("Age is the last column", has_age_last),
    ("at most ten columns are shown by default", has_few_columns),
    ("a definition fits into the annotation of kubectl apply", fits_an_annotation),
];

/// The limit of all annotations of an object together, in bytes.
const ANNOTATIONS: usize = 256 * 1024;

fn version(definition: &Value) -> &Value {
    &definition["spec"]["versions"][0]
}

fn status(definition: &Value) -> &Value {
    &version(definition)["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
}

fn columns(definition: &Value) -> &[Value] {
    version(definition)["additionalPrinterColumns"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn has_a_status_subresource(definition: &Value) -> bool {
    version(definition)["subresources"].get("status").is_some()
}

fn has_observed_generation(definition: &Value) -> bool {
    status(definition)["observedGeneration"]["type"] == "integer"
}

fn has_conditions_by_type(definition: &Value) -> bool {
    let conditions = &status(definition)["conditions"];
    conditions["x-kubernetes-list-type"] == "map" && conditions["x-kubernetes-list-map-keys"][0] == "type"
}

fn has_age_last(definition: &Value) -> bool {
    let last = columns(definition).last();
    last.is_some_and(|column| column["name"] == "Age" && column["jsonPath"] == ".metadata.creationTimestamp")
}

fn has_few_columns(definition: &Value) -> bool {
    let is_shown = |column: &&Value| column["priority"].as_i64().unwrap_or_default() == 0;
    columns(definition).iter().filter(is_shown).count() <= 10
}

fn fits_an_annotation(definition: &Value) -> bool {
    definition.to_string().len() < ANNOTATIONS
}
