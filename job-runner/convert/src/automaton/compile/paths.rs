//! Reads the paths of fields, and writes them for people.

use docmill_crds::conversion::{ModelError, Path, Syntax, TOP};

use super::Compiler;

impl Compiler<'_> {
    /// The locations of one path of a field, as a person would write them from the root or from the record.
    pub(super) fn join(&self, parent: &str, locations: &[(Path, String)], path: &str) -> String {
        let join = match self.syntax {
            Syntax::Xml => join,
            Syntax::Json => join_json,
        };
        match locations {
            [_] => join(parent, path),
            // Each of them has its start.
            _ if locations.iter().any(|(location, _)| location.absolute) => path.to_owned(),
            _ => join(parent, &format!("({path})")),
        }
    }

    pub(super) fn parse_locations(&self, path: &str) -> Result<Vec<(Path, String)>, ModelError> {
        Path::parse_locations(path, &self.model.scope())
            .map_err(|fault| ModelError::Path { place: path.to_owned(), fault })
    }

    pub(super) fn parse(&self, path: &str) -> Result<Path, ModelError> {
        Path::parse(path, &self.model.scope())
            .map_err(|fault| ModelError::Path { place: path.to_owned(), fault })
    }
}

/// The path of a field within its record or object, as a person would write it in XML.
fn join(parent: &str, path: &str) -> String {
    let path =
        path.strip_prefix('.').filter(|rest| rest.is_empty() || rest.starts_with("//")).unwrap_or(path);
    match path {
        "" => parent.to_owned(),
        _ if path.starts_with("//") => format!("{parent}{path}"),
        _ if path.starts_with('/') => path.to_owned(),
        _ => format!("{parent}/{path}"),
    }
}

/// The same for JSON paths.
fn join_json(parent: &str, path: &str) -> String {
    let path = path.strip_prefix('@').unwrap_or(path);
    match path {
        "" | "." => parent.to_owned(),
        _ if path.starts_with(TOP) => path.to_owned(),
        _ if path.starts_with(['[', '.']) => format!("{parent}{path}"),
        _ => format!("{parent}.{path}"),
    }
}
