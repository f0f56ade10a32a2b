//! Which prefix stands for which namespace, innermost declaration last.

use std::collections::HashMap;

/// Up to this many declarations are searched one by one. More are indexed, so that a flood of them costs no
/// more than its bytes.
const FEW: usize = 16;

/// Declarations in scope.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    list: Vec<Binding>,
    /// The prefixes and URIs of the list, concatenated.
    text: String,
    /// For each prefix, its positions in the list; covers a leading part of the list.
    index: HashMap<Box<str>, Vec<usize>>,
    indexed: usize,
}

/// A declaration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding {
    /// Where in the text its prefix starts, its URI starts, and its URI ends.
    prefix: usize,
    uri: usize,
    end: usize,
    /// The URI's number.
    pub(crate) id: u32,
    /// The number of elements that were open at the declaration, including its own element.
    depth: usize,
}

impl Bindings {
    /// Drops all declarations.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.text.clear();
        self.index.clear();
        self.indexed = 0;
    }

    pub(crate) fn bind(&mut self, prefix: &str, uri: &str, id: u32, depth: usize) {
        let start = self.text.len();
        self.text.push_str(prefix);
        self.text.push_str(uri);
        let (uri, end) = (start + prefix.len(), self.text.len());
        self.list.push(Binding { prefix: start, uri, end, id, depth });
        if self.list.len() > FEW {
            self.index_many();
        }
    }

    /// Indexes the declarations that are not indexed yet.
    #[cold]
    fn index_many(&mut self) {
        for (at, binding) in self.list.iter().enumerate().skip(self.indexed) {
            let prefix = &self.text[binding.prefix..binding.uri];
            self.index.entry(prefix.into()).or_default().push(at);
        }
        self.indexed = self.list.len();
    }

    /// Drops the declarations that were made at this depth. Those of deeper elements are gone already.
    pub(crate) fn close(&mut self, depth: usize) {
        while let Some(Binding { prefix, uri, .. }) = self.list.pop_if(|binding| binding.depth == depth) {
            if self.indexed > self.list.len() {
                self.indexed = self.list.len();
                self.forget(prefix, uri);
            }
            self.text.truncate(prefix);
        }
    }

    #[cold]
    fn forget(&mut self, prefix: usize, uri: usize) {
        let prefix = &self.text[prefix..uri];
        if let Some(places) = self.index.get_mut(prefix) {
            places.pop();
            if places.is_empty() {
                self.index.remove(prefix);
            }
        }
    }

    /// The innermost declaration of a prefix.
    pub(crate) fn find(&self, prefix: &str) -> Option<Binding> {
        if self.list.len() > FEW {
            return self.find_indexed(prefix);
        }
        let (text, prefix) = (self.text.as_bytes(), prefix.as_bytes());
        self.list.iter().rev().find(|binding| &text[binding.prefix..binding.uri] == prefix).copied()
    }

    #[cold]
    fn find_indexed(&self, prefix: &str) -> Option<Binding> {
        self.index.get(prefix).and_then(|places| self.list.get(*places.last()?)).copied()
    }

    /// The URI of a declaration.
    pub(crate) fn uri(&self, binding: Binding) -> &str {
        &self.text[binding.uri..binding.end]
    }

    /// Bytes of all prefixes and URIs.
    pub(crate) const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Allocated bytes, roughly.
    pub(crate) fn capacity(&self) -> usize {
        let list = self.list.capacity() * size_of::<Binding>();
        list + self.text.capacity() + self.index.capacity() * size_of::<(Box<str>, Vec<usize>)>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Bindings;

    proptest! {
        /// The index, where there is one, finds what a look at the whole list would.
        #[test]
        fn the_innermost_declaration_is_found(opened in prop::collection::vec(prop::collection::vec(0u8..6, 0..8), 0..12)) {
            let mut bindings = Bindings::default();
            let mut known: Vec<(usize, String, String)> = Vec::new();
            let check = |bindings: &Bindings, known: &[(usize, String, String)]| {
                for prefix in 0..6 {
                    let prefix = format!("p{prefix}");
                    let expected = known.iter().rev().find(|(_, p, _)| *p == prefix).map(|(.., uri)| uri.as_str());
                    assert_eq!(bindings.find(&prefix).map(|binding| bindings.uri(binding)), expected);
                }
                let bytes = known.iter().map(|(_, prefix, uri)| prefix.len() + uri.len()).sum::<usize>();
                assert_eq!(bindings.bytes(), bytes);
            };
            for (depth, prefixes) in opened.iter().enumerate() {
                for prefix in prefixes {
                    let (prefix, uri) = (format!("p{prefix}"), format!("u{}", known.len()));
                    bindings.bind(&prefix, &uri, 0, depth);
                    known.push((depth, prefix, uri));
                }
                check(&bindings, &known);
            }
            for depth in (0..opened.len()).rev() {
                bindings.close(depth);
                known.retain(|(at, ..)| *at < depth);
                check(&bindings, &known);
            }
            prop_assert!(bindings.index.is_empty() && bindings.indexed == 0);
        }
    }
}
