//! The definitions keep the mechanical rules of Kubernetes' API conventions
//! (<https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md>).
//! docs/reference/api-conventions.md says how the others are kept.

#![allow(clippy::expect_used, reason = "a test ends by it")]

mod exceptions;
mod field;
mod field_rules;
mod kind_rules;

use std::collections::BTreeSet;

use docmill_crds::manifests;
use serde_json::{Value, json};

use exceptions::EXCEPTIONS;
use field::fields;
use field_rules::FIELD_RULES;
use kind_rules::KIND_RULES;

/// The definition of each kind.
fn definitions() -> Vec<Value> {
    let texts = manifests::all().expect("definitions");
    texts.iter().map(|(_, text)| serde_saphyr::from_str(text).expect("YAML")).collect()
}

/// The rules that a definition breaks, each with the path of the place.
fn faults(definition: &Value) -> Vec<(&'static str, String)> {
    let kind = definition["spec"]["names"]["kind"].as_str().unwrap_or_default();
    let root = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut faults = Vec::new();
    for field in fields(kind, root) {
        let broken = FIELD_RULES.iter().filter(|(_, keeps)| !keeps(&field));
        faults.extend(broken.map(|(rule, _)| (*rule, field.path.clone())));
    }
    let broken = KIND_RULES.iter().filter(|(_, keeps)| !keeps(definition));
    faults.extend(broken.map(|(rule, _)| (*rule, kind.to_owned())));
    faults
}

#[test]
fn every_definition_keeps_the_rules_or_is_a_named_exception() {
    let mut used = BTreeSet::new();
    let mut broken = Vec::new();
    let definitions = definitions();
    assert!(!definitions.is_empty());
    for (rule, path) in definitions.iter().flat_map(faults) {
        let known = EXCEPTIONS.iter().position(|(of, end, _)| *of == rule && path.ends_with(end));
        match known {
            Some(index) => {
                used.insert(index);
            }
            None => broken.push(format!("{path}: {rule}")),
        }
    }
    assert!(broken.is_empty(), "broken rules of the API conventions:\n{}", broken.join("\n"));
    let unused = EXCEPTIONS.iter().enumerate().filter(|(index, _)| !used.contains(index));
    let unused: Vec<_> = unused.map(|(_, exception)| exception).collect();
    assert!(unused.is_empty(), "exceptions without a use: {unused:?}");
}

#[test]
fn every_kind_has_fields_to_check() {
    for definition in definitions() {
        let root = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let paths: Vec<String> = fields("Kind", root).into_iter().map(|field| field.path).collect();
        for path in
            ["Kind.spec", "Kind.status.conditions[].lastTransitionTime", "Kind.status.observedGeneration"]
        {
            assert!(paths.iter().any(|known| known == path), "no {path}");
        }
    }
}

/// A definition with these fields in its spec, which keeps all other rules.
fn definition(properties: &Value) -> Value {
    let condition = json!({"type": "object", "properties": {"type": {"type": "string", "description": "d"}}});
    let status = json!({
        "observedGeneration": {"type": "integer", "description": "d"},
        "conditions": {"type": "array", "items": condition, "description": "d",
                       "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    });
    let part = |properties: &Value| json!({"type": "object", "description": "d", "properties": properties});
    json!({"spec": {
        "names": {"kind": "Kind"},
        "versions": [{
            "subresources": {"status": {}},
            "additionalPrinterColumns": [{"name": "Age", "jsonPath": ".metadata.creationTimestamp"}],
            "schema": {"openAPIV3Schema": {"properties": {"spec": part(properties), "status": part(&status)}}},
        }],
    }})
}

#[test]
fn what_keeps_the_rules_is_not_found_fault_with() {
    let sound = json!({
        "queueURL": {"type": "string", "maxLength": 5, "description": "d"},
        "secretRef": {"type": "object", "description": "d", "x-kubernetes-map-type": "atomic",
                      "properties": {"name": {"type": "string", "maxLength": 253, "description": "d"}}},
        "modifiedTime": {"type": "object", "description": "d",
                         "properties": {"from": {"type": "string", "format": "date-time", "description": "d"}}},
        "timeoutSeconds": {"type": "integer", "minimum": 1, "maximum": 5, "description": "d"},
        "normalize": {"type": "boolean", "default": true, "description": "d"},
        "mode": {"type": "string", "enum": ["PerUnit"], "description": "d"},
        "affinity": {"type": "object", "description": "Near what. As in a Pod.",
                     "properties": {"weight": {"type": "integer"}}},
    });
    let found = faults(&definition(&sound));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn each_rule_for_fields_notices_what_breaks_it() {
    let examples = [
        ("names are lowerCamelCase", json!({"Name": {"type": "object"}})),
        ("acronyms keep their case", json!({"queueUrl": {"type": "string"}})),
        ("values of enums are CamelCase", json!({"a": {"type": "string", "enum": ["per-unit"]}})),
        ("fields have a type", json!({"a": {"x-kubernetes-preserve-unknown-fields": true}})),
        ("numbers are integers", json!({"a": {"type": "number"}})),
        ("integers have a range", json!({"a": {"type": "integer", "minimum": 1}})),
        ("texts have a limit", json!({"a": {"type": "array", "items": {"type": "string"}}})),
        ("lists have a limit", json!({"a": {"type": "array"}})),
        ("maps have a limit", json!({"a": {"type": "object", "additionalProperties": {"type": "string"}}})),
        ("lists have a list type", json!({"a": {"type": "array", "x-kubernetes-list-type": "map"}})),
        ("references end in Ref and are atomic", json!({"a": {"properties": {"name": {"type": "string"}}}})),
        ("times end in Time", json!({"a": {"type": "string", "format": "date-time"}})),
        ("durations are integers that end in Seconds", json!({"timeout": {"type": "string"}})),
        ("nothing is nullable", json!({"a": {"type": "object", "nullable": true}})),
        ("booleans say what is so", json!({"disableCache": {"type": "boolean"}})),
        ("booleans have a default", json!({"a": {"type": "boolean"}})),
        ("fields are described", json!({"a": {"type": "object"}})),
    ];
    assert_eq!(examples.each_ref().map(|(rule, _)| *rule), FIELD_RULES.map(|(rule, _)| rule));
    for (rule, properties) in examples {
        let faults = faults(&definition(&properties));
        assert!(faults.iter().any(|(broken, _)| *broken == rule), "{rule}: {properties} is let through");
    }
    let named = json!({"secretRef": {"type": "object"}, "idleSeconds": {"type": "string"}});
    let faults = faults(&definition(&named));
    for rule in ["references end in Ref and are atomic", "durations are integers that end in Seconds"] {
        assert!(faults.iter().any(|(broken, _)| *broken == rule), "{rule}: {faults:?}");
    }
}

#[test]
fn each_rule_for_kinds_notices_what_breaks_it() {
    let status = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties";
    let many: Vec<Value> = (0..11).map(|number| json!({"name": format!("C{number}")})).collect();
    let examples = [
        ("status is a subresource", "/spec/versions/0/subresources".to_owned(), json!({})),
        ("status has observedGeneration", format!("{status}/observedGeneration"), json!({"type": "string"})),
        ("conditions are a list by type", format!("{status}/conditions"), json!({"type": "array"})),
        ("Age is the last column", "/spec/versions/0/additionalPrinterColumns".to_owned(), json!([])),
        (
            "at most ten columns are shown by default",
            "/spec/versions/0/additionalPrinterColumns".to_owned(),
            json!(many),
        ),
        (
            "a definition fits into the annotation of kubectl apply",
            "/spec/names/kind".to_owned(),
            json!("K".repeat(256 * 1024)),
        ),
    ];
    assert_eq!(examples.each_ref().map(|(rule, _, _)| *rule), KIND_RULES.map(|(rule, _)| rule));
    for (rule, place, value) in examples {
        let mut broken = definition(&json!({}));
        *broken.pointer_mut(&place).expect("a place") = value;
        let faults = faults(&broken);
        assert!(faults.iter().any(|(broken, _)| *broken == rule), "{rule}: {place} is let through");
    }
}
