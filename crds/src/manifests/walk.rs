//! A walk through the fields of a schema.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

/// The name that items of lists and values of maps have in a walk.
const INNER: &str = "[]";

/// Calls `visit` with the name and the schema of each field below a schema, outer fields first.
pub(super) fn each_field(schema: &mut JSONSchemaProps, visit: &mut dyn FnMut(&str, &mut JSONSchemaProps)) {
    for (name, field) in schema.properties.iter_mut().flatten() {
        visit(name, field);
        each_field(field, visit);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &mut schema.items {
        visit(INNER, item);
        each_field(item, visit);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &mut schema.additional_properties {
        visit(INNER, value);
        each_field(value, visit);
    }
}
