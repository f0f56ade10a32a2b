//! Parses a path in the language of its model's format.

use super::json_path;
use super::location::{Path, PathFault, union};
use super::scope::Scope;
use super::xpath::{END, XPathParser};
use crate::conversion::format::Format;

impl Path {
    /// Parses `path`; prefixes and names without one are resolved in `scope`.
    pub fn parse(path: &str, scope: &Scope<'_>) -> Result<Self, PathFault> {
        if scope.format == Format::Json {
            return json_path::parse(path);
        }
        let mut parser = XPathParser { path, rest: path, scope };
        let parsed = parser.path()?;
        parser.end_of_path()?;
        Ok(parsed)
    }

    /// Parses a path of a field: one, or the union of several that are separated by `|`. Returns each with its text.
    pub fn parse_locations(path: &str, scope: &Scope<'_>) -> Result<Vec<(Self, String)>, PathFault> {
        match Self::parse(path, scope) {
            Ok(parsed) => Ok(vec![(parsed, path.to_owned())]),
            Err(fault) if !path.contains('|') => Err(fault),
            Err(_) => Self::parse_union(path, scope),
        }
    }

    /// Parses one or more paths separated by `|`; returns each with its text.
    pub fn parse_union(path: &str, scope: &Scope<'_>) -> Result<Vec<(Self, String)>, PathFault> {
        if scope.format == Format::Json {
            return json_path::parse_union(path);
        }
        union(path, END, |rest| {
            let mut parser = XPathParser { path, rest, scope };
            Ok((parser.location()?, parser.rest))
        })
    }
}
