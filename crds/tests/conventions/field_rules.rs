//! The rules for single fields. Each says whether a field keeps it.

use serde_json::Value;

use crate::field::Field;

/// A rule: its name, and whether a field keeps it.
pub type FieldRule = (&'static str, fn(&Field<'_>) -> bool);

/// All of them.
pub const FIELD_RULES: [FieldRule; 17] = [
    ("names are lowerCamelCase", is_lower_camel_case),
    ("acronyms keep their case", keeps_acronyms),
    ("values of enums are CamelCase", has_camel_case_values),
    ("fields have a type", has_a_type),
    ("numbers are integers", is_no_float),
    ("integers have a range", has_a_range),
    ("texts have a limit", has_a_length),
    ("lists have a limit", has_a_limit_of_items),
    ("maps have a limit", has_a_limit_of_entries),
    ("lists have a list type", has_a_list_type),
    ("references end in Ref and are atomic", is_a_reference),
    ("times end in Time", is_a_time),
    ("durations are integers that end in Seconds", is_a_duration),
    ("nothing is nullable", is_not_nullable),
    ("booleans say what is so", is_not_negative),
    ("booleans have a default", has_a_boolean_default),
    ("fields are described", is_described),
];

fn is_lower_camel_case(field: &Field<'_>) -> bool {
    let begins = field.name.starts_with(|c: char| c.is_ascii_lowercase());
    field.is_inner() || (begins && field.name.chars().all(|c| c.is_ascii_alphanumeric()))
}

/// `queueURL`, not `queueUrl`.
fn keeps_acronyms(field: &Field<'_>) -> bool {
    !["Api", "Aws", "Dns", "Http", "Json", "Sqs", "Tls", "Uid", "Uri", "Url"]
        .iter()
        .any(|word| field.name.contains(word))
}

fn has_camel_case_values(field: &Field<'_>) -> bool {
    let is_camel_case = |value: &Value| {
        let word = value.as_str().unwrap_or_default();
        word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(|c| c.is_ascii_alphanumeric())
    };
    field.schema["enum"].as_array().into_iter().flatten().all(is_camel_case)
}

fn has_a_type(field: &Field<'_>) -> bool {
    let is_typed = field.has("type") || field.has("x-kubernetes-int-or-string");
    is_typed && !field.has("x-kubernetes-preserve-unknown-fields")
}

fn is_no_float(field: &Field<'_>) -> bool {
    !field.is("number")
}

fn has_a_range(field: &Field<'_>) -> bool {
    let is_ours = field.is_in_spec() && !field.is_embedded;
    !(is_ours && field.is("integer")) || (field.has("minimum") && field.has("maximum"))
}

fn has_a_length(field: &Field<'_>) -> bool {
    let is_free = field.is("string") && !field.has("enum") && field.schema["format"] != "date-time";
    !(field.is_in_spec() && is_free) || field.has("maxLength")
}

fn has_a_limit_of_items(field: &Field<'_>) -> bool {
    !(field.is_in_spec() && field.is("array")) || field.has("maxItems")
}

fn has_a_limit_of_entries(field: &Field<'_>) -> bool {
    !(field.is_in_spec() && field.has("additionalProperties")) || field.has("maxProperties")
}

fn has_a_list_type(field: &Field<'_>) -> bool {
    if !field.is("array") {
        return true;
    }
    match field.schema["x-kubernetes-list-type"].as_str() {
        Some("atomic" | "set") => true,
        Some("map") => field.has("x-kubernetes-list-map-keys"),
        _ => false,
    }
}

/// An object that has nothing but a name names another one.
fn is_a_reference(field: &Field<'_>) -> bool {
    let names = field.schema["properties"].as_object().into_iter().flatten();
    let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
    if field.name.ends_with("Ref") {
        return field.schema["x-kubernetes-map-type"] == "atomic";
    }
    field.is_inner() || names != ["name"]
}

/// A moment is a `…Time`, or an end of a range that is one.
fn is_a_time(field: &Field<'_>) -> bool {
    let is_moment = field.schema["format"] == "date-time";
    if field.name.ends_with("Time") {
        return is_moment || field.is("object");
    }
    !is_moment || field.parent().ends_with("Time")
}

fn is_a_duration(field: &Field<'_>) -> bool {
    if field.name.ends_with("Seconds") {
        return field.is("integer");
    }
    let name = field.name.to_ascii_lowercase();
    ["millis", "milliseconds", "minutes", "hours", "days", "duration", "interval", "period", "timeout", "ttl"]
        .iter()
        .all(|unit| !name.ends_with(unit))
}

fn is_not_nullable(field: &Field<'_>) -> bool {
    !field.has("nullable")
}

/// `suspend: false`, not `notSuspended: true`.
fn is_not_negative(field: &Field<'_>) -> bool {
    let begins = |word: &str| {
        let rest = field.name.strip_prefix(word);
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    let negations = ["disable", "dont", "ignore", "no", "not", "skip", "without"];
    !field.is("boolean") || !negations.into_iter().any(begins)
}

fn has_a_boolean_default(field: &Field<'_>) -> bool {
    !(field.is_in_spec() && field.is("boolean")) || field.is_required || field.has("default")
}

fn is_described(field: &Field<'_>) -> bool {
    let is_ours = !field.is_embedded && !field.is_inner();
    !is_ours || field.schema["description"].as_str().is_some_and(|text| !text.is_empty())
}
