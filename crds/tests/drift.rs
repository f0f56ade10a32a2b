//! What is committed of what is made from the types is what the types say.

use std::collections::HashSet;
use std::path::Path;

use docmill_crds::conversion::{BINARY_FORMAT, CONVERTER_FORMAT};
use docmill_crds::records::own_index::FORMAT;
use docmill_crds::{manifests, reference_docs};

fn are_committed(folder: &str, files: impl IntoIterator<Item = (String, String)>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    for (name, text) in files {
        let committed = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(
            committed == text,
            "{name} differs from the types: run `cargo run -p docmill-crds --example crdgen`"
        );
    }
}

#[test]
fn the_committed_definitions_are_those_of_the_types() {
    are_committed(manifests::FOLDER, manifests::all().expect("definitions"));
}

#[test]
fn the_committed_reference_is_that_of_the_types() {
    are_committed(reference_docs::FOLDER, reference_docs::pages());
}

#[test]
fn the_page_on_versions_has_the_numbers_of_the_formats() {
    let page = include_str!("../../docs/reference/versioning.md");
    for (what, number) in [
        ("records: ", FORMAT),
        ("documents converted from XML and JSON ", CONVERTER_FORMAT.into()),
        ("documents of format `Binary` ", BINARY_FORMAT.into()),
    ] {
        let row = page.lines().find_map(|line| line.strip_prefix("| ")?.strip_prefix(what)).expect(what);
        assert_eq!(row.split('|').nth(2).map(str::trim), Some(number.to_string().as_str()), "{what}");
    }
}

#[test]
fn links_within_a_page_of_the_reference_lead_to_one_heading() {
    for (name, text) in reference_docs::pages() {
        let mut anchors = HashSet::new();
        for heading in text.lines().filter(|line| line.starts_with('#')) {
            let anchor = reference_docs::anchor(heading.trim_start_matches('#').trim());
            assert!(anchors.insert(anchor), "{name} has two headings {heading}");
        }
        for link in text.split("](#").skip(1) {
            let target = link.split(')').next().unwrap();
            assert!(anchors.contains(target), "{name} has no heading for #{target}");
        }
    }
}
