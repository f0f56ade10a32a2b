//! Reads a model from a YAML file, and shows a fault in its line.

mod documents;
mod fault;
mod place;
mod tree;

use std::path::{Path, PathBuf};
use std::{fs, io};

use docmill_crds::conversion::{Conversion, Model, ModelError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::commands::excerpt::excerpt;
use fault::{Fault, yaml_fault};

/// Why a file is not a model.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModelFault {
    /// It cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something in it is wrong.
    #[error("{problem}\n --> {}:{line}:{column}\n{excerpt}", path.display())]
    Placed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// The line, from 1.
        line: u64,
        /// The character in it, from 1.
        column: u64,
        /// The line with a mark.
        excerpt: String,
    },
    /// A preset, or a model that was read, cannot be compiled: a fault of this program.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// Reads a model: that of the file's `ConversionModel` or `IngestSource`, or a standalone `conversion`, with or
/// without its key.
pub(crate) fn read(path: &Path) -> Result<Model, ModelFault> {
    Ok(read_with_id(path)?.0)
}

/// Reads a model as [`read`] does, and the template of ids (`index.id`), if the file has the conversion in an
/// `IngestSource` with an index.
pub(crate) fn read_with_id(path: &Path) -> Result<(Model, Option<String>), ModelFault> {
    let bytes = fs::read(path).map_err(|source| ModelFault::Read { path: path.to_owned(), source })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let source = io::Error::new(io::ErrorKind::InvalidData, error.utf8_error());
        ModelFault::Read { path: path.to_owned(), source }
    })?;
    parse(&text).map_err(|Fault { problem, line, column }| {
        let number = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let shown = text.lines().nth(number).unwrap_or_default();
        let excerpt = excerpt(shown, line, column);
        ModelFault::Placed { path: path.to_owned(), problem, line, column, excerpt }
    })
}

/// The resolved model in a YAML text, and the template of ids beside it.
fn parse(text: &str) -> Result<(Model, Option<String>), Fault> {
    let (yaml, node, form) = documents::find(text)?;
    let (conversion, index) = match form {
        documents::ModelForm::Source => {
            let Spec { conversion, index } = typed::<Source>(&yaml)?.spec;
            (conversion, index)
        }
        documents::ModelForm::Model => (typed::<Manifest>(&yaml)?.spec, None),
        documents::ModelForm::Keyed => (typed::<Spec>(&yaml)?.conversion, None),
        documents::ModelForm::Bare => (typed::<Conversion>(&yaml)?, None),
    };
    let model = conversion
        .resolve()
        .map_err(|error| place::fault(&error, &conversion, form.conversion(&node), text))?;
    Ok((model, index.and_then(|index| index.id)))
}

#[derive(Deserialize)]
struct Manifest {
    spec: Conversion,
}

#[derive(Deserialize)]
struct Source {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    conversion: Conversion,
    index: Option<SourceIndex>,
}

/// The part of a source's `index` that tells one document of an object from another.
#[derive(Deserialize)]
struct SourceIndex {
    id: Option<String>,
}

fn typed<T: DeserializeOwned>(yaml: &str) -> Result<T, Fault> {
    serde_saphyr::from_str(yaml).map_err(|error| yaml_fault(&error))
}

#[cfg(test)]
mod tests;
