//! Which prefix stands for which namespace, where the reader is: Namespaces in XML 1.0.

use std::borrow::Cow;

use super::fault::Flaw;
use super::names::{NO_NAMESPACE, Names};
use super::tag::RawAttribute;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The declarations in force, innermost last.
#[derive(Debug)]
pub(super) struct Namespaces<'a> {
    bindings: Vec<Binding<'a>>,
}

#[derive(Debug)]
struct Binding<'a> {
    prefix: &'a str,
    uri: Cow<'a, str>,
    id: u32,
    depth: u32,
}

impl<'a> Namespaces<'a> {
    pub(super) fn new(names: &Names) -> Self {
        let xml = Binding { prefix: "xml", uri: Cow::Borrowed(XML), id: names.namespace(XML), depth: 0 };
        Self { bindings: vec![xml] }
    }

    /// Takes in the declarations of an element that is opened at this depth, and checks the prefixes of its attributes.
    pub(super) fn open(
        &mut self,
        attributes: &[RawAttribute<'a>],
        depth: u32,
        names: &Names,
    ) -> Result<(), Flaw> {
        let mut prefixed = 0;
        for attribute in attributes {
            match (attribute.prefix, attribute.local) {
                ("", "xmlns") => self.declare("", attribute, depth, names)?,
                ("xmlns", prefix) => self.declare(prefix, attribute, depth, names)?,
                ("" | "xml", _) => {}
                _ => prefixed += 1,
            }
        }
        if prefixed > 0 { self.check(attributes) } else { Ok(()) }
    }

    /// Forgets the declarations of the element that was opened at this depth.
    pub(super) fn close(&mut self, depth: u32) {
        while self.bindings.last().is_some_and(|binding| binding.depth == depth && depth > 0) {
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
        self.find(prefix).map_or("", |binding| &binding.uri)
    }

    fn find(&self, prefix: &str) -> Option<&Binding<'a>> {
        self.bindings.iter().rev().find(|binding| binding.prefix == prefix)
    }

    fn declare(
        &mut self,
        prefix: &'a str,
        attribute: &RawAttribute<'a>,
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
        let id = names.namespace(&uri);
        self.bindings.push(Binding { prefix, uri, id, depth });
        Ok(())
    }

    /// Every prefix is declared, and no attribute is there twice under two prefixes.
    fn check(&self, attributes: &[RawAttribute<'_>]) -> Result<(), Flaw> {
        let prefixed = |a: &&RawAttribute<'_>| !matches!(a.prefix, "" | "xml" | "xmlns");
        for (index, attribute) in attributes.iter().enumerate().filter(|(_, a)| prefixed(a)) {
            let Some(binding) = self.find(attribute.prefix) else {
                return Err(undeclared(attribute.prefix, attribute.offset));
            };
            let twice = attributes[..index].iter().filter(prefixed).any(|other| {
                other.local == attribute.local
                    && self.find(other.prefix).is_some_and(|o| o.uri == binding.uri)
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
