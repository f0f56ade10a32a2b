//! Finds inputs and golden files in a folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use docmill_convert::GOLDEN_SUFFIXES;

use super::GoldenError;
use crate::commands::inputs::{Input, Inputs};

/// How the name of a file ends that is neither an input nor golden: models and what explains them.
const OTHERS: [&str; 3] = [".yaml", ".yml", ".md"];

/// The files of a folder and the folders in it.
pub(super) struct Fixtures {
    /// Path without extension → input.
    pub(super) inputs: BTreeMap<PathBuf, PathBuf>,
    /// The golden files.
    pub(super) golden: BTreeSet<PathBuf>,
}

/// Lists a folder.
pub(super) fn list(folder: &Path) -> Result<Fixtures, GoldenError> {
    let (mut inputs, mut golden) = (BTreeMap::new(), BTreeSet::new());
    for input in Inputs::new(&[folder.to_owned()]) {
        let Input { path, .. } = input?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if GOLDEN_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            golden.insert(path);
        } else if !OTHERS.iter().any(|other| name.ends_with(other))
            && let Some(first) = inputs.insert(path.with_extension(""), path.clone())
        {
            return Err(GoldenError::SameName { first, second: path });
        }
    }
    Ok(Fixtures { inputs, golden })
}
