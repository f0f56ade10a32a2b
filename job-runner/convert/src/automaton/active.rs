//! Which nodes of the automaton are active for the children of each open element.

use std::collections::HashSet;

use super::NodeId;

/// The owner for which a node is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// The open document, or, when none is open, what all following documents share.
    Root,
    /// An object that was found outside of any document.
    Shared(u32),
    /// A frame of the open document.
    Frame(u32),
    /// A value that is being collected.
    Capture(u32),
}

/// Up to this many nodes of one element are compared one by one. More are kept in a set, so that nested
/// objects, each with its own nodes, do not cost the square of their number.
const FEW: usize = 16;

/// The active nodes of all open elements, innermost last.
#[derive(Debug, Default)]
pub(crate) struct ActiveNodes {
    list: Vec<(NodeId, Owner)>,
    /// Where the nodes of the innermost element start.
    innermost: usize,
    /// The nodes of the innermost element, if there are more than a few.
    set: HashSet<(NodeId, Owner)>,
}

impl ActiveNodes {
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.open(0);
    }

    pub(crate) const fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn get(&self, index: usize) -> (NodeId, Owner) {
        self.list[index]
    }

    /// An element starts, whose nodes come after the first `innermost` ones.
    pub(crate) fn open(&mut self, innermost: usize) {
        self.innermost = innermost;
        if !self.set.is_empty() {
            self.set.clear();
        }
    }

    /// The innermost element ends: its nodes are dropped. Nothing is ever added to those of the element
    /// around it again.
    pub(crate) fn close(&mut self, innermost: usize) {
        self.list.truncate(innermost);
    }

    /// Makes a node active, unless it already is.
    pub(crate) fn push(&mut self, id: NodeId, owner: Owner) {
        let node = (id, owner);
        let known = &self.list[self.innermost..];
        if known.len() < FEW {
            if !known.contains(&node) {
                self.list.push(node);
            }
            return;
        }
        self.push_to_many(node);
    }

    #[cold]
    fn push_to_many(&mut self, node: (NodeId, Owner)) {
        if self.set.is_empty() {
            self.set.extend(&self.list[self.innermost..]);
        }
        if self.set.insert(node) {
            self.list.push(node);
        }
    }
}
