use std::io;

use docmill_clients::elastic::Distribution;
use serde_json::{Value, json};

use super::{ObjectFacts, document, extension, name, of_reader};
use crate::ingest::prepare::binary::content::{ContentFacts, Intake};
use crate::ingest::prepare::binary::properties;
use crate::ingest::source::object::ObjectHeaders;

fn content(bytes: &[u8]) -> ContentFacts {
    let mut intake = Intake::default();
    intake.push(bytes);
    intake.finish()
}

fn facts(metadata: &[(&str, &str)], tags: &[(&str, &str)]) -> ObjectFacts {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    ObjectFacts {
        last_modified: Some("2026-01-02T03:04:05.000Z".into()),
        headers: ObjectHeaders {
            content_type: Some("binary/octet-stream".into()),
            metadata: metadata.iter().map(owned).collect(),
            tag_count: None,
        },
        tags: tags.iter().map(owned).collect(),
    }
}

#[test]
fn a_document_says_everything_that_is_known_of_an_object_in_this_order() {
    let facts = facts(&[("title", "=?UTF-8?B?WsO8cmljaA==?="), ("camera", "x")], &[("desk", "sport")]);
    let document = document("wire/2026/Photo \"1\".JPG", &content(b"\xff\xd8\xff\xe0\0\x10JFIF\0"), facts);
    let expected = concat!(
        r#"{"key":"wire/2026/Photo \"1\".JPG","#,
        r#""keyDigest":"88c715b28290c5d08fd0089e6ddca2c6d518173241c6e5d00b3ff7e08ccd6a3a","#,
        r#""name":"Photo \"1\".JPG","extension":"jpg","size":11,"contentType":"image/jpeg","#,
        r#""declaredContentType":"binary/octet-stream","#,
        r#""digest":"23e5c96c789570b1a740a7463526bb846d97506642e12a6a5e6b9b3b7a90cd5f","#,
        r#""lastModified":"2026-01-02T03:04:05.000Z","metadata":{"camera":"x","title":"Zürich"},"tags":{"desk":"sport"}}"#,
    );
    assert_eq!(document.json(), expected);
}

#[test]
fn the_fields_that_templates_name_are_found() {
    let document = document("a.txt", &content(b"hello"), facts(&[], &[]));
    assert_eq!(document.field("lastModified"), Some("\"2026-01-02T03:04:05.000Z\""));
    assert_eq!(document.field("size"), Some("5"));
    assert_eq!(document.field("tags"), None);
    assert_eq!(document.index_in_object, 0);
}

#[test]
fn what_is_not_known_is_left_out() {
    let document = of_reader("a/b/", io::empty()).unwrap();
    let json: Value = serde_json::from_str(document.json()).unwrap();
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(json["digest"], digest);
    assert_eq!((&json["name"], &json["contentType"]), (&json!("b"), &json!("inode/x-empty")));
    for field in ["extension", "declaredContentType", "lastModified", "metadata", "tags"] {
        assert_eq!(json[field], Value::Null, "{field}");
    }
}

#[test]
fn a_name_is_the_last_part_of_a_key_and_an_extension_its_end() {
    for (key, expected, end) in [
        ("a/b/photo.jpeg", "photo.jpeg", Some("jpeg")),
        ("photo.tar.GZ", "photo.tar.GZ", Some("gz")),
        ("a/.profile", ".profile", None),
        ("a/no extension", "no extension", None),
        ("a/Mr. Smith goes", "Mr. Smith goes", None),
        ("a/dots...", "dots...", None),
        ("a/x.aaaaaaaaaaaaaaaaa", "x.aaaaaaaaaaaaaaaaa", None),
        ("folder/", "folder", None),
        ("/", "", None),
    ] {
        assert_eq!(name(key), expected);
        assert_eq!(extension(name(key)).as_deref(), end, "{key}");
    }
}

#[test]
fn a_file_that_breaks_off_is_no_document() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
    assert!(of_reader("a", Broken).is_err());
}

/// `docs/guides/binary-objects.md`.
fn page() -> String {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides/binary-objects.md");
    std::fs::read_to_string(page).unwrap()
}

fn block(page: &str, kind: &str) -> String {
    let (_, rest) = page.split_once(&format!("```{kind}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_page_shows_what_a_document_is() {
    let page = page();
    let model: docmill_crds::conversion::Conversion =
        serde_saphyr::from_str(&block(&page, "yaml conversion")).unwrap();
    assert_eq!(model.resolve().unwrap().limits.max_object_bytes, 5 << 30);
    let facts = facts(&[("title", "Zürich")], &[("desk", "sport")]);
    let document = document("wire/2026/Photo 1.JPG", &content(b"\xff\xd8\xff\xe0\0\x10JFIF\0"), facts);
    let shown: Value = serde_json::from_str(&block(&page, "json document")).unwrap();
    assert_eq!(document.json(), shown.to_string());
}

#[test]
fn the_page_the_mapping_and_a_document_have_the_same_fields() {
    let page = page();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mapping = properties(Distribution::Elasticsearch);
    assert_eq!(rows.collect::<Vec<_>>(), mapping.keys().collect::<Vec<_>>());
    let document = document("a.b", &content(b""), facts(&[("a", "b")], &[("c", "d")]));
    let json: Value = serde_json::from_str(document.json()).unwrap();
    assert!(json.as_object().unwrap().keys().eq(mapping.keys()));
}
