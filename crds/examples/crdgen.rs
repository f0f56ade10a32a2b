//! Writes what is made from the types: the CustomResourceDefinitions into the chart, and the reference into the
//! documentation. `cargo run -p docmill-crds --example crdgen`

use std::path::Path;

use docmill_crds::{manifests, reference_docs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    write(manifests::FOLDER, manifests::all()?)?;
    write(reference_docs::FOLDER, reference_docs::pages())?;
    Ok(())
}

fn write(folder: &str, files: impl IntoIterator<Item = (String, String)>) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    std::fs::create_dir_all(&folder)?;
    files.into_iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
}
