//! What a Binary model cannot have: its objects are not parsed, and its documents always have the same
//! fields.

use super::super::extra::Extra;
use super::super::limits::camel_case;
use super::super::model::Model;
use super::super::model_error::ModelError;
use super::super::on_fault::OnFault;
use super::super::reading::entities::Entities;
use super::super::spec::Conversion;
use super::super::text::elements::TextElements;
use super::binary_rules::LIMIT;

/// The model, or an error if it has settings for other formats.
pub(in crate::conversion) fn resolve(conversion: &Conversion) -> Result<Model, ModelError> {
    if let Some(place) = stray(conversion) {
        return Err(ModelError::NotOfBinary { place });
    }
    Ok(Model {
        format: conversion.format,
        record: String::new(),
        empty_if: Vec::new(),
        namespaces: std::collections::BTreeMap::new(),
        default_namespaces: Vec::new(),
        fields: Vec::new(),
        extra: Extra::Drop,
        time_zone: None,
        base: Vec::new(),
        on_fault: OnFault::Refuse,
        entities: Entities::Refuse,
        repairs: Vec::new(),
        encoding: None,
        concatenated: false,
        text: TextElements::default(),
        archive: None,
        limits: conversion.limits.clone().unwrap_or_default().resolve()?,
    })
}

/// The first setting that is for other formats.
fn stray(conversion: &Conversion) -> Option<String> {
    let mut parts = conversion.content_settings().into_iter();
    let part = parts.find(|(_, is_set)| *is_set).map(|(name, _)| name.to_owned());
    part.or_else(|| {
        let (name, _) = conversion.limits.as_ref()?.set().find(|(name, set)| *set && *name != LIMIT)?;
        Some(format!("limits.{}", camel_case(name)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::binary_rules::limits_rule;
    use super::Conversion;

    fn conversion(more: &Value) -> Conversion {
        let mut model = json!({"format": "Binary"});
        model.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(model).unwrap()
    }

    #[test]
    fn a_model_has_a_revision_that_stays_and_that_limits_change() {
        assert_eq!(conversion(&json!({})).revision().unwrap(), "be9e44ec5d50");
        let limited = conversion(&json!({"limits": {"maxObjectBytes": 1000}})).resolve().unwrap();
        assert_eq!(limited.limits.max_object_bytes, 1000);
        assert_ne!(limited.revision(), conversion(&json!({})).revision().unwrap());
    }

    #[test]
    fn what_is_for_other_formats_is_refused_with_its_place() {
        for (place, more) in [
            ("preset", json!({"preset": "nitf"})),
            ("record", json!({"record": "/a"})),
            ("emptyIf", json!({"emptyIf": ["/a"]})),
            ("namespaces", json!({"namespaces": {"a": "b"}})),
            ("defaultNamespaces", json!({"defaultNamespaces": ["b"]})),
            ("fields", json!({"fields": [{"name": "a", "path": ["a"]}]})),
            ("extra", json!({"extra": "Drop"})),
            ("timeZone", json!({"timeZone": "UTC"})),
            ("base", json!({"base": ["/a"]})),
            ("onFault", json!({"onFault": "Drop"})),
            ("entities", json!({"entities": "Named"})),
            ("repairs", json!({"repairs": ["LeadingSpace"]})),
            ("encoding", json!({"encoding": "utf-8"})),
            ("concatenated", json!({"concatenated": true})),
            ("blocks", json!({"blocks": ["P"]})),
            ("lines", json!({"lines": ["P"]})),
            ("cells", json!({"cells": ["P"]})),
            ("inline", json!({"inline": ["P"]})),
            ("archive", json!({"archive": {}})),
            ("limits.maxDepth", json!({"limits": {"maxObjectBytes": 1, "maxDepth": 1}})),
        ] {
            let fault = conversion(&more).resolve().unwrap_err().to_string();
            assert!(fault.starts_with(&format!("{place}: objects of format Binary are not read")), "{fault}");
        }
    }

    #[test]
    fn the_rule_of_limits_names_every_cap_but_one() {
        let rule = limits_rule();
        assert_eq!(rule.matches("has(self.limits.max").count(), 13, "{rule}");
        assert!(!rule.contains("maxObjectBytes"));
    }
}
