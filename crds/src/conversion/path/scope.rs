//! In which names of a path are looked up.

use std::collections::BTreeMap;

use crate::conversion::format::Format;

/// In which names of a path are looked up.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The language of paths.
    pub format: Format,
    /// Prefix → URI.
    pub namespaces: &'a BTreeMap<String, String>,
    /// The namespaces of names without a prefix; the empty string is none.
    pub default_namespaces: &'a [String],
}
