//! The namespaces of samples, as numbers.

use super::tree::Namespace;

/// Maximum namespaces that are distinguished: more than a model may name.
const MOST: usize = 64;

/// Maximum bytes of a URI. A longer one is not a namespace that a person would name.
const LONGEST: usize = 1024;

/// The namespace of names without one.
pub(super) const NONE: Namespace = 0;

const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// A namespace.
#[derive(Debug)]
pub(super) struct KnownNamespace {
    pub(super) uri: String,
    /// The first prefix that was met, or empty.
    pub(super) prefix: String,
}

/// All namespaces that were met.
#[derive(Debug)]
pub(super) struct Namespaces(Vec<KnownNamespace>);

impl Namespaces {
    pub(super) fn new() -> Self {
        Self(vec![KnownNamespace { uri: String::new(), prefix: String::new() }])
    }

    /// The number of a namespace; `None` if it is not distinguished.
    pub(super) fn number(&mut self, uri: &str, prefix: &str) -> Option<Namespace> {
        let known = self.0.iter_mut().position(|known| known.uri == uri);
        let index = match known {
            Some(index) => index,
            None if self.0.len() >= MOST || uri.len() > LONGEST => return None,
            None => {
                self.0.push(KnownNamespace { uri: uri.to_owned(), prefix: String::new() });
                self.0.len() - 1
            }
        };
        if let Some(known) = self.0.get_mut(index).filter(|known| known.prefix.is_empty()) {
            prefix.clone_into(&mut known.prefix);
        }
        Namespace::try_from(index).ok()
    }

    /// The URI of a number, and the prefix it was met with.
    pub(super) fn get(&self, number: Namespace) -> (&str, &str) {
        let known = usize::try_from(number).ok().and_then(|index| self.0.get(index));
        known.map_or(("", ""), |known| (&known.uri, &known.prefix))
    }

    /// Whether it is the namespace that the prefix `xml` always stands for.
    pub(super) fn is_xml(&self, number: Namespace) -> bool {
        self.get(number).0 == XML
    }
}
