//! What becomes of an input, as golden files say it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use docmill_convert::{GOLDEN_SUFFIXES, GoldenContent, golden};
use serde_json::{Value, json};

use crate::commands::convert::engine::Engine;
use crate::commands::inputs::ReadError;

/// A golden file.
pub(super) struct Golden {
    /// The file.
    pub(super) path: PathBuf,
    /// What has to be in it.
    pub(super) content: GoldenContent,
}

/// Converts an input of a folder. `stem` is its path without extension.
pub(super) fn of(
    engine: &Engine,
    folder: &Path,
    input: &Path,
    stem: &Path,
) -> Result<[Golden; GOLDEN_SUFFIXES.len()], ReadError> {
    let unreadable = |source| ReadError { path: input.to_owned(), source };
    let (mut documents, mut refusals) = (Vec::new(), Vec::new());
    let (mut file, look) = engine.open(input).map_err(unreadable)?;
    // A document may have the path in it; wherever the folder is, that is the path within it.
    let name = input.strip_prefix(folder).unwrap_or(input);
    // Golden files say the same whenever the inputs were written.
    let read = engine.convert(name, (&look, None), &mut file, |verdict| {
        match verdict {
            Ok(document) => documents.push(value(document.json())),
            Err(refusal) => refusals.push(json!(refusal)),
        }
        ControlFlow::Continue(())
    });
    read.map_err(unreadable)?;
    Ok(golden(documents, refusals).map(|content| Golden { path: beside(stem, content.suffix), content }))
}

fn beside(stem: &Path, suffix: &str) -> PathBuf {
    let mut path = stem.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn value(document: &str) -> Value {
    // A document is JSON; if it were not, its text would show that.
    serde_json::from_str(document).unwrap_or_else(|_| document.into())
}
