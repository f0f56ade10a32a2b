use std::fs;
use std::path::PathBuf;

use docmill_crds::conversion::Preset;
use serde_json::Value;

use super::{Args, convert_all, parse_model};

fn testdata(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)
}

/// Exit without refusals, the lines on standard output and on standard error.
fn run(args: &Args) -> (bool, Vec<Value>, Vec<Value>) {
    let (mut out, mut refusals) = (Vec::new(), Vec::new());
    let good = convert_all(args, &mut out, &mut refusals).unwrap();
    let lines = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    (good, lines(out), lines(refusals))
}

fn nitf(paths: &[&str], records: bool) -> Args {
    let paths = paths.iter().map(|path| testdata(path)).collect();
    Args { model: None, preset: Some("nitf".into()), records, paths }
}

#[test]
fn documents_and_refusals_come_as_lines_in_the_order_of_the_input() {
    let (good, documents, refusals) =
        run(&nitf(&["nitf/namespace-utf16.xml", "nitf/undefined-entity.xml"], false));
    assert!(!good);
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["guid"], "urn:newsml:example.gr:20260102:1");
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0]["reason"], "EntityRefused");
    assert!(refusals[0]["path"].as_str().unwrap().ends_with("undefined-entity.xml"));
    assert_eq!(refusals[0]["faults"][0]["line"], 5);
}

#[test]
fn all_good_is_said_and_records_tell_where_a_document_is_from() {
    let (good, documents, refusals) = run(&nitf(&["nitf/namespace-utf16.xml"], true));
    assert!(good && refusals.is_empty());
    assert_eq!(documents[0]["index"], 0);
    assert_eq!(documents[0]["document"]["language"], "el");
}

#[test]
fn a_folder_is_all_of_its_files() {
    let files = fs::read_dir(testdata("nitf")).unwrap().count();
    let (_, documents, refusals) = run(&nitf(&["nitf"], false));
    assert_eq!(documents.len() + refusals.len(), files, "each has one verdict, also what is not XML");
}

#[test]
fn a_path_that_is_not_there_is_an_error_and_no_refusal() {
    let error = convert_all(&nitf(&["nitf/none.xml"], false), &mut Vec::new(), &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("none.xml"), "{error}");
}

#[test]
fn a_model_is_a_conversion_or_a_whole_resource() {
    for yaml in [
        "preset: nitf",
        "conversion: {preset: nitf}",
        "apiVersion: docmill.io/v1alpha1\nkind: IngestSource\nmetadata: {name: x}\nspec:\n  raw: {bucket: b}\n  conversion:\n    preset: nitf",
    ] {
        assert_eq!(parse_model(yaml).unwrap().preset, Some(Preset::Nitf), "{yaml}");
    }
    for yaml in ["preset: none", "presett: nitf", "spec: {raw: {}}", "- a", "preset: ["] {
        assert!(parse_model(yaml).is_err(), "{yaml}");
    }
}
