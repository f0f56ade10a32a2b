//! What a path from the root finds outside of documents: the values of the nearest element.

use std::ops::Range;

use roxmltree::Node;

use super::{Field, Path, leads, single};

/// A walk from the start of an object to a record.
pub(crate) struct Outside<'p, 't, 'i: 't> {
    field: &'p Field,
    path: &'p Path,
    record: Node<'t, 'i>,
    records: &'p [Node<'t, 'i>],
    values: Vec<Node<'t, 'i>>,
    /// Values that have not ended.
    open: Vec<Node<'t, 'i>>,
}

impl<'p, 't, 'i: 't> Outside<'p, 't, 'i> {
    pub(crate) const fn new(
        field: &'p Field,
        path: &'p Path,
        record: Node<'t, 'i>,
        records: &'p [Node<'t, 'i>],
    ) -> Self {
        Self { field, path, record, records, values: Vec::new(), open: Vec::new() }
    }

    /// The values that a record shares, which is in this element.
    pub(crate) fn found(mut self, root: Node<'t, 'i>) -> Vec<Node<'t, 'i>> {
        self.walk(root);
        let Self { values, open, .. } = self;
        values.into_iter().filter(|value| !open.contains(value)).collect()
    }

    /// Goes through an element; returns whether the record has been met.
    fn walk(&mut self, element: Node<'t, 'i>) -> bool {
        if self.records.contains(&element) {
            return element == self.record;
        }
        let hidden = self.renew(element);
        let ends = !self.path.target.is_attribute();
        let is_value = self.takes(element) && (ends || self.is_filled(element));
        if is_value {
            self.values.push(element);
        }
        if is_value && ends {
            self.open.push(element);
        }
        for child in element.children().filter(Node::is_element) {
            if self.walk(child) {
                return true;
            }
        }
        if is_value && ends {
            self.open.pop();
        }
        if let Some(values) = hidden {
            self.values = values;
        }
        false
    }

    /// Starts over at an element that the path leads through. Returns what to go back to at its end, if it is
    /// within another one.
    fn renew(&mut self, element: Node<'t, 'i>) -> Option<Vec<Node<'t, 'i>>> {
        let parents: Vec<_> = self.prefixes().filter(|steps| self.leads(*steps, element)).collect();
        if parents.is_empty() || !self.open.is_empty() {
            return None;
        }
        let values = std::mem::take(&mut self.values);
        let mut around = element.ancestors().skip(1).filter(Node::is_element);
        around.any(|around| parents.iter().any(|steps| self.leads(*steps, around))).then_some(values)
    }

    /// The numbers of steps that lead to elements that the values are in.
    fn prefixes(&self) -> Range<usize> {
        let attribute = self.path.target.is_attribute();
        1..self.path.steps.len() + usize::from(attribute)
    }

    fn takes(&self, element: Node<'t, 'i>) -> bool {
        let first = || {
            let ended = self.values.iter().filter(|value| !self.open.contains(value));
            !ended.copied().any(|value| self.is_filled(value))
        };
        self.leads(self.path.steps.len(), element) && (self.field.repeated || first())
    }

    fn is_filled(&self, element: Node<'t, 'i>) -> bool {
        single(self.field, self.path.target, element).is_some()
    }

    fn leads(&self, steps: usize, element: Node<'t, 'i>) -> bool {
        leads(element.document().root(), &self.path.steps[..steps], element)
    }
}
