//! The manifests that the documentation shows fit the definitions of their kinds: each field is there, has such a value, and
//! what a part of a spec needs is in it. A page may show a spec in part.

#![allow(clippy::expect_used, reason = "a test ends by it")]

use std::fs;
use std::path::{Path, PathBuf};

use docmill_crds::manifests;
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The line with which a manifest of Docmill begins.
const MANIFEST: &str = "apiVersion: docmill.io/v1beta1";
/// The line with which a code block begins that shows only the spec of a resource of Docmill.
const SPEC: &str = "spec:";
/// Lines that end a manifest in the middle of a code block: the next one, or the end of a document in a shell.
const ENDS: [&str; 4] = ["---", "YAML", "EOF", "END"];

struct Example {
    place: String,
    text: String,
}

/// Kind and schema of each definition.
fn schemas() -> Vec<(String, Value)> {
    let texts = manifests::all().expect("definitions");
    let definitions = texts.iter().map(|(_, text)| serde_saphyr::from_str::<Value>(text).expect("YAML"));
    let schema = |definition: Value| {
        let kind = definition["spec"]["names"]["kind"].as_str().expect("a kind").to_owned();
        (kind, definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone())
    };
    definitions.map(schema).collect()
}

/// README.md, and all pages of docs/ and of the charts.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let (mut pages, mut folders) =
        (vec![root.join("README.md")], vec![root.join("docs"), root.join("charts")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry of a folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

fn examples(page: &Path) -> Vec<Example> {
    let text = fs::read_to_string(page).expect("a page");
    let mut examples: Vec<Example> = Vec::new();
    // How far the code block is indented; none outside of one.
    let mut indent = None;
    let (mut is_first, mut is_open) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        let bare = line.trim_start();
        if bare.starts_with("```") {
            indent = if indent.is_none() { Some(line.len() - bare.len()) } else { None };
            (is_first, is_open) = (true, false);
            continue;
        }
        let Some(indent) = indent else { continue };
        let line = line.get(indent..).unwrap_or_default();
        if line == MANIFEST || (is_first && line == SPEC) {
            examples.push(Example { place: format!("{}:{number}", page.display()), text: String::new() });
            is_open = true;
        } else if ENDS.contains(&line) {
            is_open = false;
        }
        if let Some(example) = examples.last_mut().filter(|_| is_open) {
            example.text.push_str(line);
            example.text.push('\n');
        }
        is_first = false;
    }
    examples
}

/// The types of the schema that a value may have.
fn types(value: &Value) -> &'static [&'static str] {
    match value {
        Value::Null => &[],
        Value::Bool(_) => &["boolean"],
        Value::Number(_) => &["integer", "number"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
    }
}

/// What of a value does not fit a schema. With `is_whole`, everything below the spec has what its schema requires.
fn faults(schema: &Value, value: &Value, path: &str, is_whole: bool) -> Vec<String> {
    if schema["x-kubernetes-preserve-unknown-fields"] == true {
        return Vec::new();
    }
    let mut found = Vec::new();
    if schema["type"].as_str().is_some_and(|expected| !types(value).contains(&expected)) {
        found.push(format!("{path} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        found.push(format!("{path} is none of {}", schema["enum"]));
    }
    for item in value.as_array().into_iter().flatten() {
        found.extend(faults(&schema["items"], item, &format!("{path}[]"), is_whole));
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        match schema["properties"].get(name).or_else(|| schema.get("additionalProperties")) {
            Some(inner) => found.extend(faults(inner, member, &path, is_whole)),
            None => found.push(format!("{path} does not exist")),
        }
    }
    if is_whole && value.is_object() && path != "spec" {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let missing = required.filter(|name| value.get(name).is_none());
        found.extend(missing.map(|name| format!("{path} lacks {name}")));
    }
    found
}

#[test]
fn every_manifest_of_the_documentation_fits_a_definition() {
    let schemas = schemas();
    let (mut seen, mut wrong) = (0, Vec::new());
    for Example { place, text } in pages().iter().flat_map(|page| examples(page)) {
        seen += 1;
        let manifest: Value = match serde_saphyr::from_str(&text) {
            Ok(manifest) => manifest,
            Err(error) => {
                wrong.push(format!("{place}: {error}"));
                continue;
            }
        };
        let kind = manifest["kind"].as_str();
        let of_kind = schemas.iter().filter(|(name, _)| kind.is_none_or(|kind| kind == name));
        let found = of_kind.map(|(_, schema)| {
            faults(&schema["properties"]["spec"], &manifest["spec"], "spec", kind.is_some())
        });
        // What has no kind is the spec of one of them.
        match found.min_by_key(Vec::len) {
            None => wrong.push(format!("{place}: there is no kind {kind:?}")),
            Some(faults) => wrong.extend(faults.iter().map(|fault| format!("{place}: {fault}"))),
        }
    }
    assert!(seen > 30, "{seen} manifests");
    assert!(wrong.is_empty(), "manifests that the API server would refuse:\n{}", wrong.join("\n"));
}

#[test]
fn a_field_a_value_and_what_is_missing_are_told() {
    let schemas = schemas();
    let (_, source) = schemas.iter().find(|(kind, _)| kind == "IngestSource").expect("IngestSource");
    for (spec, expected) in [
        (r#"{"trigger": {"sqs": {"queueURL": "https://q"}}}"#, None),
        (
            r#"{"trigger": {"sqs": {"queueUrl": "https://q"}}}"#,
            Some("spec.trigger.sqs.queueUrl does not exist"),
        ),
        (r#"{"suspend": "yes"}"#, Some("spec.suspend is no \"boolean\"")),
        (r#"{"index": {"id": "{guid}"}}"#, Some("spec.index lacks name")),
    ] {
        let spec: Value = serde_json::from_str(spec).expect("JSON");
        let found = faults(&source["properties"]["spec"], &spec, "spec", true);
        match expected {
            None => assert!(found.is_empty(), "{found:?}"),
            Some(fault) => assert!(found.iter().any(|one| one == fault), "{found:?}"),
        }
    }
}
