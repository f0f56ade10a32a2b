//! Kubernetes' own types, which `podTemplate` and `namespaceSelector` take as they are.
//!
//! The descriptions of those in `podTemplate` would be most of a definition, which has to fit into the annotation of `kubectl apply`
//! (256 KiB), and `kubectl explain pod.spec` has them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;

use super::walk::each_field;

/// The fields below `podTemplate` with such types.
const FIELDS: [&str; 10] = [
    "affinity",
    "dnsConfig",
    "downwardAPI",
    "emptyDir",
    "hostAliases",
    "items",
    "persistentVolumeClaim",
    "resources",
    "tolerations",
    "topologySpreadConstraints",
];
/// Stands at the end of their own description.
const NOTE: &str = " As in a Pod.";

/// Limits of what they hold, far above what a pod needs. Without limits, the API server could not tell what a
/// rule costs.
const MAX_CHARACTERS: i64 = 1024;
const MAX_ITEMS: i64 = 256;
const MAX_ENTRIES: i64 = 64;

/// Shortens the descriptions of the fields with Kubernetes' own types, and gives them limits.
pub(super) fn shorten(root: &mut JSONSchemaProps) {
    each_field(root, &mut |name, schema| match name {
        "podTemplate" => each_field(schema, &mut |name, field| {
            if FIELDS.contains(&name) {
                shorten_field(field);
            }
        }),
        "namespaceSelector" => each_field(schema, &mut |_, inner| limit(inner)),
        _ => {}
    });
}

fn shorten_field(field: &mut JSONSchemaProps) {
    // A field within one of these fields has lost its description already.
    if let Some(description) = &mut field.description {
        description.push_str(NOTE);
    }
    limit(field);
    each_field(field, &mut |_, inner| {
        inner.description = None;
        limit(inner);
    });
}

fn limit(schema: &mut JSONSchemaProps) {
    match schema.type_.as_deref() {
        Some("string") => {
            schema.max_length.get_or_insert(MAX_CHARACTERS);
        }
        Some("array") => {
            schema.max_items.get_or_insert(MAX_ITEMS);
        }
        Some("object") if schema.additional_properties.is_some() => {
            schema.max_properties.get_or_insert(MAX_ENTRIES);
        }
        _ => {}
    }
}
