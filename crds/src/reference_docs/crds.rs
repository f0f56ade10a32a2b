//! The reference page of the resources: every field of every kind.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps, ValidationRule,
};
use serde_json::Value;

use super::markdown::{GENERATED, code, head, link, prose, row};
use super::objects::{Object, Objects, has_fields, item, levels, value};
use crate::manifests;

const SHARED: &str = "Shared objects";

/// The page.
pub(super) fn page() -> String {
    let definitions = manifests::definitions();
    let mut objects = Objects::default();
    for definition in &definitions {
        for (part, schema) in parts(definition) {
            objects.add(&definition.spec.names.kind, part, schema);
        }
    }
    let objects = objects.named();
    let mut lines = introduction(&definitions);
    for definition in &definitions {
        lines.extend(kind(definition, &objects));
    }
    lines.extend([
        format!("## {SHARED}"),
        String::new(),
        "Objects that are the same wherever they occur, and what they hold.".to_owned(),
        String::new(),
    ]);
    lines.extend(objects.of(None).flat_map(|object| section(object, &objects)));
    lines.join("\n")
}

fn introduction(definitions: &[CustomResourceDefinition]) -> Vec<String> {
    let mut lines: Vec<String> = [
        "# Custom resources",
        "",
        GENERATED,
        "",
        "Every field of the resources of Docmill. A field that is not marked as required can be left out. Under *Rules* is what the API \
         server checks beyond the single fields, with the expression (CEL) that it checks it by; a resource that breaks a rule is \
         refused with the rule's message.",
        "",
    ]
    .map(str::to_owned)
    .into();
    lines.extend(head(&["Kind", "What it is"]));
    for definition in definitions {
        let about = version(definition).and_then(root).and_then(|root| root.description.as_deref());
        lines.push(row([&*link(&definition.spec.names.kind), &prose(about.unwrap_or_default())]));
    }
    lines.push(format!("\nWhat several of them have in common is under {}.\n", link(SHARED)));
    lines
}

/// The only version.
fn version(definition: &CustomResourceDefinition) -> Option<&CustomResourceDefinitionVersion> {
    definition.spec.versions.first()
}

fn root(version: &CustomResourceDefinitionVersion) -> Option<&JSONSchemaProps> {
    version.schema.as_ref()?.open_api_v3_schema.as_ref()
}

/// `spec` and `status`.
fn parts(definition: &CustomResourceDefinition) -> impl Iterator<Item = (&'static str, &JSONSchemaProps)> {
    let properties = version(definition).and_then(root).and_then(|root| root.properties.as_ref());
    ["spec", "status"].into_iter().filter_map(move |part| Some((part, properties?.get(part)?)))
}

fn kind(definition: &CustomResourceDefinition, objects: &Objects) -> Vec<String> {
    let names = &definition.spec.names;
    let mut lines = vec![format!("## {}", names.kind), String::new()];
    let Some(version) = version(definition) else { return lines };
    let short: Vec<_> = names.short_names.iter().flatten().map(|name| code(name)).collect();
    let categories: Vec<_> = names.categories.iter().flatten().map(|name| code(name)).collect();
    lines.extend(root(version).and_then(|root| root.description.as_deref()).map(prose));
    lines.push(String::new());
    lines.extend(head(&["", ""]));
    for (what, value) in [
        ("`apiVersion`", code(&format!("{}/{}", definition.spec.group, version.name))),
        ("`kind`", code(&names.kind)),
        ("Resource", code(&format!("{}.{}", names.plural, definition.spec.group))),
        ("Short names", short.join(", ")),
        ("Categories", categories.join(", ")),
        ("Scope", definition.spec.scope.clone()),
    ] {
        lines.push(row([what, &value]));
    }
    lines.extend(columns(version));
    lines.push(String::new());
    lines.extend(rules(root(version).and_then(|root| root.x_kubernetes_validations.as_deref())));
    lines.extend(objects.of(Some(&names.kind)).flat_map(|object| section(object, objects)));
    lines
}

/// What `kubectl get` shows.
fn columns(version: &CustomResourceDefinitionVersion) -> Vec<String> {
    let mut lines = vec!["\nColumns of `kubectl get`:\n".to_owned()];
    lines.extend(head(&["Column", "Value", "Shown"]));
    for column in version.additional_printer_columns.iter().flatten() {
        let shown = if column.priority.unwrap_or_default() > 0 { "with `-o wide`" } else { "always" };
        lines.push(row([&*column.name, &code(&column.json_path), shown]));
    }
    lines
}

fn section(object: &Object, objects: &Objects) -> Vec<String> {
    let mut lines =
        vec![format!("### {}", object.name.replace('[', "\\[").replace(']', "\\]")), String::new()];
    if let Some(about) = &object.about {
        lines.extend([prose(about), String::new()]);
    }
    lines.extend(places(object, objects));
    lines.extend(head(&["Field", "Type", "Description"]));
    let required = object.schema.required.as_deref().unwrap_or_default();
    let mut fields: Vec<_> = object.schema.properties.iter().flatten().collect();
    fields.sort_by_key(|(name, _)| !required.contains(name));
    for (name, schema) in fields {
        let mark = if required.contains(name) { "<br>*required*" } else { "" };
        let levels = levels(&object.schema, name);
        let kind = match levels {
            Some(_) => format!("list of {}", link(&object.name)),
            None => type_of(schema, objects),
        };
        let mut about = vec![prose(schema.description.as_deref().unwrap_or_default())];
        about.extend(levels.map(|levels| format!("They nest: {levels} levels in all.")));
        about.extend(constraints(schema));
        about.retain(|part| !part.is_empty());
        lines.push(row([&*format!("{}{mark}", code(name)), &kind, &about.join("<br>")]));
    }
    lines.push(String::new());
    lines.extend(rules(object.schema.x_kubernetes_validations.as_deref()));
    lines
}

/// The location of an object, unless its name says it.
fn places(object: &Object, objects: &Objects) -> Vec<String> {
    let places = object.places.iter().filter_map(|(parent, field)| {
        let parent = &objects.get(*parent)?.name;
        (object.name != format!("{parent}.{field}")).then(|| format!("{} ({})", link(parent), code(field)))
    });
    let places: Vec<_> = places.collect();
    if places.is_empty() {
        Vec::new()
    } else {
        vec![format!("Part of: {}.", places.join(", ")), String::new()]
    }
}

fn type_of(schema: &JSONSchemaProps, objects: &Objects) -> String {
    if let Some(item) = item(schema) {
        return format!("list of {}", type_of(item, objects));
    }
    if let Some(value) = value(schema) {
        return format!("map of {}", type_of(value, objects));
    }
    if let Some(object) = objects.find(schema).filter(|_| has_fields(schema)) {
        return link(&object.name);
    }
    if schema.x_kubernetes_int_or_string == Some(true) {
        return "integer or string".to_owned();
    }
    match (schema.type_.as_deref(), schema.format.as_deref()) {
        (_, Some("date-time")) => "time (RFC 3339)".to_owned(),
        (Some(kind), _) => kind.to_owned(),
        (None, _) => "any JSON".to_owned(),
    }
}

/// Constraints on a value beyond its type, in words.
fn constraints(schema: &JSONSchemaProps) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(schema.default.as_ref().map(|default| format!("Default: {}.", literal(&default.0))));
    let values: Vec<_> = schema.enum_.iter().flatten().map(|value| literal(&value.0)).collect();
    if !values.is_empty() {
        found.push(format!("One of: {}.", values.join(", ")));
    }
    found.extend(bounds("Value", schema.minimum, schema.maximum));
    found.extend(bounds("Characters", schema.min_length, schema.max_length));
    found.extend(bounds("Items", schema.min_items, schema.max_items));
    found.extend(bounds("Entries", schema.min_properties, schema.max_properties));
    found.extend(schema.pattern.as_deref().map(|pattern| format!("Pattern: {}.", code(pattern))));
    let keys: Vec<_> = schema.x_kubernetes_list_map_keys.iter().flatten().map(|key| code(key)).collect();
    if !keys.is_empty() {
        found.push(format!("No two items with the same {}.", keys.join(" and ")));
    }
    if !has_fields(schema) {
        let rules = schema.x_kubernetes_validations.iter().flatten();
        found.extend(rules.map(|rule| format!("Rule: {}.", said(rule).trim_end_matches('.'))));
    }
    if let Some(inner) = item(schema).or_else(|| value(schema)).filter(|inner| !has_fields(inner)) {
        let of_each = constraints(inner);
        if !of_each.is_empty() {
            found.push(format!("Each item: {}", of_each.join(" ")));
        }
    }
    found
}

/// A value as written in YAML.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => code(text),
        other => code(&other.to_string()),
    }
}

fn bounds<T: ToString>(what: &str, min: Option<T>, max: Option<T>) -> Option<String> {
    match (min.map(|min| min.to_string()), max.map(|max| max.to_string())) {
        (None, None) => None,
        (Some(min), None) => Some(format!("{what}: at least {min}.")),
        (None, Some(max)) => Some(format!("{what}: at most {max}.")),
        (Some(min), Some(max)) => Some(format!("{what}: {min} to {max}.")),
    }
}

fn rules(rules: Option<&[ValidationRule]>) -> Vec<String> {
    let Some(rules) = rules.filter(|rules| !rules.is_empty()) else { return Vec::new() };
    let mut lines = vec!["Rules:\n".to_owned()];
    for rule in rules {
        let field = rule.field_path.as_deref().map(|path| format!(" (at {})", code(path)));
        let field = field.unwrap_or_default();
        lines.push(format!("- {}{field}\n\n  ```\n  {}\n  ```\n", said(rule), rule.rule));
    }
    lines
}

/// The message of a rule.
fn said(rule: &ValidationRule) -> String {
    let computed = rule.message_expression.as_deref().map(code);
    rule.message.as_deref().map(prose).or(computed).unwrap_or_default()
}
