//! The scope in which the names of a path are resolved.

use std::collections::BTreeMap;

use crate::conversion::format::Format;

/// The scope in which the names of a path are resolved.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The language of paths.
    pub format: Format,
    /// Prefix → URI.
    pub namespaces: &'a BTreeMap<String, String>,
    /// The namespaces of names without a prefix; the empty string stands for no namespace.
    pub default_namespaces: &'a [String],
}
