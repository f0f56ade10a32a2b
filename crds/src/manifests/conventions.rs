//! What the API conventions of Kubernetes ask of every schema, and a derived one does not say. The test
//! `conventions` checks the result.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSON, JSONSchemaProps};

use super::walk::each_field;

/// Completes the schema of a resource.
pub(super) fn complete(root: &mut JSONSchemaProps) {
    each_field(root, &mut |name, schema| {
        // A field that has no value is left out: null is not a value of its own.
        schema.nullable = None;
        set_list_type(schema);
        set_reference_type(name, schema);
        set_boolean_defaults(schema);
    });
}

/// A list whose items have no key belongs to one manager as a whole.
fn set_list_type(schema: &mut JSONSchemaProps) {
    if is_of(schema, "array") {
        schema.x_kubernetes_list_type.get_or_insert_with(|| "atomic".to_owned());
    }
}

/// The parts of a reference make sense together only.
fn set_reference_type(name: &str, schema: &mut JSONSchemaProps) {
    if name.ends_with("Ref") && is_of(schema, "object") {
        schema.x_kubernetes_map_type = Some("atomic".to_owned());
    }
}

/// A boolean that is left out is false, and readers of the resource see that.
fn set_boolean_defaults(schema: &mut JSONSchemaProps) {
    let required = schema.required.as_deref().unwrap_or_default();
    for (name, field) in schema.properties.iter_mut().flatten() {
        if is_of(field, "boolean") && !required.contains(name) {
            field.default.get_or_insert_with(|| JSON(false.into()));
        }
    }
}

fn is_of(schema: &JSONSchemaProps, kind: &str) -> bool {
    schema.type_.as_deref() == Some(kind)
}
