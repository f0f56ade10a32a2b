//! The packages of the Python stack that the worker is measured beside.

use std::path::PathBuf;

use crate::{
    home::{Home, is_made_from, make_from},
    host::{toolchains::Python, venv::Venv},
    progress::step,
    versions::Versions,
};

/// An interpreter with the packages, which are installed once.
pub(super) fn ensure(home: &Home, versions: &Versions, python: &Python) -> anyhow::Result<PathBuf> {
    let packages = &versions.python_stack;
    let folder = home.cache().join("kit/python-stack");
    let recipe = format!("{}\n{}", python.path.display(), packages.join("\n"));
    if !is_made_from(&folder, &recipe) {
        step("install the Python stack", || {
            make_from(&folder, &recipe, |part| {
                let log = home.log("build-python-stack")?;
                Venv::make(python, part.to_owned(), &log)?.install("the Python stack's packages", packages)
            })
        })?;
    }
    Ok(folder.join("bin/python"))
}
