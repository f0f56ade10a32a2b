//! The document of OpenAPI v3, by which `kubectl explain` tells what the resources are made of. Pure.

use std::sync::LazyLock;

use docmill_crds::digest::sha256;
use docmill_crds::records_api::schema::{KIND_EXTENSION, group_version_kind, schemas};
use docmill_crds::records_api::{VERSION, document, path, unit};
use serde_json::{Map, Value, json};

/// The document.
pub fn document() -> Value {
    let schemas: Map<String, Value> =
        schemas().into_iter().map(|(kind, schema)| (name(kind), schema)).collect();
    json!({
        "openapi": "3.0.0",
        "info": info(),
        "paths": paths(),
        "components": {"schemas": schemas},
    })
}

/// What changes with the document: clients keep it for as long as this is the same.
pub fn hash() -> &'static str {
    static HASH: LazyLock<String> = LazyLock::new(|| sha256(document().to_string().as_bytes()));
    &HASH
}

/// What every document of OpenAPI begins with.
pub fn info() -> Value {
    json!({"title": "Docmill Records API", "version": VERSION})
}

fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for (resource, kind) in [("units", unit::KIND), ("documents", document::KIND)] {
        let list = format!("{}/namespaces/{{namespace}}/{resource}", path::group_version());
        let item = reference(kind);
        let items = json!({"type": "object", "properties": {"items": {"type": "array", "items": item}}});
        paths.insert(format!("{list}/{{name}}"), operation(kind, "get", &["namespace", "name"], &item));
        paths.insert(list, operation(kind, "list", &["namespace"], &items));
    }
    paths
}

fn operation(kind: &str, action: &str, parameters: &[&str], answer: &Value) -> Value {
    let parameter =
        |name: &&str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    let parameters: Vec<Value> = parameters.iter().map(parameter).collect();
    let content = json!({"application/json": {"schema": answer}});
    json!({
        "get": {
            "operationId": format!("{action}{kind}"),
            "responses": {"200": {"description": "OK", "content": content}},
            "x-kubernetes-action": action,
            (KIND_EXTENSION): group_version_kind(kind),
        },
        "parameters": parameters,
    })
}

fn reference(kind: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{}", name(kind))})
}

fn name(kind: &str) -> String {
    format!("io.docmill.records.{VERSION}.{kind}")
}

#[cfg(test)]
mod tests {
    use super::{document, hash};

    /// As `kubectl explain` goes: from the path of the resource to its kind, and from the kind to the schema.
    #[test]
    fn a_resource_leads_to_its_schema() {
        let document = document();
        let base = "/apis/records.docmill.io/v1alpha1/namespaces/{namespace}";
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (resource, field) in [("units", "raw"), ("documents", "enriched")] {
            for path in [format!("{base}/{resource}"), format!("{base}/{resource}/{{name}}")] {
                let kind = &document["paths"][&path]["get"]["x-kubernetes-group-version-kind"];
                let is_of_kind = |schema: &&serde_json::Value| {
                    schema["x-kubernetes-group-version-kind"].as_array().is_some_and(|all| all.contains(kind))
                };
                let schema = schemas.values().find(is_of_kind).unwrap_or_else(|| panic!("{path}: {kind}"));
                assert!(schema["properties"][field]["description"].is_string(), "{path}");
            }
        }
    }

    #[test]
    fn a_document_that_stays_has_one_hash() {
        assert_eq!(hash(), hash());
        assert_eq!(hash().len(), 64);
    }
}
