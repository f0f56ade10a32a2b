//! The committed definitions are what the types say.

use std::path::Path;

#[test]
fn the_committed_definitions_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(docmill_crds::manifests::FOLDER);
    for (name, text) in docmill_crds::manifests::all().expect("definitions") {
        let committed = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(
            committed == text,
            "{name} differs from the types: run `cargo run -p docmill-crds --example crdgen`"
        );
    }
}
