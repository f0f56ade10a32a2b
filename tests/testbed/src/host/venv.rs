//! A virtual environment of Python with packages from `PyPI`.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::{
    command::{Failed, run_logged, tool},
    host::toolchains::Python,
};

/// A virtual environment that is being made.
pub(crate) struct Venv<'a> {
    folder: PathBuf,
    log: &'a Path,
}

impl<'a> Venv<'a> {
    /// Makes an empty one in `folder`. What its programs print goes to `log`.
    pub(crate) fn make(python: &Python, folder: PathBuf, log: &'a Path) -> anyhow::Result<Self> {
        run_logged(tool(&python.path).args(["-m", "venv"]).arg(&folder), log).map_err(|_| {
            Failed::with_log("failed to make a virtual environment", log)
                .advice("install Python's venv module (Debian: python3-venv), then run it again")
        })?;
        Ok(Self { folder, log })
    }

    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// Installs `what` by these arguments of `pip install`.
    pub(crate) fn install(
        &self,
        what: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> anyhow::Result<()> {
        let mut pip = tool(self.python());
        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "install"]).args(arguments);
        run_logged(&mut pip, self.log).map_err(|_| {
            Failed::with_log(format!("failed to install {what}"), self.log)
                .advice("check that this machine reaches PyPI, then run it again")
        })?;
        Ok(())
    }
}
