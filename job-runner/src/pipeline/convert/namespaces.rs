//! Which prefix stands for which namespace, where the reader is: Namespaces in XML 1.0.

use super::fault::Flaw;
use super::names::{NO_NAMESPACE, Names};
use super::tag::{Attributes, RawAttribute};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The declarations in force, innermost last.
#[derive(Debug)]
pub(super) struct Namespaces {
    bindings: Vec<Binding>,
    /// The prefixes and URIs of the bindings, one after the other.
    text: String,
}

#[derive(Clone, Copy, Debug)]
struct Binding {
    /// Where in the text its prefix starts, its URI starts, and its URI ends.
    prefix: usize,
    uri: usize,
    end: usize,
    id: u32,
    depth: u32,
}

impl Namespaces {
    pub(super) fn new(names: &Names) -> Self {
        let mut namespaces = Self { bindings: Vec::new(), text: String::new() };
        namespaces.bind("xml", XML, names.namespace(XML), 0);
        namespaces
    }

    fn bind(&mut self, prefix: &str, uri: &str, id: u32, depth: u32) {
        let start = self.text.len();
        self.text.push_str(prefix);
        self.text.push_str(uri);
        let (uri, end) = (start + prefix.len(), self.text.len());
        self.bindings.push(Binding { prefix: start, uri, end, id, depth });
    }

    /// Takes in the declarations of an element that is opened at this depth, and checks the prefixes of its attributes.
    pub(super) fn open(&mut self, attributes: Attributes<'_>, depth: u32, names: &Names) -> Result<(), Flaw> {
        let mut prefixed = 0;
        for attribute in attributes.iter() {
            match (attribute.prefix, attribute.local) {
                ("", "xmlns") => self.declare("", &attribute, depth, names)?,
                ("xmlns", prefix) => self.declare(prefix, &attribute, depth, names)?,
                ("" | "xml", _) => {}
                _ => prefixed += 1,
            }
        }
        if prefixed > 0 { self.check(attributes) } else { Ok(()) }
    }

    /// Forgets the declarations of the element that was opened at this depth.
    pub(super) fn close(&mut self, depth: u32) {
        while let Some(binding) = self.bindings.last().filter(|binding| binding.depth == depth && depth > 0) {
            self.text.truncate(binding.prefix);
            self.bindings.pop();
        }
    }

    /// The number of a prefix's namespace, `None` for a prefix that is not declared. The empty prefix is that of elements.
    pub(super) fn id(&self, prefix: &str) -> Option<u32> {
        match self.find(prefix) {
            Some(binding) => Some(binding.id),
            None => prefix.is_empty().then_some(NO_NAMESPACE),
        }
    }

    /// The URI of a prefix's namespace; empty for none.
    pub(super) fn uri(&self, prefix: &str) -> &str {
        self.find(prefix).map_or("", |binding| self.uri_of(binding))
    }

    fn find(&self, prefix: &str) -> Option<&Binding> {
        self.bindings.iter().rev().find(|binding| &self.text[binding.prefix..binding.uri] == prefix)
    }

    fn uri_of(&self, binding: &Binding) -> &str {
        &self.text[binding.uri..binding.end]
    }

    fn declare(
        &mut self,
        prefix: &str,
        attribute: &RawAttribute<'_>,
        depth: u32,
        names: &Names,
    ) -> Result<(), Flaw> {
        let uri = attribute.value();
        let wrong = prefix == "xmlns"
            || uri == XMLNS
            || (prefix == "xml") != (uri == XML)
            || (uri.is_empty() && !prefix.is_empty());
        if wrong {
            let flaw = Flaw::malformed(
                attribute.offset,
                format!("a namespace that the prefix {prefix:?} may stand for"),
            );
            return Err(flaw.found(&uri));
        }
        self.bind(prefix, &uri, names.namespace(&uri), depth);
        Ok(())
    }

    /// Every prefix is declared, and no attribute is there twice under two prefixes.
    fn check(&self, attributes: Attributes<'_>) -> Result<(), Flaw> {
        let prefixed = |a: &RawAttribute<'_>| !matches!(a.prefix, "" | "xml" | "xmlns");
        for (index, attribute) in attributes.iter().enumerate().filter(|(_, a)| prefixed(a)) {
            let Some(binding) = self.find(attribute.prefix) else {
                return Err(undeclared(attribute.prefix, attribute.offset));
            };
            let twice = attributes.iter().take(index).filter(prefixed).any(|other| {
                other.local == attribute.local
                    && self.find(other.prefix).is_some_and(|o| self.uri_of(o) == self.uri_of(binding))
            });
            if twice {
                return Err(Flaw::malformed(attribute.offset, "each attribute once").found(attribute.local));
            }
        }
        Ok(())
    }
}

pub(super) fn undeclared(prefix: &str, offset: usize) -> Flaw {
    Flaw::malformed(offset, "a prefix that is declared").found(prefix)
}
