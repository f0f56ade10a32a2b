use docmill_crds::conversion::Preset;

use super::{Fault, parse, read};
use crate::commands::scratch::Scratch;

/// The line of the fault with a caret put before the place, and the problem.
fn fault(yaml: &str) -> (String, String) {
    let Fault { problem, line, column } = parse(yaml).unwrap_err();
    let line = yaml.lines().nth(usize::try_from(line).unwrap() - 1).unwrap_or_default();
    let before = usize::try_from(column).unwrap() - 1;
    let marked = line.chars().take(before).chain(['^']).chain(line.chars().skip(before)).collect();
    (marked, problem)
}

#[test]
fn a_model_is_a_conversion_or_a_whole_resource_also_among_others() {
    let nitf = parse(Preset::Nitf.yaml()).unwrap().0.revision();
    for yaml in [
        "preset: nitf",
        "conversion: {preset: nitf}",
        "apiVersion: docmill.io/v1beta1\nkind: IngestSource\nmetadata: {name: x}\nspec:\n  raw: {bucket: b}\n  conversion:\n    preset: nitf",
        "kind: Secret\nstringData: {spec: {conversion: x}}\n---\nkind: IngestSource\nspec: {conversion: {preset: nitf}}\n---\n",
        "apiVersion: docmill.io/v1beta1\nkind: ConversionModel\nmetadata: {name: m}\nspec:\n  preset: nitf",
        "kind: ConversionModel\nmetadata: {name: m}\nspec: {preset: nitf}\n---\nkind: ConversionModel\nmetadata: {name: other}\nspec: {preset: rss}\n---\nkind: IngestSource\nspec: {conversion: {modelRef: {name: m}}}",
        "# a comment\n---\npreset: nitf\n...\n",
    ] {
        assert_eq!(parse(yaml).unwrap().0.revision(), nitf, "{yaml}");
    }
}

#[test]
fn what_yaml_expects_is_said_in_plain_words() {
    for (yaml, expected) in [
        ("record: /r\nfields:\n- {name: a, path: a}", "expected a list, as in [a, b]"),
        ("record: /r\nfields: [a]", "expected keys with values, as in {name: a, path: [a]}"),
        ("record: [/r]\nfields: []", "expected a text, found a list or keys with values"),
        (
            "record: /r\nfields:\n- {name: a, path: [@a]}",
            "a text that starts with @ has to be in quotes, as in \"@id\"",
        ),
    ] {
        assert_eq!(fault(yaml).1, expected, "{yaml}");
    }
}

#[test]
fn a_source_says_how_its_documents_get_ids() {
    let source = "kind: IngestSource\nspec:\n  conversion: {preset: nitf}\n";
    let with_index = format!("{source}  index: {{id: \"{{guid}}\"}}\n");
    assert_eq!(parse(&with_index).unwrap().1.as_deref(), Some("{guid}"));
    assert_eq!(parse(source).unwrap().1, None);
    assert_eq!(parse("preset: nitf").unwrap().1, None);
}

#[test]
fn a_fault_of_the_yaml_is_shown_where_it_is() {
    for (yaml, marked, problem) in [
        ("record: /a\npreset: [", "preset: ^[", "unclosed"),
        ("record: /a\nfields:\n- {name: x, path: [a]}\n- {name: y, path: b}", "- {name: y, path: ^b}", ""),
        ("record: /a\nfields:\n- {name: x, pth: [a]}", "- {name: x, ^pth: [a]}", "`pth`"),
        (
            "record: /a\nfields:\n- {name: x, path: [a], type: strang}",
            "- {name: x, path: [a], type: ^strang}",
            "strang",
        ),
        ("kind: IngestSource\nspec:\n  conversion:\n    preset: none", "    preset: ^none", "nitf"),
    ] {
        let (found, message) = fault(yaml);
        assert_eq!(found, marked, "{yaml}: {message}");
        assert!(message.contains(problem), "{message}");
    }
}

#[test]
fn a_fault_of_the_model_is_shown_where_it_is() {
    for (yaml, marked, problem) in [
        (
            "record: /a\nfields:\n- {name: x, path: [\"a[=]\"]}",
            "- {name: x, path: [\"a[^=]\"]}",
            "a predicate is",
        ),
        ("record: /a\nfields:\n- name: x\n  path:\n  - ok\n  - a/é/b c", "  - a/é/b^ c", "expected the end"),
        ("record: /a/@b\nfields:\n- {name: x, path: [a]}", "record: ^/a/@b", "is not an element"),
        ("record: p:a\nfields:\n- {name: x, path: [a]}", "record: p:^a", "prefix"),
        (
            "record: /a\nfields:\n- {name: x, path: [a]}\n- {name: x, path: [b]}",
            "- {name: ^x, path: [b]}",
            "already",
        ),
        (
            "record: /a\nfields:\n- {name: x, path: [a], type: object}",
            "- ^{name: x, path: [a], type: object}",
            "fields",
        ),
        ("# only\nrecord: /a", "^record: /a", "fields:"),
        (
            "kind: IngestSource\nspec:\n  conversion:\n    fields: [{name: x, path: [a]}]",
            "    ^fields: [{name: x, path: [a]}]",
            "record:",
        ),
    ] {
        let (found, message) = fault(yaml);
        // The start of a mapping in braces may be its brace or its first key.
        assert_eq!(
            found.replace("^{name", "{^name"),
            marked.replace("^{name", "{^name"),
            "{yaml}: {message}"
        );
        assert!(message.contains(problem), "{message}");
    }
}

#[test]
fn with_a_preset_a_fault_is_in_the_line_of_ones_own_field() {
    let replaced = "preset: nitf\nfields:\n- {name: mine, path: [a]}\n- {name: body, path: [a, b!]}";
    assert_eq!(fault(replaced).0, "- {name: body, path: [a, b^!]}");
    let added = "preset: nitf\nfields:\n- {name: body, path: [a]}\n- {name: mine, path: ['b[@c=d]']}";
    assert_eq!(fault(added).0, "- {name: mine, path: ['b[@c=^d]']}");
}

#[test]
fn a_file_without_a_conversion_or_with_two_is_a_fault() {
    assert!(fault("kind: Secret\nmetadata: {name: x}").1.contains("no conversion"));
    assert!(fault("").1.contains("no conversion"));
    let (marked, problem) = fault("preset: nitf\n---\npreset: newsml-g2");
    assert_eq!(marked, "^preset: newsml-g2");
    assert!(problem.contains("second"), "{problem}");
    assert!(parse("- a").is_err() && parse("a").is_err());
}

#[test]
fn a_reference_to_a_model_that_is_not_in_the_file_is_a_fault() {
    let source = "kind: IngestSource\nspec:\n  conversion:\n    modelRef: {name: m}";
    let (marked, problem) = fault(source);
    // The start of a mapping in braces may be its brace or its first key.
    assert_eq!(marked.replace("{^", "^{"), "    modelRef: ^{name: m}");
    assert!(problem.contains("ConversionModel \"m\"") && problem.contains("not in this file"), "{problem}");
    let other =
        format!("kind: ConversionModel\nmetadata: {{name: other}}\nspec: {{preset: rss}}\n---\n{source}");
    assert!(fault(&other).1.contains("not in this file"));
    let (marked, problem) = fault("modelRef: {name: m}");
    assert_eq!(marked.replace("{^", "^{"), "modelRef: ^{name: m}");
    assert!(problem.contains("the file that it is in"), "{problem}");
}

#[test]
fn a_fault_of_a_model_is_shown_in_its_resource() {
    let yaml = "kind: ConversionModel\nspec:\n  record: /a\n  fields:\n  - {name: x, path: [\"b[c=]\"]}";
    let (marked, problem) = fault(yaml);
    assert_eq!(marked, "  - {name: x, path: [\"b[c=^]\"]}", "{problem}");
}

#[test]
fn a_fault_is_told_with_its_file_line_and_caret() {
    let scratch = Scratch::with(&[]);
    let path = scratch.write("m.yaml", "record: /a\nfields:\n  - {name: x, path: [\"a[\"]}\n");
    let message = read(&path).unwrap_err().to_string();
    let expected = format!(
        " --> {}:3:25\n   |\n 3 |   - {{name: x, path: [\"a[\"]}}\n   | {}^",
        path.display(),
        " ".repeat(24)
    );
    assert!(message.ends_with(&expected), "{message}\n{expected}");
    assert!(read(&scratch.path("none.yaml")).unwrap_err().to_string().contains("none.yaml"));
}
