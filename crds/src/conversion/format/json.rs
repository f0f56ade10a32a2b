//! What a Json model cannot have: JSON has neither namespaces nor mixed content.

use super::super::fields::field::Field;
use super::super::fields::field_type::FieldType;
use super::super::model_error::ModelError;
use super::super::spec::Conversion;
use super::super::text::html::Html;

/// Settings of how XML is read, and its text made plain.
const XML_ALONE: [&str; 8] =
    ["entities", "repairs", "encoding", "concatenated", "blocks", "lines", "cells", "inline"];

/// Refuses settings that are for Xml only.
pub(in crate::conversion) fn check(conversion: &Conversion) -> Result<(), ModelError> {
    const NO_NAMESPACE: &str = "members of JSON objects are in no namespace";
    if conversion.preset.is_some() {
        return Err(fault("preset", "presets are for Xml"));
    }
    if !conversion.namespaces.is_empty() {
        return Err(fault("namespaces", NO_NAMESPACE));
    }
    if conversion.default_namespaces.is_some() {
        return Err(fault("defaultNamespaces", NO_NAMESPACE));
    }
    let settings = conversion.content_settings().into_iter();
    for (place, is_set) in settings {
        if is_set && XML_ALONE.contains(&place) {
            return Err(fault(place, "it is for Xml"));
        }
    }
    check_fields("fields", &conversion.fields)
}

fn check_fields(place: &str, fields: &[Field]) -> Result<(), ModelError> {
    for (index, field) in fields.iter().enumerate() {
        let place = format!("{place}[{index}]");
        if field.kind == FieldType::Markup {
            return Err(fault(&format!("{place}.type"), "markup is for Xml"));
        }
        if !field.exclude.is_empty() {
            return Err(fault(&format!("{place}.exclude"), "exclude is for Xml"));
        }
        if field.html == Some(Html::ByType) {
            return Err(fault(
                &format!("{place}.html"),
                "ByType is for Xml: a JSON value has no type, write Text",
            ));
        }
        check_fields(&format!("{place}.fields"), &field.fields)?;
    }
    Ok(())
}

fn fault(place: &str, problem: &'static str) -> ModelError {
    ModelError::NotOfJson { place: place.to_owned(), problem }
}
