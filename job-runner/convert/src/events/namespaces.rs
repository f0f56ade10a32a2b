//! The namespaces of prefixes at the reader's position: Namespaces in XML 1.0.

use std::collections::HashSet;

use super::bindings::Bindings;
use super::names::{NO_NAMESPACE, Names};
use super::tag::{Attributes, FEW, RawAttribute};
use crate::fault::Flaw;
use crate::limits::Limits;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The declarations in scope.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    bindings: Bindings,
    /// Maximum bytes of all prefixes and URIs in scope.
    most: usize,
}

impl Namespaces {
    /// Another object starts.
    pub(crate) fn start_object(&mut self, names: &Names, limits: &Limits) {
        self.bindings.clear();
        self.bindings.bind("xml", XML, names.namespace(XML), 0);
        self.most = limits.namespace_bytes;
    }

    /// Allocated bytes, roughly.
    pub(crate) fn capacity(&self) -> usize {
        self.bindings.capacity()
    }

    /// Adds the declarations of an element that is opened at this depth. Returns how many of its attributes have a
    /// prefix that is to be checked.
    pub(crate) fn open(
        &mut self,
        attributes: Attributes<'_>,
        depth: usize,
        names: &Names,
    ) -> Result<usize, Flaw> {
        let mut prefixed = 0;
        for attribute in attributes.qualified() {
            match (attribute.prefix, attribute.local) {
                ("", "xmlns") => self.declare("", &attribute, depth, names)?,
                ("xmlns", prefix) => self.declare(prefix, &attribute, depth, names)?,
                ("" | "xml", _) => {}
                _ => prefixed += 1,
            }
        }
        Ok(prefixed)
    }

    /// Checks that the prefixes of so many attributes are declared, and that none occurs twice under two of them.
    pub(crate) fn check(&self, attributes: Attributes<'_>, prefixed: usize) -> Result<(), Flaw> {
        match prefixed {
            0 => Ok(()),
            1..=FEW => self.check_few(attributes),
            _ => self.check_many(attributes),
        }
    }

    /// Drops the declarations of the element that was opened at this depth.
    pub(crate) fn close(&mut self, depth: usize) {
        self.bindings.close(depth);
    }

    /// The number of a prefix's namespace, `None` for an undeclared prefix. The empty prefix is the default
    /// for elements.
    pub(crate) fn id(&self, prefix: &str) -> Option<u32> {
        match self.bindings.find(prefix) {
            Some(binding) => Some(binding.id),
            None => prefix.is_empty().then_some(NO_NAMESPACE),
        }
    }

    /// The URI of a prefix's namespace; empty for none.
    pub(crate) fn uri(&self, prefix: &str) -> &str {
        self.declared(prefix).unwrap_or_default()
    }

    fn declared(&self, prefix: &str) -> Option<&str> {
        self.bindings.find(prefix).map(|binding| self.bindings.uri(binding))
    }

    #[inline(never)]
    fn declare(
        &mut self,
        prefix: &str,
        attribute: &RawAttribute<'_>,
        depth: usize,
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
        self.bind((prefix, &uri), (depth, attribute.offset), names)
    }

    /// Adds the namespace of a prefix, for the element at this depth. A fault has this offset.
    pub(crate) fn bind(
        &mut self,
        (prefix, uri): (&str, &str),
        (depth, offset): (usize, usize),
        names: &Names,
    ) -> Result<(), Flaw> {
        if self.bindings.bytes() + prefix.len() + uri.len() > self.most {
            let expected = format!("namespaces of at most {} bytes at one place", self.most);
            return Err(Flaw::limit(offset, expected));
        }
        self.bindings.bind(prefix, uri, names.namespace(uri), depth);
        Ok(())
    }

    /// Checks that every prefix is declared, and that no attribute occurs twice under two prefixes.
    #[inline(never)]
    fn check_few(&self, attributes: Attributes<'_>) -> Result<(), Flaw> {
        for (index, attribute) in
            attributes.iter().enumerate().filter(|(_, attribute)| is_prefixed(attribute))
        {
            let uri = self.uri_of(&attribute)?;
            let mut before = attributes.iter().take(index).filter(is_prefixed);
            if before.any(|other| other.local == attribute.local && self.declared(other.prefix) == Some(uri))
            {
                return Err(twice(&attribute));
            }
        }
        Ok(())
    }

    /// The same, in time that grows linearly with the number of attributes.
    #[cold]
    fn check_many(&self, attributes: Attributes<'_>) -> Result<(), Flaw> {
        let mut seen = HashSet::new();
        for attribute in attributes.iter().filter(is_prefixed) {
            if !seen.insert((attribute.local, self.uri_of(&attribute)?)) {
                return Err(twice(&attribute));
            }
        }
        Ok(())
    }

    /// The numbers of the attributes that have the name of one before them, by another prefix of the same namespace.
    #[cold]
    pub(crate) fn repeated(&self, attributes: Attributes<'_>) -> Vec<usize> {
        let mut seen = HashSet::new();
        let mut repeated = Vec::new();
        for (index, attribute) in
            attributes.iter().enumerate().filter(|(_, attribute)| is_prefixed(attribute))
        {
            if !seen.insert((attribute.local, self.uri(attribute.prefix))) {
                repeated.push(index);
            }
        }
        repeated
    }

    fn uri_of(&self, attribute: &RawAttribute<'_>) -> Result<&str, Flaw> {
        self.declared(attribute.prefix).ok_or_else(|| undeclared(attribute.prefix, attribute.offset))
    }
}

/// Whether its prefix has to be declared.
pub(crate) fn is_prefixed(attribute: &RawAttribute<'_>) -> bool {
    !matches!(attribute.prefix, "" | "xml" | "xmlns")
}

fn twice(attribute: &RawAttribute<'_>) -> Flaw {
    Flaw::malformed(attribute.offset, "each attribute once").found(attribute.local)
}

pub(crate) fn undeclared(prefix: &str, offset: usize) -> Flaw {
    Flaw::malformed(offset, "a prefix that is declared").found(prefix)
}
