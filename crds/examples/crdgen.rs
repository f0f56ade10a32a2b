//! Writes the CustomResourceDefinitions into the chart: `cargo run -p docmill-crds --example crdgen`.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(docmill_crds::manifests::FOLDER);
    std::fs::create_dir_all(&folder)?;
    for (name, text) in docmill_crds::manifests::all()? {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
