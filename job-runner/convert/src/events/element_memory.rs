//! What a scanner remembers of elements while an object streams by. It is reused for the next object.

use docmill_crds::conversion::Syntax;

use super::names::Names;
use super::namespaces::Namespaces;
use super::open_elements::OpenElements;
use super::tag::Span;
use crate::limits::Limits;

/// The memory of a scanner for elements.
#[derive(Debug, Default)]
pub(crate) struct ElementMemory {
    /// The attributes of the last tag.
    pub(crate) attributes: Vec<Span>,
    pub(crate) open: OpenElements,
    pub(crate) namespaces: Namespaces,
}

impl ElementMemory {
    /// The same for another object.
    pub(crate) fn for_object(mut self, syntax: Syntax, names: &Names, limits: &Limits) -> Self {
        self.attributes.clear();
        self.open.start_object(syntax == Syntax::Json);
        self.namespaces.start_object(names, limits);
        self
    }

    /// Allocated bytes, roughly.
    pub(crate) fn capacity(&self) -> usize {
        let attributes = self.attributes.capacity() * size_of::<Span>();
        attributes + self.open.capacity() + self.namespaces.capacity()
    }
}
